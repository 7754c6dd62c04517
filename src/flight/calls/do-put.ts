import { authorise } from '../../access/index.ts';
import { readMessageHeader } from '../../arrow/index.ts';
import type { LoadMessage } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { type PutMode, putModes, type Receipt, showTable, type TableName, tableNameOf } from '../../lakehouse/index.ts';
import type { AssembledMessage } from '../grpc/assembler.ts';
import { decodeFlightData, type FlightData } from '../proto/flight-data.ts';
import { decodeDescriptor, encodePutResult, type FlightDescriptor } from '../proto/messages.ts';
import { decodeIngest, decodeStatement, encodeUpdateResult, type StatementIngest, unpackAny } from '../sql/messages.ts';
import type { CallContext } from './context.ts';

/** What a DoPut loads, and how its receipt is sent. */
interface PutTarget {
  readonly table: TableName;
  readonly mode: PutMode;
  readonly loadId: string | undefined;
  readonly result: (receipt: Receipt) => Uint8Array;
}

/** Stores the client's stream, all or nothing, and answers with one PutResult. */
export async function doPut(context: CallContext): Promise<void> {
  const messages = context.call.messages();
  const first = await messages.next();
  if (first.done === true) throw new DuckhouseError('InvalidArgument', 'DoPut without a message', { id: 'put-empty' });
  const data = decodeFlightData(first.value.bytes);
  if (data.descriptor === undefined) throw new DuckhouseError('InvalidArgument', 'the first message of DoPut has no descriptor', { id: 'put-descriptor-missing' });
  const descriptor = decodeDescriptor(data.descriptor);
  const command = descriptor.type === 'PATH' ? undefined : unpackAny(descriptor.cmd);
  if (command?.name === 'CommandStatementUpdate') return update(context, decodeStatement(command.value).sql);
  return load(context, targetOf(context, descriptor), { first: { message: first.value, data }, messages });
}

/** Runs at the first message: stock clients wait for the result before they end their side. */
async function update({ call, lakehouse, principal, limits }: CallContext, sql: string): Promise<void> {
  authorise(principal, { operation: 'query', subject: sql });
  const options = { signal: call.signal, ...(limits.queryTimeoutMs === undefined ? {} : { timeoutMs: limits.queryTimeoutMs }) };
  const result = await lakehouse.query(sql, options);
  call.setQueryId(result.queryId);
  for await (const batch of result.batches) batch.release();
  await call.send(encodePutResult(encodeUpdateResult(result.rowsChanged ?? 0)));
  call.end();
}

function targetOf(context: CallContext, descriptor: FlightDescriptor): PutTarget {
  if (descriptor.type === 'PATH') return pathTarget(context, descriptor.path);
  const command = unpackAny(descriptor.cmd);
  if (command?.name === 'CommandStatementIngest') return ingestTarget(decodeIngest(command.value));
  throw new DuckhouseError('Unsupported', `DoPut of ${command === undefined ? 'an unknown command' : command.name} is not supported`, {
    id: 'command-unsupported',
    context: { command: command?.name ?? '' },
    hint: 'use a path descriptor: ["table"] or ["schema", "table"]',
  });
}

function pathTarget({ call, putMode }: CallContext, path: readonly string[]): PutTarget {
  const header = (name: string): string | undefined => {
    const value = call.headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  checkTargetHeader(header('target'));
  return {
    table: tableNameOf(path),
    mode: parseMode(header('x-duckhouse-mode') ?? putMode),
    loadId: header('x-duckhouse-load-id'),
    result: ({ rows, table, loadId, repeated }) => Buffer.from(JSON.stringify({ rows, table, loadId, repeated })),
  };
}

/** The header of the Python project of the same name. */
function checkTargetHeader(target: string | undefined): void {
  if (target === undefined || target === 'duckdb' || target === 'auto') return;
  if (target === 'iceberg') throw new DuckhouseError('Unsupported', 'target "iceberg" is not supported yet', { id: 'target-unsupported', context: { target }, hint: 'leave the header out, or send target: duckdb' });
  throw new DuckhouseError('InvalidArgument', `unknown target "${target}"`, { id: 'target-unknown', context: { target }, hint: 'duckdb' });
}

function parseMode(mode: string): PutMode {
  if ((putModes as readonly string[]).includes(mode)) return mode as PutMode;
  throw new DuckhouseError('InvalidArgument', `unknown mode "${mode}"`, { id: 'mode-unknown', context: { mode, modes: putModes }, hint: `one of ${putModes.join(', ')}` });
}

function ingestTarget(ingest: StatementIngest): PutTarget {
  const { catalog, dbSchema, table, temporary } = ingest;
  if (temporary) throw new DuckhouseError('Unsupported', 'ingest into temporary tables needs sessions, which are not supported yet');
  return {
    table: tableNameOf([...(catalog === undefined ? [] : [catalog]), ...(dbSchema === undefined ? [] : [dbSchema]), table]),
    mode: ingestMode(ingest),
    loadId: undefined,
    result: ({ rows }) => encodeUpdateResult(rows),
  };
}

function ingestMode({ ifNotExist, ifExists }: StatementIngest): PutMode {
  if (ifExists === 'replace') return 'replace';
  if (ifNotExist === 'fail' && ifExists === 'fail') throw new DuckhouseError('InvalidArgument', 'CommandStatementIngest fails whether the table exists or not', { id: 'ingest-options' });
  if (ifExists === 'fail') return 'create';
  return ifNotExist === 'fail' ? 'append' : 'create_append';
}

interface PutStream {
  readonly first: { readonly message: AssembledMessage; readonly data: FlightData };
  readonly messages: AsyncGenerator<AssembledMessage>;
}

async function load({ call, lakehouse, principal, metrics, limits }: CallContext, target: PutTarget, { first, messages }: PutStream): Promise<void> {
  authorise(principal, { operation: 'put', subject: showTable(target.table) });
  const idle = new AbortController();
  const signal = AbortSignal.any([call.signal, idle.signal]);
  const schema = Uint8Array.from(first.data.header);
  if (schema.byteLength === 0 || readMessageHeader(schema).kind !== 'schema') {
    throw new DuckhouseError('InvalidArgument', 'the first message of DoPut has no Arrow schema', { id: 'put-schema-missing' });
  }
  first.message.release();
  const receipt = await lakehouse.put({
    table: target.table,
    mode: target.mode,
    schema,
    signal,
    messages: watchIdle(loadMessages(messages), { idle, idleMs: limits.putIdleMs }),
    ...(target.loadId === undefined ? {} : { loadId: target.loadId }),
  });
  if (!receipt.repeated) metrics.rows('in', receipt.rows);
  await call.send(encodePutResult(target.result(receipt)));
  call.end();
}

async function* loadMessages(messages: AsyncGenerator<AssembledMessage>): AsyncGenerator<LoadMessage> {
  for await (const message of messages) {
    const { header, body } = decodeFlightData(message.bytes);
    if (header.byteLength === 0) message.release(); // metadata alone, as a client's keep-alive
    else yield { metadata: header, body, done: message.release };
  }
}

interface IdleOptions {
  readonly idle: AbortController;
  readonly idleMs: number;
}

/** Ends the put when its client sends nothing for too long. */
async function* watchIdle(messages: AsyncGenerator<LoadMessage>, { idle, idleMs }: IdleOptions): AsyncGenerator<LoadMessage> {
  const expire = (): void => idle.abort(new DuckhouseError('DeadlineExceeded', `no data for ${idleMs} ms`, { id: 'put-idle', context: { idleMs } }));
  const stopped = new Promise<never>((_, reject) => idle.signal.addEventListener('abort', () => reject(idle.signal.reason), { once: true }));
  stopped.catch(() => undefined); // thrown where the next message is awaited
  const timer = setTimeout(expire, idleMs);
  try {
    for (;;) {
      const next = await Promise.race([messages.next(), stopped]);
      if (next.done === true) return;
      yield next.value;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
    void messages.return(undefined);
  }
}
