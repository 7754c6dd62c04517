import type { StatementOwner } from '../../engine/index.ts';
import { DuckhouseError, toDuckhouseError } from '../../errors.ts';

/** A statement that has to wait until others have ended. */
export interface WaitingStatement {
  readonly queryId: string;
  readonly owner: StatementOwner | undefined;
  readonly sql: string;
  readonly since: Date;
  /** Its place among all that wait for the same; 1 is the next. */
  readonly position: number;
}

export interface Waiter {
  /** Of its session. */
  readonly sessionId: string;
  /** Absent for what has no SQL, as loads. */
  readonly statement?: Pick<WaitingStatement, 'queryId' | 'owner' | 'sql'> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How long one waits at most, and what it is told then. */
interface Patience {
  readonly ms: number;
  readonly over: (of: {
    readonly place: number;
    readonly position: number;
    readonly waitedMs: number;
  }) => DuckhouseError;
}

/** Ends a turn. */
export type EndTurn = () => void;

/** Those that wait for the same, in order. */
export interface Line {
  length(): number;
  /** Resolves with the turn. Rejects when the waiter gives up or is made to: its turn is then passed on. */
  wait(waiter: Waiter, turn: Promise<EndTurn>, patience?: Patience): Promise<EndTurn>;
}

/** All that waits in the sessions of one server, for those who look at it or end it. */
export interface WaitingList {
  line(): Line;
  list(): readonly WaitingStatement[];
  countOf(sessionId: string): number;
  /** False when no such statement waits. */
  giveUp(queryId: string): boolean;
  giveUpAll(sessionId: string): void;
}

interface Entry extends Waiter {
  readonly line: Entry[];
  readonly since: Date;
  giveUp(reason: unknown): void;
}

export function createWaitingList(): WaitingList {
  const entries = new Set<Entry>();

  const wait = (line: Entry[], waiter: Waiter, turn: Promise<EndTurn>, patience?: Patience): Promise<EndTurn> =>
    new Promise((resolve, reject) => {
      const since = new Date();
      const place = line.length + 1;
      const { signal } = waiter;
      const leave = (): boolean => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        const position = line.indexOf(entry);
        if (position >= 0) line.splice(position, 1);
        return entries.delete(entry);
      };
      const giveUp = (reason: unknown): void => {
        if (leave()) reject(toDuckhouseError(reason));
      };
      const entry: Entry = { ...waiter, line, since, giveUp };
      const onAbort = (): void => giveUp(signal?.reason);
      const onOver = ({ over }: Patience): void =>
        giveUp(over({ place, position: line.indexOf(entry) + 1, waitedMs: Date.now() - since.getTime() }));
      const timer = patience === undefined ? undefined : setTimeout(() => onOver(patience), patience.ms);
      line.push(entry);
      entries.add(entry);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
      turn.then((end) => (leave() ? resolve(end) : end()), giveUp);
    });

  return {
    line() {
      const line: Entry[] = [];
      return { length: () => line.length, wait: (waiter, turn, patience) => wait(line, waiter, turn, patience) };
    },
    list: () =>
      [...entries].flatMap((entry) => {
        const { statement, since, line } = entry;
        return statement === undefined ? [] : [{ ...statement, since, position: line.indexOf(entry) + 1 }];
      }),
    countOf: (sessionId) => [...entries].filter((entry) => entry.sessionId === sessionId).length,
    giveUp(queryId) {
      const entry = [...entries].find(({ statement }) => statement?.queryId === queryId);
      entry?.giveUp(gaveUp());
      return entry !== undefined;
    },
    giveUpAll(sessionId) {
      for (const entry of [...entries]) if (entry.sessionId === sessionId) entry.giveUp(gaveUp());
    },
  };
}

const gaveUp = (): DuckhouseError =>
  new DuckhouseError('Cancelled', 'the statement was cancelled', { id: 'cancelled' });
