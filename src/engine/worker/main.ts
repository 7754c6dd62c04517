import { parentPort, workerData } from 'node:worker_threads';
import { closeConnection, openConnection, runSql } from '../native/database.ts';
import { addHandle, handlesIn, takeHandle } from '../native/handles.ts';
import { loadDuckDb } from '../native/library.ts';
import type { Address } from '../native/memory.ts';
import {
  errorMessage,
  type Reply,
  type Request,
  type ResultHandle,
  type RunReply,
  type StatementHandle,
  type WorkerData,
} from '../protocol.ts';
import { isKeepable } from '../statement-kind.ts';
import { closeArrowOptions } from './arrow-options.ts';
import { releaseChunk } from './chunk-source.ts';
import { runCommand } from './command.ts';
import { continueCursor, type EmitBatch, type RunEnd, startCursor, type WorkerContext } from './cursor.ts';
import { insertRow } from './insert-row.ts';
import { inspectStatement } from './inspect.ts';
import { executeGroup, executeMany } from './many.ts';
import { destroyResult, destroyStatement, executeStatement, prepareScript } from './statement.ts';

/** One worker: takes one request at a time and answers with one or more posts, each a list of replies. */
const data = workerData as WorkerData;
const port = parentPort as NonNullable<typeof parentPort>;
const duckdb = loadDuckDb(data.libraryPath);
const pressure = new Int32Array(data.pressure);
const open = data.handles === undefined ? undefined : handlesIn(data.handles).connections;
const context: WorkerContext = {
  duckdb,
  open,
  database: data.database,
  waitingTasks: () => Atomics.load(pressure, 0),
  wakeUps: () => Atomics.load(pressure, 1),
  sleep: (seen, ms) => void Atomics.wait(pressure, 1, seen, ms),
  nextCursor: () => Atomics.add(pressure, 2, 1) + 1,
};

type Emit = (reply: Reply) => void;
type Handlers = { readonly [Op in Request['op']]: (request: Extract<Request, { op: Op }>, emit: Emit) => unknown };

const handlers: Handlers = {
  connect({ to = data }) {
    const connection = openConnection(duckdb, to.database, to.sessionInit);
    addHandle(open, connection);
    return connection;
  },
  disconnect({ connection }) {
    if (takeHandle(open, connection)) closeConnection(duckdb, connection);
  },
  end() {
    closeArrowOptions(context);
    port.close();
  },
  inspect: (request) => inspectStatement(duckdb, request),
  inspectAll: ({ statements, ...where }) =>
    statements.map((statement) => inspectStatement(duckdb, { ...where, ...statement })),
  prepare: ({ connection, sql }) => prepareScript(duckdb, connection, sql),
  execute: ({ handle, ...request }, emit) => execute(handle, { ...request, owned: !request.keep }, emit),
  query: ({ connection, ...request }, emit) =>
    execute(prepareScript(duckdb, connection, request.sql), { ...request, owned: true }, emit),
  many: ({ handle, sql, params }) => executeMany(duckdb, handle, { sql, params }),
  change: ({ connection, sql }) => runSql(duckdb, connection, sql),
  insertRow: (request) => insertRow(duckdb, request),
  command: ({ connection, sql }) => runCommand(duckdb, connection, sql),
  group: ({ connection, statements }) => executeGroup(duckdb, connection, statements),
  run: ({ statement, state, slabs }, emit) =>
    settle({ statement, result: state.result }, () => continueCursor(context, state, slabs, emitBatch(emit))),
  release({ statement, result, pending }) {
    for (const chunk of pending) releaseChunk(duckdb, chunk);
    destroyResult(duckdb, result);
    destroyStatement(duckdb, statement);
  },
};

type ExecuteRequest = Omit<Extract<Request, { op: 'execute' }>, 'op' | 'handle'> & {
  /** The statement is destroyed when it cannot be started. */
  readonly owned: boolean;
};

function execute(handle: StatementHandle, request: ExecuteRequest, emit: Emit): unknown {
  let started: ResultHandle;
  try {
    started = executeStatement(duckdb, handle, request);
  } catch (error) {
    if (request.owned) destroyStatement(duckdb, handle.statement);
    throw error;
  }
  const keep = request.keep && isKeepable(handle, request.sql);
  // 0: the worker has nothing to destroy at the end of the result.
  const statement = keep ? 0 : handle.statement;
  emit({ type: 'started', started: keep ? { ...started, kept: handle } : started });
  if (started.result === 0) {
    destroyStatement(duckdb, statement);
    return { end: 'finished' };
  }
  return settle({ statement, result: started.result }, () =>
    startCursor(context, started, request.slabs, emitBatch(emit)),
  );
}

const emitBatch =
  (emit: Emit): EmitBatch =>
  (batch, more) =>
    emit({ type: 'batch', batch, more });

/** Result and statement live on only when the result is parked. */
function settle(of: { readonly statement: Address; readonly result: Address }, produce: () => RunEnd): RunReply {
  const close = (): void => {
    destroyResult(duckdb, of.result);
    destroyStatement(duckdb, of.statement);
  };
  try {
    const end = produce();
    if (end.end === 'parked') return { ...end, statement: of.statement };
    close();
    return end;
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
