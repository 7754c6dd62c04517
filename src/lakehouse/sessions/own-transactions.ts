import { endOnLane } from './commit.ts';
import type { Home } from './home.ts';
import type { Lane, OpenLane } from './lane.ts';
import type { Transaction, Transactions } from './transactions.ts';
import type { SessionQueryOptions } from './types.ts';

/** The transactions of one session that have an id: the first on its home connection, others on their own. */
export interface OwnTransactions {
  /** One of them has the home connection, or is about to. */
  atHome(): boolean;
  get(id: string): Transaction;
  open(): readonly Transaction[];
  /** The one that is open, as drivers leave its id out; undefined for none or several. */
  only(): Transaction | undefined;
  begin(options: SessionQueryOptions): Promise<string>;
  /** Aborted while it waits for what runs in the transaction, it leaves that open. */
  end(id: string, how: 'commit' | 'rollback', signal?: AbortSignal): Promise<void>;
  /** Rolls all of them back. */
  close(): Promise<void>;
}

export interface OwnTransactionsOptions {
  readonly sessionId: string;
  readonly owner: string;
  readonly all: Transactions;
  readonly home: Home;
  readonly openLane: OpenLane;
}

export function createOwnTransactions({
  sessionId,
  owner,
  all,
  home,
  openLane,
}: OwnTransactionsOptions): OwnTransactions {
  let onHome: Transaction | 'opening' | undefined;

  const finish = async (transaction: Transaction, how: 'commit' | 'rollback'): Promise<void> => {
    const wasHome = onHome === transaction;
    try {
      await endOnLane(transaction, how);
    } finally {
      if (wasHome) onHome = undefined;
      else await transaction.lane.close();
    }
  };

  const beginOn = async (lane: Lane, options: SessionQueryOptions): Promise<Transaction> => {
    await lane.query('BEGIN TRANSACTION', options);
    return all.begin({
      sessionId,
      owner,
      lane,
      onIdle: (idle) => void finish(idle, 'rollback').catch(() => undefined), // nobody waits for it
    });
  };

  const beginAtHome = async (options: SessionQueryOptions): Promise<Transaction> => {
    onHome = 'opening';
    try {
      const transaction = await beginOn(await home.lane(), options);
      onHome = transaction;
      return transaction;
    } catch (error) {
      onHome = undefined;
      throw error;
    }
  };

  const beginElsewhere = async (options: SessionQueryOptions): Promise<Transaction> => {
    const lane = openLane(await home.borrow());
    try {
      return await beginOn(lane, options);
    } catch (error) {
      await lane.close();
      throw error;
    }
  };

  const open = (): readonly Transaction[] => all.ofSession(sessionId);
  const get = (id: string): Transaction => all.get(id, owner);
  return {
    atHome: () => onHome !== undefined,
    get,
    open,
    only() {
      const [only, ...others] = open();
      return others.length === 0 ? only : undefined;
    },
    async begin(options) {
      const begun = onHome === undefined && !home.inTransaction() ? beginAtHome(options) : beginElsewhere(options);
      return (await begun).id;
    },
    async end(id, how, signal) {
      const transaction = get(id);
      await transaction.lane.use(async () => undefined, { sql: '', options: { signal } });
      const { failure } = transaction;
      // Of two calls at once one ends it, the other finds it gone.
      if (!all.remove(transaction)) get(id);
      await finish(transaction, failure === undefined ? how : 'rollback');
      if (failure !== undefined && how === 'commit') throw failure;
    },
    async close() {
      const left = open();
      for (const transaction of left) all.remove(transaction);
      await Promise.allSettled(left.map((transaction) => finish(transaction, 'rollback')));
    },
  };
}
