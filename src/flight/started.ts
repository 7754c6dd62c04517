import type { PreparedQuery, QueryOptions, QueryResult } from '../engine/index.ts';
import type { Lakehouse } from '../lakehouse/index.ts';
import type { FlightLimits } from './types.ts';

/** A prepared query on its way to DoGet. */
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

/**
 * Runs from now on: who asks for the info of a query fetches it next, and saves the way to a worker and back. It produces
 * no more than a result's few slabs before somebody reads.
 */
export function startedQuery(lakehouse: Lakehouse, prepared: PreparedQuery, limits: FlightLimits): PendingQuery {
  const { queryId } = prepared;
  const result = prepared.run(limits.maxRows === undefined ? {} : { rowLimit: limits.maxRows });
  result.catch(() => undefined); // reported by open
  return {
    async open({ signal }) {
      const stop = (): void => void lakehouse.cancel(queryId);
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
      return result;
    },
    drop() {
      lakehouse.cancel(queryId);
      result.then((opened) => opened.close()).catch(() => undefined); // nobody waits for it any more
    },
  };
}
