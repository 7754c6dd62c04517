import { DuckhouseError } from '../errors.ts';
import type { Address } from './native/memory.ts';
import type { Request, ResultHandle, StatementHandle } from './protocol.ts';
import { openResult } from './result.ts';
import type { Statement } from './statement.ts';
import type { PreparedQuery, QueryOptions, QueryResult } from './types.ts';

export interface PreparedOptions {
  readonly statement: Statement;
  readonly connection: Address;
  readonly handle: StatementHandle;
  /** What came before it has run. */
  readonly script: boolean;
  readonly options: QueryOptions;
  readonly keep: boolean;
  readonly onStarted: (started: ResultHandle) => void;
  readonly onFailed: () => void;
  /** Destroys the statement that has not run, or keeps it. */
  readonly release: (keep: boolean) => Promise<unknown>;
  /** Destroys it as well, or keeps it for one run soon. */
  readonly putAside: () => Promise<void>;
  readonly giveBack: (started: ResultHandle) => void;
}

/** The statement stays open from `prepare` to the end of its one run. */
export function preparedQuery(prepared: PreparedOptions): PreparedQuery {
  const { statement, handle, options, keep } = prepared;
  let state: 'prepared' | 'running' | 'closed' = 'prepared';
  let result: QueryResult | undefined;
  return {
    queryId: statement.queryId,
    kind: handle.kind,
    returnsRows: handle.returnsRows,
    schema: { fields: handle.columns.map(({ field }) => field) },
    schemaKnown: handle.columnsKnown,
    parameters: handle.parameters,
    parameterFields: handle.parameterFields,
    script: prepared.script,
    async run(runOptions = {}) {
      if (state !== 'prepared') throw new DuckhouseError('InvalidArgument', 'a prepared query runs once');
      state = 'running';
      const { signal, rowLimit = options.rowLimit, batchBytes = options.batchBytes } = runOptions;
      const { params = options.params, arrowParams = options.arrowParams } = runOptions;
      if (signal !== undefined) stopOnAbort(statement, signal);
      try {
        result = await openResult({
          statement,
          rowLimit,
          batchBytes,
          start: (slabs) => startOf(prepared, { params, arrowParams, slabs }),
          onStarted: prepared.onStarted,
          onEnd: prepared.giveBack,
        });
      } catch (error) {
        prepared.onFailed();
        if (keep) void prepared.release(false);
        throw error;
      }
      return result;
    },
    async close() {
      if (state === 'running') await result?.close();
      if (state === 'prepared') {
        state = 'closed';
        await (keep ? prepared.release(true) : prepared.putAside());
        statement.finish({ unrecorded: true }); // it was looked at, and has not run
      }
      state = 'closed';
    },
  };
}

type Given = Pick<Extract<Request, { op: 'execute' }>, 'params' | 'arrowParams' | 'slabs'>;

function startOf(prepared: PreparedOptions, { params, arrowParams, slabs }: Given): Request {
  const { handle, connection, keep, statement } = prepared;
  const parts = { sql: statement.sql, params, arrowParams, slabs, keep };
  return { op: 'execute', connection, handle, ...parts };
}

function stopOnAbort(statement: Statement, signal: AbortSignal): void {
  const stop = (): void =>
    statement.stop(
      new DuckhouseError('Cancelled', 'the statement was cancelled', { id: 'cancelled', cause: signal.reason }),
    );
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
}
