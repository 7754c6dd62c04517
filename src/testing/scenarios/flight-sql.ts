import { type ArrowSchema, buildBatch, createBatchDecoder, decodeSchema } from '../../arrow/index.ts';
import {
  allOf,
  bytesOf,
  type Called,
  decodeAction,
  decodeDescriptor,
  decodeFlightData,
  decodeIngest,
  decodeTicket,
  encodeFlightInfo,
  encodePutResult,
  encodeResult,
  encodeSchemaResult,
  encodeStatementTicket,
  encodeUpdateResult,
  type FlightDescriptor,
  type FlightInfo,
  fieldMap,
  intsOf,
  messageField,
  type SqlMessage,
  sqlInfoSchema,
  streaming,
  textOf,
  unary,
  unpackAny,
} from '../../flight/index.ts';
import { checkPlan, flightSqlActions } from './flight-sql-actions.ts';
import { metadataAnswers } from './flight-sql-metadata.ts';
import {
  preparedUpdatedRows,
  querySchema,
  selectStatement,
  transactionSchema,
  updatedRows,
  updateStatement,
} from './flight-sql-values.ts';
import { expectEqual, infoOf, invalid, type Scenario, schemaBytes, sendStream } from './scenario.ts';

const messageOf = (bytes: Uint8Array): SqlMessage => {
  const message = unpackAny(bytes);
  if (message === undefined) throw invalid('no Flight SQL message');
  return message;
};
const inTransaction = (value: Uint8Array): boolean => bytesOf(fieldMap(value), 2).byteLength > 0;
const schemaFor = (transaction: boolean): ArrowSchema => (transaction ? transactionSchema : querySchema);
const isTransactionHandle = (handle: string): boolean => handle.includes('WITH TXN');

/** The handle behind a statement, a plan or a prepared statement that gives rows. */
function queryHandle({ name, value }: SqlMessage): string {
  const suffix = inTransaction(value) ? ' WITH TXN HANDLE' : ' HANDLE';
  if (name === 'CommandStatementQuery') {
    expectEqual('query', textOf(fieldMap(value), 1), selectStatement);
    return selectStatement + suffix;
  }
  if (name === 'CommandStatementSubstraitPlan') {
    checkPlan(value);
    return `PLAN${suffix}`;
  }
  if (name === 'CommandPreparedStatementQuery' || name === 'TicketStatementQuery') return knownHandle(value);
  throw invalid(`unknown command ${name}`);
}

function knownHandle(value: Uint8Array): string {
  const handle = textOf(fieldMap(value), 1);
  if (!/^(SELECT STATEMENT|SELECT PREPARED STATEMENT|PLAN)( WITH TXN)? HANDLE$/.test(handle))
    throw invalid(`unknown handle ${handle}`);
  return handle;
}

function sqlInfo(descriptor: FlightDescriptor): FlightInfo {
  const message = messageOf(descriptor.cmd);
  const metadata = metadataAnswers[message.name];
  if (metadata !== undefined) {
    metadata.check?.(message.value);
    return infoOf(descriptor, metadata.schema(message.value), {
      endpoints: [{ ticket: descriptor.cmd, locations: [] }],
    });
  }
  const handle = queryHandle(message);
  const ticket = message.name === 'CommandPreparedStatementQuery' ? descriptor.cmd : encodeStatementTicket(handle);
  return infoOf(descriptor, schemaFor(isTransactionHandle(handle)), { endpoints: [{ ticket, locations: [] }] });
}

function schemaOf(message: SqlMessage): ArrowSchema {
  const metadata = metadataAnswers[message.name];
  return metadata?.schema(message.value) ?? schemaFor(isTransactionHandle(queryHandle(message)));
}

/** What the extension scenario asks of SqlInfo. */
const extensionInfo: Readonly<Record<number, { readonly typeId: number; readonly value: unknown }>> = {
  4: { typeId: 1, value: false },
  5: { typeId: 1, value: true },
  6: { typeId: 0, value: 'min_version' },
  7: { typeId: 0, value: 'max_version' },
  8: { typeId: 3, value: 2 },
  9: { typeId: 1, value: true },
  100: { typeId: 3, value: 42 },
  101: { typeId: 3, value: 7 },
};

async function get({ call }: Called): Promise<void> {
  const message = messageOf(decodeTicket(await call.message()));
  const codes = message.name === 'CommandGetSqlInfo' ? intsOf(fieldMap(message.value), 1) : [];
  const infos = codes.length === 2 ? [] : codes.map((code) => extensionInfo[code]);
  if (infos.length === 0) return sendStream(call, schemaOf(message));
  return sendStream(call, sqlInfoSchema, [buildBatch(sqlInfoSchema, [codes, infos])]);
}

const rowsOf = ({ plain, inTransaction: inOne }: typeof updatedRows, transaction: boolean): Uint8Array =>
  encodeUpdateResult(transaction ? inOne : plain);

/** The metadata of the PutResult of a command; how it is reached the caller says. */
function putAnswer({ name, value }: SqlMessage): Uint8Array {
  const transaction = inTransaction(value);
  switch (name) {
    case 'CommandStatementUpdate':
      expectEqual('statement', textOf(fieldMap(value), 1), updateStatement);
      return rowsOf(updatedRows, transaction);
    case 'CommandStatementSubstraitPlan':
      checkPlan(value);
      return rowsOf(updatedRows, transaction);
    case 'CommandPreparedStatementUpdate':
      return rowsOf(preparedUpdatedRows, isTransactionHandle(textOf(fieldMap(value), 1)));
    case 'CommandPreparedStatementQuery':
      return messageField(1, Buffer.from(knownHandle(value)));
    default:
      throw invalid(`unknown command ${name}`);
  }
}

async function put({ call }: Called): Promise<void> {
  const stream = call.messages();
  const first = await stream.next();
  if (first.done === true) throw invalid('DoPut without a message');
  const { descriptor, header } = decodeFlightData(Buffer.from(first.value.bytes));
  const message = messageOf(decodeDescriptor(descriptor ?? new Uint8Array(0)).cmd);
  const bound = message.name.startsWith('CommandPrepared') || message.name === 'CommandStatementIngest';
  // Statement updates are answered at once: clients wait for the result before they end their side.
  const rows = bound ? await countRows(stream, decodeSchema(Uint8Array.from(header))) : 0;
  const answer = message.name === 'CommandStatementIngest' ? ingestAnswer(message.value, rows) : putAnswer(message);
  await call.send(encodePutResult(answer));
  call.end();
}

type Messages = ReturnType<Called['call']['messages']>;

async function countRows(stream: Messages, schema: ArrowSchema): Promise<number> {
  const { decode } = createBatchDecoder(schema);
  let rows = 0;
  for await (const { bytes, release } of stream) {
    const { header, body } = decodeFlightData(Buffer.from(bytes));
    release();
    if (header.byteLength > 0) rows += decode({ metadata: Uint8Array.from(header), body })?.length ?? 0;
  }
  return rows;
}

function ingestAnswer(value: Uint8Array, rows: number): Uint8Array {
  const { ifNotExist, ifExists, table, dbSchema, catalog, temporary } = decodeIngest(value);
  expectEqual('ingest', [ifNotExist, ifExists, temporary], ['create', 'replace', true]);
  expectEqual('table', [catalog, dbSchema, table], ['test_catalog', 'test_schema', 'test_table']);
  const fields = fieldMap(value);
  expectEqual('transaction', textOf(fields, 6), '123');
  const options = allOf(fields, 1000).map((entry) => fieldMap(entry));
  expectEqual('options', options.map((entry) => `${textOf(entry, 1)}=${textOf(entry, 2)}`).toSorted(), [
    'key1=val1',
    'key2=val2',
  ]);
  return encodeUpdateResult(rows);
}

/** Statements, prepared statements, plans, transactions, savepoints, metadata and ingestion: what flight_sql and its variants ask. */
export const flightSqlScenario = (): Scenario => ({
  GetFlightInfo: unary((_: Called, message) => encodeFlightInfo(sqlInfo(decodeDescriptor(message)))),
  GetSchema: unary((_: Called, message) =>
    encodeSchemaResult(schemaBytes(schemaOf(messageOf(decodeDescriptor(message).cmd)))),
  ),
  DoGet: get,
  DoPut: put,
  DoAction: streaming((_: Called, message) => {
    const { type, body } = decodeAction(message);
    const run = flightSqlActions[type];
    if (run === undefined) throw invalid(`unsupported action: ${type}`);
    return run(body).map(encodeResult);
  }),
});
