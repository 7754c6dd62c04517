import { randomBytes } from 'node:crypto';
import type { Engine } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { createAdmission } from './admission.ts';
import { createGroupCommit } from './group-commit.ts';
import { beyondLimit } from './limits.ts';
import { createSession, type OpenedSession, type SessionHost } from './session.ts';
import { createTransactions } from './transactions.ts';
import type { OpenSession, SessionLimits, SessionStore } from './types.ts';
import { createWaitingList } from './waiting.ts';

export type SessionStoreOptions = Pick<SessionHost, 'initial' | 'put' | 'explained'> & {
  readonly engine: Engine;
  readonly limits: SessionLimits;
};

const sweepMs = 5000;
const maxEnded = 10_000;

export function createSessionStore({ engine, limits, initial, put, explained }: SessionStoreOptions): SessionStore {
  const sessions = new Map<string, OpenedSession>();
  const ended = new Set<string>();
  const groupCommit = limits.groupCommit ? createGroupCommit(engine) : undefined;
  const waiting = createWaitingList();
  const host: SessionHost = {
    groupCommit,
    engine,
    limits,
    initial,
    put,
    explained,
    waiting,
    admission: createAdmission(waiting.line(), limits),
    transactions: createTransactions(limits.transactionIdleMs),
    onClose: ({ id }) => void sessions.delete(id),
  };

  const remember = (id: string): void => {
    ended.add(id);
    if (ended.size > maxEnded) ended.delete(ended.values().next().value as string);
  };
  const kill = async (session: OpenedSession): Promise<void> => {
    if (session.holds()) remember(session.id);
    await session.close();
  };

  const sweep = setInterval(
    () => {
      const before = Date.now() - limits.idleMs;
      for (const session of sessions.values())
        if (!session.busy() && session.lastUsedAt() < before) void kill(session).catch(() => undefined); // it is gone from the list already
    },
    Math.min(sweepMs, limits.idleMs),
  );
  sweep.unref();

  const create = (of: OpenSession): OpenedSession => {
    if (sessions.size >= limits.maxSessions + beyondLimit(of.principal)) throw tooMany(limits.maxSessions);
    const session = createSession(host, { ...of, id: of.id ?? randomBytes(16).toString('hex') });
    sessions.set(session.id, session);
    return session;
  };

  const ownOf = (id: string, owner: string): OpenedSession | undefined => {
    const session = sessions.get(id);
    if (session === undefined || session.principal.name === owner) return session;
    throw new DuckhouseError('PermissionDenied', 'the session is somebody else’s', { id: 'session-of-other' });
  };

  return {
    open(of) {
      const { id, principal } = of;
      if (id === undefined) return create(of);
      if (ended.has(id)) throw sessionEnded();
      return ownOf(id, principal.name) ?? create(of);
    },
    get: (id, principal) => ownOf(id, principal.name),
    hasEnded: (id) => ended.has(id),
    list: () => [...sessions.values()].map((session) => session.info()),
    waiting: waiting.list,
    giveUp: waiting.giveUp,
    async kill(id) {
      const session = sessions.get(id);
      if (session === undefined) return false;
      remember(id);
      await session.close();
      return true;
    },
    async close(id, why) {
      await sessions.get(id)?.close(why);
    },
    async closeAll() {
      clearInterval(sweep);
      await Promise.allSettled([...sessions.values()].map((session) => session.close()));
      await groupCommit?.close();
    },
  };
}

const sessionEnded = (): DuckhouseError =>
  new DuckhouseError('Unauthenticated', 'the session has ended, and with it its transactions and temporary tables', {
    id: 'session-ended',
    hint: 'connect again',
  });

const tooMany = (limit: number): DuckhouseError =>
  new DuckhouseError('ResourceExhausted', `there are ${limit} sessions already`, {
    id: 'session-limit',
    context: { limit },
    hint: 'close some, or try again later',
    retryable: true,
  });
