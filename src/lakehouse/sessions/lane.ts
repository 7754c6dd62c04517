import { createTurns } from '../../concurrency.ts';
import type { Connection, PreparedQuery, QueryOptions, QueryResult } from '../../engine/index.ts';
import { type SpoolableResult, type SpoolLimits, spoolable } from './spool.ts';

/**
 * A connection that one client has to itself. Its statements follow each other; before the next one the result that is
 * still open is read ahead, since DuckDB would end it.
 */
export interface Lane {
  /** Holds the connection until the statement runs or is closed. */
  prepare(sql: string, options?: QueryOptions): Promise<PreparedQuery>;
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createLane(connection: Connection, limits: SpoolLimits): Lane {
  const turns = createTurns();
  let open: SpoolableResult | undefined;

  const takeTurn = async (): Promise<() => void> => {
    const end = await turns.take();
    await open?.spool();
    open = undefined;
    return end;
  };

  const opened = (result: QueryResult): QueryResult => {
    if (!result.returnsRows) return result;
    open = spoolable(result, limits);
    return open.result;
  };

  const use = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const end = await takeTurn();
    try {
      return await work(connection);
    } finally {
      end();
    }
  };

  return {
    use,
    query: (sql, options) => use(async () => opened(await connection.query(sql, options))),
    async prepare(sql, options) {
      const end = await takeTurn();
      try {
        return endsTurn(await connection.prepare(sql, options), opened, end);
      } catch (error) {
        end();
        throw error;
      }
    },
    close: () => connection.close(),
  };
}

const endsTurn = (
  prepared: PreparedQuery,
  opened: (result: QueryResult) => QueryResult,
  end: () => void,
): PreparedQuery => ({
  ...prepared,
  async run(options) {
    try {
      return opened(await prepared.run(options));
    } finally {
      end();
    }
  },
  async close() {
    try {
      await prepared.close();
    } finally {
      end();
    }
  },
});
