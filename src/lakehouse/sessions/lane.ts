import { createTurns } from '../../concurrency.ts';
import type { Connection, PreparedQuery, QueryOptions, QueryResult } from '../../engine/index.ts';
import { type SpoolableResult, type SpoolLimits, spoolable } from './spool.ts';
import type { EndTurn, Line, Waiter } from './waiting.ts';

/**
 * A connection that one client has to itself. Its statements follow each other; before the next one the result that is
 * still open is read ahead, since DuckDB would end it.
 */
export interface Lane {
  /** Holds the connection until the statement runs or is closed. */
  prepare(sql: string, options?: QueryOptions): Promise<PreparedQuery>;
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** `of`: what waits, for those who look at the queue. */
  use<T>(work: (connection: Connection) => Promise<T>, of?: LaneStatement): Promise<T>;
  close(): Promise<void>;
}

export interface LaneStatement {
  readonly sql: string;
  readonly options?: QueryOptions | undefined;
}

export interface LaneOptions {
  readonly sessionId: string;
  readonly line: Line;
  readonly limits: SpoolLimits;
}

/** Makes the lanes of one session. */
export type OpenLane = (connection: Connection) => Lane;

export function createLane(connection: Connection, { sessionId, line, limits }: LaneOptions): Lane {
  const turns = createTurns();
  let open: SpoolableResult | undefined;

  const turn = async (): Promise<EndTurn> => {
    const end = await turns.take();
    await open?.spool();
    open = undefined;
    return end;
  };
  const takeTurn = (of?: LaneStatement): Promise<EndTurn> => line.wait({ sessionId, ...waiterOf(of) }, turn());

  const opened = (result: QueryResult): QueryResult => {
    if (!result.returnsRows) return result;
    open = spoolable(result, limits);
    return open.result;
  };

  const use = async <T>(work: (connection: Connection) => Promise<T>, of?: LaneStatement): Promise<T> => {
    const end = await takeTurn(of);
    try {
      return await work(connection);
    } finally {
      end();
    }
  };

  return {
    use,
    query: (sql, options) => use(async () => opened(await connection.query(sql, options)), { sql, options }),
    async prepare(sql, options) {
      const end = await takeTurn({ sql, options });
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

/** Statements without a name are the server's own: nobody else is to end them. */
const waiterOf = (
  { sql, options: { queryId, owner, signal } = {} }: LaneStatement = { sql: '' },
): Omit<Waiter, 'sessionId'> => ({ statement: queryId === undefined ? undefined : { queryId, owner, sql }, signal });

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
