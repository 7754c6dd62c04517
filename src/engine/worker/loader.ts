import { parentPort, workerData } from 'node:worker_threads';
import { createBatchDecoder, decodeSchema } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { duckDbError } from '../duckdb-error.ts';
import type { LoaderData, LoaderReply, LoaderRequest } from '../loader-protocol.ts';
import { buildArray, buildSchema, type NativeStruct } from '../native/arrow-import.ts';
import { openStream } from '../native/arrow-stream.ts';
import { type DuckDb, loadDuckDb, type NativeFunction } from '../native/library.ts';
import { type Address, free, malloc } from '../native/memory.ts';
import { errorMessage } from '../protocol.ts';
import { resultSize } from './statement.ts';

/**
 * A thread for Arrow coming in. Batches gather in groups; each group is one INSERT that DuckDB runs on its own threads while
 * the next group gathers here. Nothing here waits for the network, so one thread serves many loads.
 */
const data = workerData as LoaderData;
const port = parentPort as NonNullable<typeof parentPort>;
const duckdb: DuckDb = loadDuckDb(data.libraryPath);

/** A group is inserted when it holds this much. */
const groupBytes = 24 << 20;

interface Group {
  readonly arrays: NativeStruct[];
  readonly messages: number[];
  rows: number;
  bytes: number;
}

const emptyGroup = (): Group => ({ arrays: [], messages: [], rows: 0, bytes: 0 });

interface Load {
  readonly id: number;
  readonly connection: Address;
  readonly schema: NativeStruct;
  readonly decode: ReturnType<typeof createBatchDecoder>['decode'];
  readonly stream: ReturnType<typeof openStream>;
  readonly source: string;
  statement: string;
  group: Group;
  running: boolean;
  finishing: boolean;
  failed: boolean;
  rows: number;
  bytes: number;
}

const loads = new Map<number, Load>();
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
  const arrowSchema = decodeSchema(metadata);
  if (arrowSchema.fields.length === 0)
    throw new DuckhouseError('InvalidArgument', 'the Arrow data has no columns', { id: 'no-columns' });
  const schema = buildSchema(arrowSchema);
  const { decode } = createBatchDecoder(arrowSchema);
  const stream = openStream(schema.address);
  if (Number(await call(duckdb.arrow_scan, connection, source, stream.address)) !== 0) {
    stream.close();
    throw new DuckhouseError('Unsupported', 'DuckDB cannot read this Arrow schema', { id: 'arrow-schema-unsupported' });
  }
  loads.set(id, {
    id,
    connection,
    schema,
    decode,
    stream,
    source,
    statement: '',
    group: emptyGroup(),
    running: false,
    finishing: false,
    failed: false,
    rows: 0,
    bytes: 0,
  });
  post({ type: 'opened', id, schema: arrowSchema });
}

function write(load: Load, { message, metadata, body }: Extract<LoaderRequest, { op: 'write' }>): void {
  const batch = load.failed ? undefined : load.decode({ metadata, body });
  if (batch === undefined || batch.length === 0) return post({ type: 'released', id: load.id, messages: [message] });
  load.group.arrays.push(buildArray(batch));
  load.group.messages.push(message);
  load.group.rows += batch.length;
  load.group.bytes += body.byteLength;
  maybeInsert(load);
}

function maybeInsert(load: Load): void {
  const { group } = load;
  if (load.running || load.failed) return;
  if (group.arrays.length > 0 && (load.finishing || group.bytes >= groupBytes)) void insert(load, group);
  else if (load.finishing) close(load);
}

async function insert(load: Load, group: Group): Promise<void> {
  load.group = emptyGroup();
  load.running = true;
  load.stream.setArrays(group.arrays.map(({ address }) => address));
  try {
    await runSql(load.connection, load.statement);
    load.rows += group.rows;
    load.bytes += group.bytes;
  } catch (error) {
    fail(load, error);
  }
  load.running = false;
  post({ type: 'released', id: load.id, messages: group.messages });
  if (load.failed) drop(load);
  else maybeInsert(load);
}

function close(load: Load): void {
  post({ type: 'finished', id: load.id, rows: load.rows, bytes: load.bytes });
  drop(load);
}

function drop(load: Load): void {
  if (load.running) return;
  post({ type: 'released', id: load.id, messages: load.group.messages });
  load.group = emptyGroup();
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

async function handle(request: LoaderRequest): Promise<void> {
  if (request.op === 'open') return open(request);
  const load = loads.get(request.id);
  if (load === undefined) return post({ type: 'closed', id: request.id });
  if (request.op === 'write') write(load, request);
  else if (request.op === 'abort') abort(load);
  else if (request.op === 'statement') load.statement = request.sql;
  else {
    load.finishing = true;
    maybeInsert(load);
  }
}

port.on('message', (request: LoaderRequest) => {
  handle(request).catch((error: unknown) => {
    const load = loads.get(request.id);
    if (load === undefined) {
      postError(request.id, error);
      return post({ type: 'closed', id: request.id });
    }
    fail(load, error);
    if (request.op === 'write') post({ type: 'released', id: load.id, messages: [request.message] });
    drop(load);
  });
});
