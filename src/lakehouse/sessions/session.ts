import type { Engine } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import type { Admission } from './admission.ts';
import { isAborted } from './commit.ts';
import type { GroupCommit } from './group-commit.ts';
import { createHome } from './home.ts';
import { createLane, type OpenLane } from './lane.ts';
import { beyondLimit } from './limits.ts';
import { createLoads, type PutInside } from './loads.ts';
import { createSessionOptions } from './options.ts';
import { createOwnTransactions, type OwnTransactions } from './own-transactions.ts';
import type { SessionState } from './session-state.ts';
import { createStatements } from './statements.ts';
import { createStay } from './stay.ts';
import type { Transactions } from './transactions.ts';
import type { OpenSession, Session, SessionLimits } from './types.ts';
import type { WaitingList } from './waiting.ts';

/** What a session needs of its store. */
export interface SessionHost {
  readonly engine: Engine;
  readonly limits: SessionLimits;
  readonly admission: Admission;
  readonly waiting: WaitingList;
  readonly transactions: Transactions;
  readonly initial: SessionState;
  readonly put: PutInside;
  /** Present when small inserts of several sessions are written together. */
  readonly groupCommit: GroupCommit | undefined;
  readonly explained: <T>(run: () => Promise<T>) => Promise<T>;
  readonly onClose: (session: Session) => void;
}

export interface OpenedSession extends Session {
  lastUsedAt(): number;
  /** Something would be lost with it. */
  holds(): boolean;
  busy(): boolean;
}

export function createSession(host: SessionHost, of: OpenSession & { readonly id: string }): OpenedSession {
  const { engine, limits, admission, waiting } = host;
  const { id, principal } = of;
  const createdAt = new Date();
  const stay = createStay({
    sessionId: id,
    maxStatements: limits.maxStatements,
    admission,
    beyond: beyondLimit(principal),
  });
  const openLane: OpenLane = (connection) => createLane(connection, { sessionId: id, line: waiting.line(), limits });
  const home = createHome({ engine, initial: host.initial, openLane, inUse: () => transactions.atHome() });
  const transactions: OwnTransactions = createOwnTransactions({
    sessionId: id,
    owner: principal.name,
    all: host.transactions,
    home,
    openLane,
  });
  const { cancelAll, ...statements } = createStatements({ ...host, home, stay, transactions });
  const load = createLoads({ home, transactions, put: host.put });
  const options = createSessionOptions(home);
  let closed: Promise<void> | undefined;
  let left = false;
  const over = new AbortController();

  const end = async (): Promise<void> => {
    stay.end();
    host.onClose(session);
    waiting.giveUpAll(id);
    cancelAll();
    over.abort(new DuckhouseError('Cancelled', 'the session has ended', { id: 'cancelled' }));
    await transactions.close();
    await home.close();
  };

  const session: OpenedSession = {
    id,
    principal,
    ...statements,
    async put(request) {
      const signal = AbortSignal.any([over.signal, ...(request.signal === undefined ? [] : [request.signal])]);
      const leave = await stay.enter({ signal });
      return load({ ...request, signal }).finally(leave);
    },
    async begin(queryOptions = {}) {
      stay.touch();
      return transactions.begin(queryOptions);
    },
    async end(transactionId, how, signal) {
      stay.touch();
      return transactions.end(transactionId, how, signal);
    },
    transactionFor: (transactionId) =>
      transactions.open().find((transaction) => transaction.id === transactionId)?.id ?? transactions.only()?.id,
    async soundTransaction(signal) {
      const only = transactions.only();
      if (only === undefined || only.failure !== undefined) return undefined;
      return only.suspect !== undefined && (await isAborted(only.lane, signal)) ? undefined : only.id;
    },
    async setOption(name, value, queryOptions) {
      stay.touch();
      return options.set(name, value, queryOptions);
    },
    ownOption: options.get,
    options: options.all,
    wasLeft: () => left,
    lastUsedAt: stay.lastUsedAt,
    busy: () => stay.statements() > 0 || transactions.open().length > 0,
    holds: () => home.bound() || transactions.open().length > 0 || !home.plain(),
    info: () => ({
      id,
      principal,
      peer: of.peer,
      userAgent: of.userAgent,
      createdAt,
      lastUsedAt: new Date(stay.lastUsedAt()),
      catalog: home.state().catalog,
      dbSchema: home.state().dbSchema,
      settings: home.state().settings,
      statements: stay.statements(),
      waiting: waiting.countOf(id),
      transactions: transactions.open().length + Number(home.inTransaction()),
    }),
    close(why) {
      left ||= closed === undefined && why === 'left';
      closed ??= end();
      return closed;
    },
  };
  return session;
}
