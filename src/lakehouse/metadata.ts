import type { ArrowSchema } from '../arrow/index.ts';
import { quoteLiteral } from '../sql.ts';
import { arrowFieldsOf, perSchema } from './column-metadata.ts';
import { ownSchema, systemCatalog } from './names.ts';
import { queryColumns, type Session } from './rows.ts';

/** Absent parts narrow nothing; '' names what has no catalog, or no schema: nothing in DuckDB. */
export interface RelationFilter {
  readonly catalog?: string | undefined;
  /** Patterns: `%` any text, `_` any character, `\` before either takes it as it is. */
  readonly dbSchemaPattern?: string | undefined;
  readonly tablePattern?: string | undefined;
  /** Empty = all. */
  readonly tableTypes?: readonly string[];
}

export interface Relation {
  readonly catalog: string;
  readonly dbSchema: string;
  readonly name: string;
  readonly type: TableType;
}

export type TableType = 'LOCAL TEMPORARY' | 'SYSTEM TABLE' | 'TABLE' | 'VIEW';
export const tableTypes: readonly TableType[] = ['LOCAL TEMPORARY', 'SYSTEM TABLE', 'TABLE', 'VIEW'];

/** Other names that clients ask for. */
const typeAliases: Readonly<Record<string, TableType>> = { 'BASE TABLE': 'TABLE', 'LOCAL TABLE': 'LOCAL TEMPORARY' };

/** What clients may see of databases: not DuckDB's own. */
const databases = 'SELECT database_name FROM duckdb_databases() WHERE NOT internal';

/** What the server tells of itself is listed for those who name it: a tool that shows everything would show it to everybody. */
const listed = ({ catalog, tableTypes: types = [] }: RelationFilter): string =>
  catalog === undefined && !types.some((type) => type.toUpperCase() === 'SYSTEM TABLE')
    ? `database_name <> '${systemCatalog}'`
    : 'TRUE';

export async function listCatalogs(session: Session): Promise<string[]> {
  const { database_name: names } = await queryColumns(session, `${databases} AND ${listed({})} ORDER BY database_name`);
  return names as string[];
}

export interface DbSchemaName {
  readonly catalog: string;
  readonly dbSchema: string;
}

export async function listDbSchemas(session: Session, filter: RelationFilter): Promise<DbSchemaName[]> {
  const found = await queryColumns(
    session,
    `SELECT database_name, schema_name FROM duckdb_schemas()
     WHERE database_name IN (${databases}) AND schema_name <> '${ownSchema}' AND ${listed(filter)} AND ${conditions(filter)}
     ORDER BY database_name, schema_name`,
  );
  return (found.database_name as string[]).map((catalog, i) => ({
    catalog,
    dbSchema: found.schema_name?.[i] as string,
  }));
}

const relations = `
  SELECT database_name, schema_name, table_name, CASE WHEN temporary THEN 'LOCAL TEMPORARY' WHEN database_name = '${systemCatalog}' THEN 'SYSTEM TABLE' ELSE 'TABLE' END AS table_type
  FROM duckdb_tables() WHERE NOT internal
  UNION ALL
  SELECT database_name, schema_name, view_name, 'VIEW' FROM duckdb_views() WHERE NOT internal`;

/** Ours, and what a load reads from. */
const visible = `schema_name <> '${ownSchema}' AND NOT starts_with(table_name, 'duckhouse_arrow_')`;

/** Tables and views, by catalog, schema, name and type. */
export async function listRelations(session: Session, filter: RelationFilter): Promise<Relation[]> {
  const types = (filter.tableTypes ?? []).map((type) => typeAliases[type.toUpperCase()] ?? type.toUpperCase());
  const ofType = types.length === 0 ? 'TRUE' : `table_type IN (${types.map(quoteLiteral).join(', ')})`;
  const found = await queryColumns(
    session,
    `SELECT * FROM (${relations}) WHERE ${visible} AND ${listed(filter)} AND ${ofType} AND ${conditions(filter)} ORDER BY ALL`,
  );
  return (found.table_name as string[]).map((name, i) => ({
    catalog: found.database_name?.[i] as string,
    dbSchema: found.schema_name?.[i] as string,
    name,
    type: found.table_type?.[i] as TableType,
  }));
}

function conditions({ catalog, dbSchemaPattern, tablePattern }: RelationFilter): string {
  const like = (column: string, pattern: string | undefined): string[] =>
    pattern === undefined ? [] : [`${column} ILIKE ${quoteLiteral(closedPattern(pattern))} ESCAPE '\\'`];
  const parts = [
    ...(catalog === undefined ? [] : [`lower(database_name) = lower(${quoteLiteral(catalog)})`]),
    ...like('schema_name', dbSchemaPattern),
    ...like('table_name', tablePattern),
  ];
  return parts.length === 0 ? 'TRUE' : parts.join(' AND ');
}

/** An escape character that escapes nothing stands for itself. */
const closedPattern = (pattern: string): string =>
  pattern.replaceAll(/\\([\s\S]?)/g, (all, next: string) =>
    next === '%' || next === '_' || next === '\\' ? all : `\\\\${next}`,
  );

/**
 * Lists tables and views with what `make` makes of the Arrow schema of each: the columns as DuckDB knows them, with the
 * metadata Flight SQL gives columns. One statement for the columns of all of them.
 */
export function relationSchemas<T>(
  make: (schema: ArrowSchema) => T,
): (session: Session, filter: RelationFilter) => Promise<(Relation & { readonly schema: T })[]> {
  const schemaOf = perSchema(make);
  return async (session, filter) => {
    const [found, columns] = await Promise.all([listRelations(session, filter), columnsOf(session, filter)]);
    const fields = await arrowFieldsOf(session, new Set(columns.data_type as string[]));
    const rows = rowsByTable(columns);
    return found.map((relation) => ({
      ...relation,
      schema: schemaOf(relation, { columns, fields, rows: rows.get(keyOf(relation)) ?? [] }),
    }));
  };
}

/** Not sorted: rows of one table come together and in order, and what does not is put right here, for less than a sort. */
async function columnsOf(session: Session, filter: RelationFilter): Promise<Readonly<Record<string, unknown[]>>> {
  return queryColumns(
    session,
    `SELECT database_name, schema_name, table_name, column_name, column_index, data_type, is_nullable, comment,
       coalesce(starts_with(column_default, 'nextval('), false) AS auto_increment
     FROM duckdb_columns() WHERE NOT internal AND ${conditions(filter)}`,
  );
}

const keyOf = ({ catalog, dbSchema, name }: Omit<Relation, 'type'>): string => `${catalog}\0${dbSchema}\0${name}`;

/** The rows of each table, in the order of its columns. */
function rowsByTable(columns: Readonly<Record<string, unknown[]>>): Map<string, number[]> {
  const { database_name: catalogs = [], schema_name: schemas = [], table_name: tables = [] } = columns;
  const byTable = new Map<string, number[]>();
  let rows: number[] = [];
  for (let row = 0; row < tables.length; row++) {
    const before = row - 1;
    if (tables[row] !== tables[before] || schemas[row] !== schemas[before] || catalogs[row] !== catalogs[before]) {
      const key = `${catalogs[row]}\0${schemas[row]}\0${tables[row]}`;
      rows = byTable.get(key) ?? [];
      byTable.set(key, rows);
    }
    rows.push(row);
  }
  const indexes = columns.column_index as readonly number[];
  const indexOf = (row: number | undefined): number => indexes[row ?? 0] as number;
  for (const list of byTable.values())
    if (list.some((row, i) => i > 0 && indexOf(row) < indexOf(list[i - 1])))
      list.sort((a, b) => indexOf(a) - indexOf(b));
  return byTable;
}
