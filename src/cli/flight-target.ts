import type { Config } from '../config/index.ts';
import { connectFlightSql, type FlightClient, pathDescriptor } from '../flight/index.ts';
import { parseTableName, type Receipt, type TableInfo } from '../lakehouse/index.ts';
import { clientOptions } from './flight-client.ts';
import type { Target, TargetPut } from './target.ts';

export async function openFlightTarget(
  config: Config,
  { uri, sharesFiles }: { readonly uri: string; readonly sharesFiles: boolean },
): Promise<Target> {
  // The workspace's own server is one of ours; another may be any that speaks Flight SQL.
  const sql = connectFlightSql({ ...clientOptions(config, uri), ...(sharesFiles ? { duckhouse: true } : {}) });
  const client = sql.flight;
  const action = async <T>(type: string, body: unknown): Promise<T> =>
    JSON.parse(Buffer.from((await client.doAction(type, body))[0] ?? 'null').toString('utf8')) as T;
  return {
    address: uri,
    sharesFiles,
    async query(text, { signal, timeoutMs }) {
      const { schema, messages } = await sql.query(text, { signal, timeoutMs });
      return { schema, messages, rowsChanged: undefined };
    },
    put: (put) => putOver(client, put),
    findLoad: async (loadId) => (await action<Receipt | null>('find_load', { loadId })) ?? undefined,
    listTables: () => action<TableInfo[]>('list_tables', {}),
    describeTable: (name) => action<TableInfo>('describe', { name }),
    createView: (name, sql, replace) => action<TableInfo>('create_view', { name, sql, replace }),
    close: () => sql.close(),
  };
}

async function putOver(
  client: FlightClient,
  { table, mode, loadId, schema, batches, signal }: TargetPut,
): Promise<Receipt> {
  const { catalog, dbSchema, table: name } = parseTableName(table);
  const headers = {
    ...(mode === undefined ? {} : { 'x-duckhouse-mode': mode }),
    ...(loadId === undefined ? {} : { 'x-duckhouse-load-id': loadId }),
  };
  const path = [catalog, dbSchema, name].filter((part): part is string => part !== undefined);
  const metadata = await client.doPut(pathDescriptor(path), { schema, batches, headers, signal });
  return JSON.parse(Buffer.from(metadata).toString('utf8')) as Receipt;
}
