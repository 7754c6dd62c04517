import type { ArrowSchema } from '../../arrow/index.ts';
import { quoteTable, type TableInfo, tableNameOf } from '../../lakehouse/index.ts';
import type { CallContext } from '../calls/context.ts';
import { queryInfo, querySchema, schemaBytes, sqlText } from '../calls/query.ts';
import {
  decodeCriteria,
  encodeFlightInfo,
  encodeSchemaResult,
  type FlightDescriptor,
  type FlightInfo,
  pathDescriptor,
} from '../proto/messages.ts';
import { unpackAny } from '../proto/sql-messages.ts';
import { openCommand } from '../sql/commands.ts';

export async function infoOf(context: CallContext, descriptor: FlightDescriptor): Promise<FlightInfo> {
  if (descriptor.type === 'PATH')
    return tableFlight(context, await context.lakehouse.describeTable(tableNameOf(descriptor.path)));
  const message = unpackAny(descriptor.cmd);
  if (message === undefined) return queryInfo(context, { sql: sqlText(descriptor.cmd) }, descriptor);
  return openCommand(message, 'info')(context, message.value, descriptor);
}

async function schemaOf(context: CallContext, descriptor: FlightDescriptor): Promise<ArrowSchema> {
  if (descriptor.type === 'PATH') return context.lakehouse.schemaOf(tableNameOf(descriptor.path));
  const message = unpackAny(descriptor.cmd);
  if (message === undefined) return querySchema(context, { sql: sqlText(descriptor.cmd) });
  return openCommand(message, 'schema')(context, message.value);
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
export const getSchema = async (context: CallContext, descriptor: FlightDescriptor): Promise<Uint8Array> =>
  encodeSchemaResult(schemaBytes(await schemaOf(context, descriptor)));

/** Tables and views; the criteria are a part of the name. */
export async function* listFlights(context: CallContext, criteria: Uint8Array): AsyncGenerator<Uint8Array> {
  const wanted = Buffer.from(decodeCriteria(criteria)).toString('utf8').toLowerCase();
  for (const table of await context.lakehouse.listTables()) {
    if (!`${table.dbSchema}.${table.name}`.toLowerCase().includes(wanted)) continue;
    yield encodeFlightInfo(await tableFlight(context, table));
  }
}
