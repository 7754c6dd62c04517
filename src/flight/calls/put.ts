import { authorise } from '../../access/index.ts';
import { readMessageHeader } from '../../arrow/index.ts';
import type { LoadMessage } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { type PutMode, putModes, type Receipt, showTable, type TableName, tableNameOf } from '../../lakehouse/index.ts';
import type { AssembledMessage } from '../grpc/assembler.ts';
import { decodeFlightData, type FlightData } from '../proto/flight-data.ts';
import { encodePutResult } from '../proto/messages.ts';
import { encodeUpdateResult, type Statement, type StatementIngest } from '../proto/sql-messages.ts';
import type { CallContext } from './context.ts';
import { queryOptions } from './query.ts';

/** What a client puts: its first message, with the descriptor and the Arrow schema, and those that follow. */
export interface PutStream {
  readonly first: FlightData;
  readonly rest: AsyncIterable<AssembledMessage>;
}

/** Runs at the first message: stock clients wait for the result before they end their side. */
export async function runUpdate(context: CallContext, { sql, transactionId }: Statement): Promise<void> {
  authorise(context.principal, { operation: 'query', subject: sql });
  const result = await context.session().query(sql, { ...queryOptions(context), transactionId });
  context.call.setQueryId(result.queryId);
  for await (const batch of result.batches) batch.release();
  await sendUpdateCount(context, result.rowsChanged ?? 0);
}

/** Answers a put with the number of rows it changed; -1 = unknown. */
export async function sendUpdateCount({ call }: CallContext, rows: number): Promise<void> {
  await call.send(encodePutResult(encodeUpdateResult(rows)));
  call.end();
}

/** A put on a path: the table, how and under which load id by headers. */
export function putPath(context: CallContext, path: readonly string[], stream: PutStream): Promise<void> {
  const header = (name: string): string | undefined => {
    const value = context.call.headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  checkTargetHeader(header('target'));
  return load(context, stream, {
    table: tableNameOf(path),
    mode: parseMode(header('x-duckhouse-mode') ?? context.putMode),
    loadId: header('x-duckhouse-load-id'),
    result: ({ rows, table, loadId, repeated }) => Buffer.from(JSON.stringify({ rows, table, loadId, repeated })),
  });
}

/** The header of the Python project of the same name. */
function checkTargetHeader(target: string | undefined): void {
  if (target === undefined || target === 'duckdb') return;
  if (target === 'iceberg') {
    throw new DuckhouseError('Unsupported', 'target "iceberg" is not supported yet', {
      id: 'target-unsupported',
      context: { target },
      hint: 'leave the header out, or send target: duckdb',
    });
  }
  throw new DuckhouseError('InvalidArgument', `unknown target "${target}"`, {
    id: 'target-unknown',
    context: { target },
    hint: 'send target: duckdb',
  });
}

function parseMode(mode: string): PutMode {
  if ((putModes as readonly string[]).includes(mode)) return mode as PutMode;
  throw new DuckhouseError('InvalidArgument', `unknown mode "${mode}"`, {
    id: 'mode-unknown',
    context: { mode, modes: putModes },
    hint: `one of ${putModes.join(', ')}`,
  });
}

/** CommandStatementIngest. */
export function ingest(context: CallContext, command: StatementIngest, stream: PutStream): Promise<void> {
  const { catalog, dbSchema, table, temporary, transactionId, options } = command;
  if (temporary && (catalog !== undefined || dbSchema !== undefined))
    throw new DuckhouseError('InvalidArgument', 'a temporary table has no catalog and no schema of yours', {
      id: 'ingest-temporary',
      hint: 'leave catalog and schema out, or temporary',
    });
  const parts = [catalog, dbSchema ?? (catalog === undefined ? undefined : 'main'), table];
  return load(context, stream, {
    table: tableNameOf(parts.filter((part) => part !== undefined)),
    mode: ingestMode(command),
    loadId: options?.get('duckhouse.load_id'),
    transactionId,
    temporary,
    result: ({ rows }) => encodeUpdateResult(rows),
  });
}

function ingestMode({ ifNotExist, ifExists }: StatementIngest): PutMode {
  if (ifExists === 'replace') return 'replace';
  if (ifNotExist === 'fail' && ifExists === 'fail')
    throw new DuckhouseError('InvalidArgument', 'CommandStatementIngest fails whether the table exists or not', {
      id: 'ingest-options',
    });
  if (ifExists === 'fail') return 'create';
  return ifNotExist === 'fail' ? 'append' : 'create_append';
}

interface LoadTarget {
  readonly table: TableName;
  readonly mode: PutMode;
  readonly loadId: string | undefined;
  readonly transactionId?: string | undefined;
  readonly temporary?: boolean;
  /** The metadata of the PutResult. */
  readonly result: (receipt: Receipt) => Uint8Array;
}

async function load(
  { call, session, principal, metrics }: CallContext,
  { first, rest }: PutStream,
  target: LoadTarget,
): Promise<void> {
  const { table, mode, loadId, transactionId, temporary } = target;
  authorise(principal, { operation: 'put', subject: showTable(table) });
  const schema = Uint8Array.from(first.header);
  if (schema.byteLength === 0 || readMessageHeader(schema).kind !== 'schema') {
    throw new DuckhouseError('InvalidArgument', 'the first message of DoPut has no Arrow schema', {
      id: 'put-schema-missing',
    });
  }
  const receipt = await session().put({
    transactionId,
    temporary,
    table,
    mode,
    schema,
    signal: call.signal,
    messages: loadMessages(rest),
    ...(loadId === undefined ? {} : { loadId }),
  });
  if (!receipt.repeated) metrics.rows('in', receipt.rows);
  await call.send(encodePutResult(target.result(receipt)));
  call.end();
}

async function* loadMessages(messages: AsyncIterable<AssembledMessage>): AsyncGenerator<LoadMessage> {
  for await (const message of messages) {
    const { header, body } = decodeFlightData(message.bytes);
    if (header.byteLength === 0)
      message.release(); // metadata alone, as a client's keep-alive
    else yield { metadata: header, body, done: message.release };
  }
}
