import type { PreparedQuery, QueryOptions, QueryResult } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';

/** A query on its way to DoGet. */
export interface PendingQuery {
  /** Runs it, or gives the result of what runs already. Once. */
  open(options: QueryOptions): Promise<QueryResult>;
  /** Stops it, whether it runs or not. */
  drop(): void;
}

/** Runs at DoGet. */
export const pendingQuery = (prepared: PreparedQuery): PendingQuery => ({
  open: (options) => prepared.run(options),
  drop() {
    prepared.close().catch(() => undefined); // nobody waits for it any more
  },
});

/** Was stopped before anybody fetched it. */
export const cancelledQuery: PendingQuery = {
  async open() {
    throw new DuckhouseError('Cancelled', 'the statement was cancelled', { id: 'cancelled' });
  },
  drop: () => undefined,
};

export interface RunningQuery {
  readonly queryId: string;
  readonly result: Promise<QueryResult>;
  /** Stops the statement. */
  readonly cancel: (queryId: string) => unknown;
}

/**
 * Runs already: who asks for the info of a query fetches it next, and saves the way to a worker and back. It produces no
 * more than a result's few slabs before somebody reads.
 */
export function startedQuery({ queryId, result, cancel }: RunningQuery): PendingQuery {
  result.catch(() => undefined); // reported by open
  return {
    async open({ signal }) {
      const stop = (): void => void cancel(queryId);
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
      return result;
    },
    drop() {
      cancel(queryId);
      result.then((opened) => opened.close()).catch(() => undefined); // nobody waits for it any more
    },
  };
}
