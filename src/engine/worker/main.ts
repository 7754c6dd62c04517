import { parentPort, workerData } from 'node:worker_threads';
import { closeConnection, openConnection } from '../native/database.ts';
import { loadDuckDb } from '../native/library.ts';
import type { Address } from '../native/memory.ts';
import {
  type CursorSlabs,
  errorMessage,
  type Reply,
  type Request,
  type ResultHandle,
  type StatementHandle,
  type WorkerData,
} from '../protocol.ts';
import { releaseChunk, runCursor, type WorkerContext } from './cursor.ts';
import { destroyResult, destroyStatement, executeStatement, prepareScript } from './statement.ts';

/** One worker: takes one request at a time and answers with one or more posts, each a list of replies. */
const data = workerData as WorkerData;
const port = parentPort as NonNullable<typeof parentPort>;
const duckdb = loadDuckDb(data.libraryPath);
const pressure = new Int32Array(data.pressure);
const context: WorkerContext = { duckdb, database: data.database, waitingTasks: () => Atomics.load(pressure, 0) };

type Emit = (reply: Reply) => void;
type Handlers = { readonly [Op in Request['op']]: (request: Extract<Request, { op: Op }>, emit: Emit) => unknown };

const firstTarget = 128 << 10;

const handlers: Handlers = {
  connect: () => openConnection(duckdb, data.database, data.sessionInit),
  disconnect: ({ connection }) => closeConnection(duckdb, connection),
  prepare: ({ connection, sql }) => prepareScript(duckdb, connection, sql),
  execute: ({ handle, sql, params, slabs }, emit) => execute(handle, { sql, params, slabs }, emit),
  query: ({ connection, sql, params, slabs }, emit) =>
    execute(prepareScript(duckdb, connection, sql), { sql, params, slabs }, emit),
  run: ({ statement, state, slabs }, emit) => run({ statement, state, slabs }, emit),
  release({ statement, result, pending }) {
    for (const chunk of pending) releaseChunk(chunk);
    destroyResult(duckdb, result);
    destroyStatement(duckdb, statement);
  },
};

type ExecuteRequest = Pick<Extract<Request, { op: 'execute' }>, 'sql' | 'params' | 'slabs'>;

function execute(handle: StatementHandle, request: ExecuteRequest, emit: Emit): unknown {
  let started: ResultHandle;
  try {
    started = executeStatement(duckdb, handle, request);
  } catch (error) {
    destroyStatement(duckdb, handle.statement);
    throw error;
  }
  emit({ type: 'started', started });
  if (started.result === 0) {
    destroyStatement(duckdb, handle.statement);
    return { end: 'finished' };
  }
  const state = {
    result: started.result,
    columns: started.columns,
    pending: [],
    exhausted: false,
    target: firstTarget,
  };
  return run({ statement: handle.statement, state, slabs: request.slabs }, emit);
}

function run(
  of: { statement: Address; state: Parameters<typeof runCursor>[1]['state']; slabs: CursorSlabs },
  emit: Emit,
): unknown {
  const close = (): void => {
    destroyResult(duckdb, of.state.result);
    destroyStatement(duckdb, of.statement);
  };
  try {
    const end = runCursor(context, of, (batch, more) => emit({ type: 'batch', batch, more }));
    if (end.end === 'finished') close();
    return end.end === 'finished' ? end : { ...end, statement: of.statement };
  } catch (error) {
    close();
    throw error;
  }
}

/** The start of a result and its first batch travel in one post: most results end there. */
function handle(request: Request): void {
  let outbox: Reply[] = [];
  const flush = (): void => {
    if (outbox.length > 0) port.postMessage(outbox);
    outbox = [];
  };
  const emit: Emit = (reply) => {
    outbox.push(reply);
    if (reply.type === 'batch' && reply.more) flush();
  };
  try {
    const handler = handlers[request.op] as (request: Request, emit: Emit) => unknown;
    const value = handler(request, emit);
    outbox.push({ type: 'done', value });
  } catch (error) {
    outbox.push({ type: 'error', error: errorMessage(error) });
  }
  flush();
}

port.on('message', handle);
port.postMessage([{ type: 'ready' }] satisfies Reply[]);
