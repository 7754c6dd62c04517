import { isDuckhouseError } from '../../errors.ts';
import { quoteLiteral } from '../../sql.ts';
import type { AdapterConnection } from '../adapter/database.ts';
import { nameKey, quotedName, type RelationName, type ShadowColumn } from './shadow.ts';

/** Columns of a relation; `missing` when there is none, `unknown` when DuckDB cannot tell. */
export type Outside = readonly ShadowColumn[] | 'missing' | 'unknown';

/** The columns of relations as they are now, by `nameKey`. */
export async function readOutside(
  connection: AdapterConnection,
  names: readonly RelationName[],
): Promise<ReadonlyMap<string, Outside>> {
  const found = new Map<string, Outside>(names.length > fewNames ? await readMany(connection, names) : []);
  for (const name of names) {
    const key = nameKey(name);
    if (!found.has(key)) found.set(key, await readOne(connection, name));
  }
  return found;
}

/** Fewer are asked for one by one. */
const fewNames = 8;

async function readOne(connection: AdapterConnection, name: RelationName): Promise<Outside> {
  try {
    return await connection.describe(`SELECT * FROM ${quotedName(name)}`);
  } catch (error) {
    const isMissing =
      isDuckhouseError(error) &&
      (error.kind === 'NotFound' || /\b(schema|catalog) "[^"]*" does not exist/i.test(error.message));
    return isMissing ? 'missing' : 'unknown';
  }
}

/** All at once, where every attached database is DuckDB's: others would be asked for everything they hold. */
async function readMany(
  connection: AdapterConnection,
  names: readonly RelationName[],
): Promise<Map<string, ShadowColumn[]>> {
  const read = async (sql: string): Promise<readonly (readonly unknown[])[]> =>
    (await connection.execute(sql, { fetch: true })).table.rows;
  const found = new Map<string, ShadowColumn[]>();
  const [[foreign] = []] = await read(
    `SELECT count(*) FROM duckdb_databases() WHERE type <> 'duckdb' AND NOT internal`,
  );
  if (Number(foreign) > 0) return found;
  const places = new Set(
    names.map(
      ({ database, schema }) =>
        `(${[database, schema].map((part) => quoteLiteral((part ?? '').toLowerCase())).join(', ')})`,
    ),
  );
  const wanted = new Set(names.map(nameKey));
  const rows = await read(
    `SELECT database_name, schema_name, table_name, column_name, data_type FROM duckdb_columns()
     WHERE (lower(database_name), lower(schema_name)) IN (${[...places].join(', ')}) ORDER BY table_oid, column_index`,
  );
  for (const [database, schema, identifier, name, type] of rows.map((row) => row.map(String))) {
    const key = nameKey({ database: database as string, schema: schema as string, identifier: identifier as string });
    if (!wanted.has(key)) continue;
    const columns = found.get(key) ?? [];
    columns.push({ name: name as string, type: type as string });
    found.set(key, columns);
  }
  return found;
}

/** Settings that change what DuckDB makes of a query. */
const bindingSettings = [
  'Calendar',
  'TimeZone',
  'default_collation',
  'ieee_floating_point_ops',
  'integer_division',
  'lambda_syntax',
  'old_implicit_casting',
  'order_by_non_integer_literal',
  'preserve_identifier_case',
  'scalar_subquery_error_on_multiple_rows',
];

export interface Surroundings {
  readonly settings: Readonly<Record<string, string>>;
  /** Something is loaded that DuckDB does not bring along: functions may be others than are known here. */
  readonly isExtended: boolean;
}

const ownExtensions = ['autocomplete', 'core_functions', 'icu', 'json', 'parquet', 'jemalloc'];

export async function readSurroundings(connection: AdapterConnection): Promise<Surroundings> {
  const { table } = await connection.execute(
    `SELECT name, value FROM duckdb_settings() WHERE name IN (${list(bindingSettings)}) AND value <> ''`,
    { fetch: true },
  );
  return {
    settings: Object.fromEntries(table.rows.map(([name, value]) => [String(name), String(value)])),
    isExtended: await isExtended(connection),
  };
}

/** Functions that somebody made in the database, lower case: they may go by the names of DuckDB's own. */
export async function readOwnFunctions(connection: AdapterConnection): Promise<ReadonlySet<string>> {
  const { table } = await connection.execute(
    'SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE NOT internal',
    { fetch: true },
  );
  return new Set(table.rows.map(([name]) => String(name)));
}

/** A server that is closed to files cannot list its extensions: it may have any. */
async function isExtended(connection: AdapterConnection): Promise<boolean> {
  try {
    const { table } = await connection.execute(
      `SELECT 1 FROM duckdb_extensions() WHERE loaded AND extension_name NOT IN (${list(ownExtensions)}) LIMIT 1`,
      { fetch: true },
    );
    return table.rows.length > 0;
  } catch {
    return true;
  }
}

const list = (names: readonly string[]): string => names.map(quoteLiteral).join(', ');
