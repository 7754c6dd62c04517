import { authorise } from '../../access/index.ts';
import { type ArrowSchema, encapsulate, encodeSchema } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { quoteTable, type TableInfo, tableNameOf } from '../../lakehouse/index.ts';
import { decodeCriteria, encodeFlightInfo, encodeSchemaResult, type FlightDescriptor, type FlightInfo, pathDescriptor } from '../proto/messages.ts';
import { decodeStatement, encodeStatementTicket, unpackAny } from '../sql/messages.ts';
import type { CallContext } from './context.ts';

export const schemaBytes = (schema: ArrowSchema): Uint8Array => encapsulate(encodeSchema(schema));

/** The SQL a command means: a CommandStatementQuery, or UTF-8 text as it is. */
export function sqlOfCommand(cmd: Uint8Array): string {
  const message = unpackAny(cmd);
  if (message === undefined) return sqlText(cmd);
  if (message.name !== 'CommandStatementQuery') throw new DuckhouseError('Unsupported', `Flight SQL command ${message.name} is not supported`, { id: 'command-unsupported', context: { command: message.name } });
  const { sql, transactionId } = decodeStatement(message.value);
  if (transactionId.byteLength > 0) throw new DuckhouseError('Unsupported', 'Flight SQL transactions are not supported');
  return sql;
}

/** UTF-8 text. InvalidArgument for other bytes. */
export function sqlText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  } catch (cause) {
    throw new DuckhouseError('InvalidArgument', 'the command or ticket is neither SQL text nor a Flight SQL message', { id: 'command-malformed', cause });
  }
}

async function infoOf(context: CallContext, descriptor: FlightDescriptor): Promise<FlightInfo> {
  if (descriptor.type === 'PATH') return tableFlight(context, await context.lakehouse.describeTable(tableNameOf(descriptor.path)));
  const sql = sqlOfCommand(descriptor.cmd);
  authorise(context.principal, { operation: 'query', subject: sql });
  const { handle, queryId, schema, rows } = await context.tickets.issue(sql);
  context.call.setQueryId(queryId);
  return {
    schema: schemaBytes(schema),
    descriptor,
    endpoints: [{ ticket: encodeStatementTicket(handle), locations: [] }],
    totalRecords: rows,
    totalBytes: -1,
    ordered: false,
    appMetadata: Buffer.from(JSON.stringify({ queryId })),
  };
}

/** A table as a flight: its path, and a ticket that is the query. */
async function tableFlight({ lakehouse }: CallContext, table: TableInfo): Promise<FlightInfo> {
  const name = { catalog: table.catalog, dbSchema: table.dbSchema, table: table.name };
  return {
    schema: await lakehouse.schemaOf(name).then(schemaBytes, () => undefined), // a type without an Arrow form: the flight is listed all the same
    descriptor: pathDescriptor([table.dbSchema, table.name]),
    endpoints: [{ ticket: Buffer.from(`SELECT * FROM ${quoteTable(name)}`), locations: [] }],
    totalRecords: table.rows ?? -1,
    totalBytes: -1,
    ordered: false,
    appMetadata: Buffer.from(JSON.stringify({ kind: table.kind })),
  };
}

export const getFlightInfo = async (context: CallContext, descriptor: FlightDescriptor): Promise<Uint8Array> =>
  encodeFlightInfo(await infoOf(context, descriptor));

/** The schema, without running anything. */
export async function getSchema(context: CallContext, descriptor: FlightDescriptor): Promise<Uint8Array> {
  if (descriptor.type === 'PATH') return encodeSchemaResult(schemaBytes(await context.lakehouse.schemaOf(tableNameOf(descriptor.path))));
  const sql = sqlOfCommand(descriptor.cmd);
  authorise(context.principal, { operation: 'query', subject: sql });
  const prepared = await context.lakehouse.prepare(sql);
  await prepared.close();
  return encodeSchemaResult(schemaBytes(prepared.schema));
}

/** Tables and views; the criteria are a part of the name. */
export async function* listFlights(context: CallContext, criteria: Uint8Array): AsyncGenerator<Uint8Array> {
  const wanted = Buffer.from(decodeCriteria(criteria)).toString('utf8').toLowerCase();
  for (const table of await context.lakehouse.listTables()) {
    if (!`${table.dbSchema}.${table.name}`.toLowerCase().includes(wanted)) continue;
    yield encodeFlightInfo(await tableFlight(context, table));
  }
}
