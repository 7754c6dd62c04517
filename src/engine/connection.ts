import { DuckhouseError } from '../errors.ts';
import { checkGuard } from './check-guard.ts';
import type { EngineCore } from './core.ts';
import { openLoad } from './load.ts';
import type { Address } from './native/memory.ts';
import type { Request, ResultHandle, StatementHandle } from './protocol.ts';
import { registerArrow } from './register-arrow.ts';
import { openResult } from './result.ts';
import { checkNotAborted, type Statement, startStatement } from './statement.ts';
import type { Connection, PreparedQuery, QueryOptions, QueryResult } from './types.ts';

/** A connection that also tells whether it may be used by somebody else afterwards. */
export interface PooledConnection extends Connection {
  readonly address: Address;
  readonly leftState: () => boolean;
}

export interface ConnectionOptions {
  readonly address: Address;
  readonly onClose: (connection: PooledConnection) => Promise<void>;
}

/** One statement at a time: a second one waits for the first to run, and is refused while a result is open. */
export function createConnection(core: EngineCore, { address, onClose }: ConnectionOptions): PooledConnection {
  let turn: Promise<void> = Promise.resolve();
  let openStatement: Statement | undefined;
  let left = false;
  let closed = false;

  const begin = (sql: string, options: QueryOptions, end: () => void): Statement => {
    checkNotAborted(options.signal);
    if (closed) throw new DuckhouseError('Unavailable', 'the connection is closed');
    const statement = startStatement(core, {
      sql,
      connection: address,
      options,
      onFinish() {
        if (openStatement === statement) openStatement = undefined;
        end();
      },
    });
    openStatement = statement;
    return statement;
  };

  /** Waits for its turn; `end` gives the next its own. */
  const takeTurn = async (): Promise<() => void> => {
    const before = turn;
    let end: () => void = () => undefined;
    turn = new Promise((resolve) => (end = resolve));
    await before;
    return end;
  };

  const start = async (sql: string, options: QueryOptions): Promise<Statement> => {
    const end = await takeTurn();
    try {
      return begin(sql, options, end);
    } catch (error) {
      end();
      throw error;
    }
  };

  const query = async (sql: string, options: QueryOptions = {}): Promise<QueryResult> => {
    const statement = await start(sql, options);
    await checkGuard(statement, { connection: address, sql, guard: options.guard });
    const { params, rowLimit } = options;
    const result = await openResult({
      statement,
      rowLimit,
      start: (slabs): Request => ({ op: 'query', connection: address, sql, params, slabs }),
      onStarted: note,
    });
    return result;
  };

  const note = (handle: ResultHandle | StatementHandle): void => {
    left = left || handle.leavesState;
  };

  const execute = async (sql: string, options: QueryOptions = {}): Promise<number> => {
    const result = await query(sql, options);
    for await (const batch of result.batches) batch.release();
    return result.rowsChanged ?? 0;
  };

  const prepare = async (sql: string, options: QueryOptions = {}): Promise<PreparedQuery> => {
    const statement = await start(sql, options);
    await checkGuard(statement, { connection: address, sql, guard: options.guard });
    try {
      const handle = (await statement.run({ op: 'prepare', connection: address, sql })) as StatementHandle;
      note(handle);
      return preparedQuery({ statement, handle, options });
    } catch (error) {
      statement.finish();
      throw statement.explain(error);
    }
  };

  const connection: PooledConnection = {
    address,
    leftState: () => left,
    query,
    execute,
    prepare,
    load: (options) => openLoad(core, { ...options, connection: address, takeTurn, execute }),
    registerArrow: (name, schema, messages) => registerArrow(connection, { name, schema, messages }),
    interrupt: () => void core.duckdb.interrupt(address),
    async close() {
      if (closed) return;
      openStatement?.stop(new DuckhouseError('Cancelled', 'the connection was closed'));
      await turn;
      closed = true;
      await onClose(connection);
    },
  };
  return connection;
}

interface PreparedOptions {
  readonly statement: Statement;
  readonly handle: StatementHandle;
  readonly options: QueryOptions;
}

/** The statement stays open from `prepare` to the end of its one run. */
function preparedQuery({ statement, handle, options }: PreparedOptions): PreparedQuery {
  let state: 'prepared' | 'running' | 'closed' = 'prepared';
  let result: QueryResult | undefined;
  return {
    queryId: statement.queryId,
    kind: handle.kind,
    returnsRows: handle.returnsRows,
    schema: { fields: handle.columns.map(({ field }) => field) },
    parameters: handle.parameters,
    async run(runOptions = {}) {
      if (state !== 'prepared') throw new DuckhouseError('InvalidArgument', 'a prepared query runs once');
      state = 'running';
      const { signal, params = options.params, rowLimit = options.rowLimit } = runOptions;
      if (signal !== undefined) stopOnAbort(statement, signal);
      result = await openResult({
        statement,
        rowLimit,
        start: (slabs): Request => ({ op: 'execute', handle, sql: statement.sql, params, slabs }),
      });
      return result;
    },
    async close() {
      if (state === 'running') await result?.close();
      if (state === 'prepared') {
        state = 'closed';
        await statement.run({ op: 'release', statement: handle.statement, result: 0, pending: [] });
        statement.finish();
      }
      state = 'closed';
    },
  };
}

function stopOnAbort(statement: Statement, signal: AbortSignal): void {
  const stop = (): void =>
    statement.stop(
      new DuckhouseError('Cancelled', 'the statement was cancelled', { id: 'cancelled', cause: signal.reason }),
    );
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
}
