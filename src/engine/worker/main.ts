import { parentPort, workerData } from 'node:worker_threads';
import { createDataClock } from '../data-clock.ts';
import { closeConnection, openConnection, runSql } from '../native/database.ts';
import { addHandle, handlesIn, takeHandle } from '../native/handles.ts';
import { loadDuckDb } from '../native/library.ts';
import type { Address } from '../native/memory.ts';
import {
  errorMessage,
  type HeldByCursor,
  type Reply,
  type Request,
  type RunReply,
  type StatementHandle,
  type WorkerData,
} from '../protocol.ts';
import { isKeepable } from '../statement-kind.ts';
import { closeArrowOptions } from './arrow-options.ts';
import { releaseChunk } from './chunk-source.ts';
import { runCommand } from './command.ts';
import { continueCursor, type EmitBatch, type RunEnd, startCursor, type WorkerContext } from './cursor.ts';
import { endTransaction } from './fresh.ts';
import { insertRow } from './insert-row.ts';
import { inspectStatement } from './inspect.ts';
import { executeGroup, executeMany } from './many.ts';
import { executeStatement, prepareScript, type Started } from './script.ts';
import { destroyResult, destroyStatement } from './statement.ts';

/** One worker: takes one request at a time and answers with one or more posts, each a list of replies. */
const data = workerData as WorkerData;
const port = parentPort as NonNullable<typeof parentPort>;
const duckdb = loadDuckDb(data.libraryPath);
const pressure = new Int32Array(data.pressure);
const handles = data.handles && handlesIn(data.handles);
const open = handles?.connections;
const clock = createDataClock(data.clock, handles?.writes);
const context: WorkerContext = {
  duckdb,
  clock,
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
  prepare: ({ connection, sql }) => prepareScript(context, connection, sql),
  execute: ({ handle, ...request }, emit) => execute(handle, { ...request, owned: !request.keep }, emit),
  query: (request, emit) =>
    execute(prepareScript(context, request.connection, request.sql), { ...request, owned: true }, emit),
  many: ({ handle, sql, params }) => clock.writing(() => executeMany(duckdb, handle, { sql, params })),
  change: (request) => runPlain(runSql, request),
  insertRow: (request) => clock.writing(() => insertRow(duckdb, request)),
  command: (request) => runPlain(runCommand, request),
  group: ({ connection, statements }) => clock.writing(() => executeGroup(context, connection, statements)),
  run: ({ statement, transaction, state, slabs }, emit) =>
    settle({ statement, transaction, result: state.result }, () =>
      continueCursor(context, state, slabs, emitBatch(emit)),
    ),
  release({ statement, result, pending, transaction = 0 }) {
    for (const chunk of pending) releaseChunk(duckdb, chunk);
    destroyResult(duckdb, result);
    destroyStatement(duckdb, statement);
    endTransaction(duckdb, transaction, 'ROLLBACK');
  },
};

/** These change nothing that others see. */
const unseen = /^\s*(?:set|begin|start|rollback|abort)\b/i;
const marked = (sql: string, run: () => number): number => (unseen.test(sql) ? run() : clock.writing(run));

function runPlain(
  run: typeof runSql,
  { connection, sql, begin }: Extract<Request, { op: 'change' | 'command' }>,
): number {
  if (begin) runSql(duckdb, connection, 'BEGIN');
  return marked(sql, () => run(duckdb, connection, sql));
}

type ExecuteRequest = Omit<Extract<Request, { op: 'execute' }>, 'op' | 'handle'> & {
  /** The statement is destroyed when it cannot be started. */
  readonly owned: boolean;
};

function execute(handle: StatementHandle, request: ExecuteRequest, emit: Emit): unknown {
  let ran: Started;
  try {
    ran = executeStatement(context, handle, request);
  } catch (error) {
    if (request.owned) destroyStatement(duckdb, handle.statement);
    throw error;
  }
  const { started, transaction } = ran;
  const keep = request.keep && isKeepable(handle, request.sql);
  // 0: the worker has nothing to destroy at the end of the result.
  const statement = keep ? 0 : ran.statement;
  emit({ type: 'started', started: keep ? { ...started, kept: handle } : started });
  if (started.result === 0) {
    destroyStatement(duckdb, statement);
    return { end: 'finished' };
  }
  return settle({ statement, transaction, result: started.result }, () =>
    startCursor(context, started, request.slabs, emitBatch(emit)),
  );
}

const emitBatch =
  (emit: Emit): EmitBatch =>
  (batch, more) =>
    emit({ type: 'batch', batch, more });

/** Result, statement and transaction live on only when the result is parked. */
function settle(of: HeldByCursor & { readonly result: Address }, produce: () => RunEnd): RunReply {
  const close = (how: 'COMMIT' | 'ROLLBACK'): void => {
    destroyResult(duckdb, of.result);
    destroyStatement(duckdb, of.statement);
    endTransaction(duckdb, of.transaction, how);
  };
  let end: RunEnd;
  try {
    end = produce();
  } catch (error) {
    close('ROLLBACK');
    throw error;
  }
  if (end.end === 'parked') return { ...end, statement: of.statement, transaction: of.transaction };
  close('COMMIT');
  return end;
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
