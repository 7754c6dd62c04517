import { randomUUID } from 'node:crypto';
import { DuckhouseError } from '../../errors.ts';
import type { Lane } from './lane.ts';

/** A transaction begun by its id: on the home connection of its session, or on one of its own. */
export interface Transaction {
  readonly id: string;
  readonly sessionId: string;
  readonly owner: string;
  readonly lane: Lane;
  /** Why it can only be rolled back. */
  failure: DuckhouseError | undefined;
  /** The last error in it: DuckDB may have aborted it. */
  suspect: DuckhouseError | undefined;
  /** Marks a statement's stay; the idle time counts while there is none. */
  enter(): () => void;
  stopTimer(): void;
}

export interface Transactions {
  begin(of: Omit<OpenTransaction, 'id'>): Transaction;
  /** NotFound when there is none, telling whether it was given up. */
  get(id: string, owner: string): Transaction;
  remove(transaction: Transaction): boolean;
  ofSession(sessionId: string): readonly Transaction[];
}

interface OpenTransaction {
  readonly id: string;
  readonly sessionId: string;
  readonly owner: string;
  readonly lane: Lane;
  /** Called when nothing ran in it for too long. */
  readonly onIdle: (transaction: Transaction) => void;
}

const maxRemembered = 1000;

export function createTransactions(idleMs: number): Transactions {
  const open = new Map<string, Transaction>();
  const given = new Map<string, string>();

  const remember = (id: string, what: string): void => {
    given.set(id, what);
    if (given.size > maxRemembered) given.delete(given.keys().next().value as string);
  };

  return {
    begin(of) {
      const transaction = createTransaction({ ...of, id: randomUUID() }, idleMs, (idle) => {
        open.delete(idle.id);
        remember(idle.id, `was rolled back because nothing ran in it for ${idleMs} ms`);
        of.onIdle(idle);
      });
      open.set(transaction.id, transaction);
      return transaction;
    },
    get(id, owner) {
      const transaction = open.get(id);
      if (transaction?.owner === owner) return transaction;
      throw new DuckhouseError('NotFound', `transaction ${id} ${given.get(id) ?? 'does not exist'}`, {
        id: 'transaction-not-found',
        context: { transaction: id },
        hint: 'begin a new one',
      });
    },
    remove(transaction) {
      transaction.stopTimer();
      remember(transaction.id, 'has ended');
      return open.delete(transaction.id);
    },
    ofSession: (sessionId) => [...open.values()].filter((transaction) => transaction.sessionId === sessionId),
  };
}

function createTransaction(
  { id, sessionId, owner, lane }: OpenTransaction,
  idleMs: number,
  onIdle: (transaction: Transaction) => void,
): Transaction {
  let inside = 0;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => onIdle(transaction), idleMs);
    timer.unref();
  };
  const transaction: Transaction = {
    id,
    sessionId,
    owner,
    lane,
    failure: undefined,
    suspect: undefined,
    enter() {
      inside++;
      clearTimeout(timer);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        if (--inside === 0 && !ended) wait();
      };
    },
    stopTimer() {
      ended = true;
      clearTimeout(timer);
    },
  };
  wait();
  return transaction;
}
