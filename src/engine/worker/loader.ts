import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import {
  type ArrowSchema,
  createBatchDecoder,
  decodeSchema,
  type RecordBatch,
  readMessageHeader,
} from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { createDataClock } from '../data-clock.ts';
import { duckDbError } from '../duckdb-error.ts';
import type { LoaderData, LoaderReply, LoaderRequest } from '../loader-protocol.ts';
import { narrowBatch, narrowSchema } from '../narrow.ts';
import { buildSchema, type NativeStruct } from '../native/arrow-import.ts';
import { type NativeArray, openStream } from '../native/arrow-stream.ts';
import { handlesIn } from '../native/handles.ts';
import { type DuckDb, loadDuckDb, type NativeFunction } from '../native/library.ts';
import { type Address, free, malloc } from '../native/memory.ts';
import { errorMessage } from '../protocol.ts';
import { createRowGroups, type RowGroup, type RowGroups } from './row-groups.ts';
import { resultSize } from './statement.ts';

/**
 * A thread for Arrow coming in. One INSERT reads what comes as a stream while DuckDB's threads ask for it; when the sender
 * is slow the INSERT ends and another goes on once enough has gathered, so that no thread of DuckDB waits for a network.
 */
const data = workerData as LoaderData;
const port = parentPort as NonNullable<typeof parentPort>;
const duckdb: DuckDb = loadDuckDb(data.libraryPath);
const clock = createDataClock(data.clock, data.handles && handlesIn(data.handles).writes);
/** [0] counts the messages sent to this thread. */
const bell = new Int32Array(data.bell);

/** An INSERT waits this long for its sender, but only while this thread has no other load. */
const patienceMs = 100;

interface Load {
  readonly id: number;
  readonly connection: Address;
  readonly schema: NativeStruct;
  readonly decode: ReturnType<typeof createBatchDecoder>['decode'];
  readonly stream: ReturnType<typeof openStream>;
  /** Not asked for yet, in order. */
  readonly waiting: RowGroups;
  /** DuckDB reads them. */
  readonly held: Map<number, RowGroup>;
  statement: string;
  running: boolean;
  finishing: boolean;
  failed: boolean;
  rows: number;
  bytes: number;
}

const loads = new Map<number, Load>();
let lastArray = 0;
const post = (reply: LoaderReply): void => port.postMessage(reply);

const call = (fn: NativeFunction, ...args: readonly unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) =>
    fn.async(...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value))),
  );

async function runSql(connection: Address, sql: string): Promise<void> {
  const result = malloc(resultSize);
  try {
    const failed = Number(await call(duckdb.query, connection, sql, result)) !== 0;
    const message = failed ? String(duckdb.result_error(result)) : '';
    duckdb.destroy_result(result);
    if (failed) throw duckDbError(message);
  } finally {
    free(result);
  }
}

async function open({
  id,
  connection,
  schema: metadata,
  source,
}: Extract<LoaderRequest, { op: 'open' }>): Promise<void> {
  const sentSchema = decodeSchema(metadata);
  const arrowSchema = narrowSchema(sentSchema);
  if (arrowSchema.fields.length === 0)
    throw new DuckhouseError('InvalidArgument', 'the Arrow data has no columns', { id: 'no-columns' });
  const schema = buildSchema(arrowSchema);
  const { decode } = createBatchDecoder(sentSchema);
  const stream = openStream(schema.address, {
    next: () => nextArray(loads.get(id)),
    released: (array) => release(loads.get(id), array),
  });
  if (Number(await call(duckdb.arrow_scan, connection, source, stream.address)) !== 0) {
    stream.close();
    throw new DuckhouseError('Unsupported', 'DuckDB cannot read this Arrow schema', { id: 'arrow-schema-unsupported' });
  }
  const load: Load = {
    id,
    connection,
    schema,
    decode: (message) => narrowed(decode(message), sentSchema === arrowSchema ? undefined : arrowSchema),
    stream,
    waiting: createRowGroups(),
    held: new Map(),
    statement: '',
    running: false,
    finishing: false,
    failed: false,
    rows: 0,
    bytes: 0,
  };
  loads.set(id, load);
  post({ type: 'opened', id, schema: arrowSchema });
}

/** Asked by DuckDB: the next batch, waited for a little; undefined ends the INSERT. */
function nextArray(load: Load | undefined): NativeArray | undefined {
  if (load === undefined) return undefined;
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = Atomics.load(bell, 0);
    takeMessages();
    if (load.failed) throw new DuckhouseError('Cancelled', 'the load was given up');
    if (load.waiting.ready() || load.finishing) return hand(load);
    const left = deadline - performance.now();
    if (left <= 0 || loads.size > 1) return undefined;
    Atomics.wait(bell, 0, seen, left);
  }
}

function hand(load: Load): NativeArray | undefined {
  const group = load.waiting.take(load.finishing);
  if (group === undefined) return undefined;
  const id = ++lastArray;
  load.held.set(id, group);
  load.rows += group.rows;
  if (group.copied.length > 0) post({ type: 'released', id: load.id, messages: group.copied });
  return { id, address: group.array.address };
}

function release(load: Load | undefined, array: number): void {
  const group = load?.held.get(array);
  if (load === undefined || group === undefined) return;
  load.held.delete(array);
  group.free();
  if (group.message !== undefined) post({ type: 'released', id: load.id, messages: [group.message] });
}

function write(load: Load, { message, metadata, body }: Extract<LoaderRequest, { op: 'write' }>): void {
  const batch = load.failed ? undefined : load.decode({ metadata, body: lasting(metadata, body) });
  if (batch === undefined || batch.length === 0) return post({ type: 'released', id: load.id, messages: [message] });
  load.bytes += body.byteLength;
  load.waiting.add(batch, { message, bytes: body.byteLength });
  maybeInsert(load);
}

const narrowed = (batch: RecordBatch | undefined, schema: ArrowSchema | undefined): RecordBatch | undefined =>
  batch === undefined || schema === undefined ? batch : narrowBatch(batch, schema);

/** Dictionaries outlive their message. */
const lasting = (metadata: Uint8Array, body: Uint8Array): Uint8Array =>
  readMessageHeader(metadata).kind === 'dictionaryBatch' ? Uint8Array.from(body) : body;

function maybeInsert(load: Load): void {
  if (load.running || load.failed) return;
  if (load.waiting.ready() || (load.finishing && !load.waiting.empty())) void insert(load);
  else if (load.finishing) close(load);
}

async function insert(load: Load): Promise<void> {
  load.running = true;
  clock.begin();
  try {
    await runSql(load.connection, load.statement);
  } catch (error) {
    if (!load.failed) fail(load, error);
  } finally {
    clock.end();
  }
  load.running = false;
  if (load.failed) drop(load);
  else maybeInsert(load);
}

function close(load: Load): void {
  post({ type: 'finished', id: load.id, rows: load.rows, bytes: load.bytes });
  drop(load);
}

function drop(load: Load): void {
  if (load.running) return;
  post({ type: 'released', id: load.id, messages: load.waiting.clear() });
  load.stream.close();
  loads.delete(load.id);
  post({ type: 'closed', id: load.id });
}

function fail(load: Load, error: unknown): void {
  load.failed = true;
  postError(load.id, error);
}

const postError = (id: number, error: unknown): void => post({ type: 'error', id, error: errorMessage(error) });

function abort(load: Load): void {
  load.failed = true;
  drop(load);
}

function handle(request: LoaderRequest): void {
  if (request.op === 'open') return void open(request).catch((error: unknown) => refuse(request, error));
  const load = loads.get(request.id);
  if (load === undefined) return post({ type: 'closed', id: request.id });
  try {
    if (request.op === 'write') write(load, request);
    else if (request.op === 'abort') abort(load);
    else if (request.op === 'statement') load.statement = request.sql;
    else {
      load.finishing = true;
      maybeInsert(load);
    }
  } catch (error) {
    fail(load, error);
    if (request.op === 'write') post({ type: 'released', id: load.id, messages: [request.message] });
    drop(load);
  }
}

function refuse({ id }: LoaderRequest, error: unknown): void {
  postError(id, error);
  post({ type: 'closed', id });
}

/** Messages that came while DuckDB waits for an answer. */
function takeMessages(): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    handle(next.message as LoaderRequest);
}

port.on('message', handle);
