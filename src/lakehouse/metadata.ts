import type { ArrowSchema } from '../arrow/index.ts';
import { quoteLiteral } from '../sql.ts';
import { type DescribedTable, describedColumns, perSchema } from './column-metadata.ts';
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

const wantedTypes = ({ tableTypes: types = [] }: RelationFilter): string[] =>
  types.map((type) => typeAliases[type.toUpperCase()] ?? type.toUpperCase());

/** Tables and views, by catalog, schema, name and type. */
export async function listRelations(session: Session, filter: RelationFilter): Promise<Relation[]> {
  const types = wantedTypes(filter);
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
 * metadata Flight SQL gives columns. One statement for all of them: duckdb_tables() would write down how each is made.
 */
export function relationSchemas(
  make: (schema: ArrowSchema) => Uint8Array,
): (session: Session, filter: RelationFilter) => Promise<(Relation & { readonly schema: Uint8Array })[]> {
  const schemasOf = perSchema(make);
  return async (session, filter) => {
    const types = wantedTypes(filter);
    const found = await describedRelations(session, filter);
    const wanted = types.length === 0 ? found : found.filter(({ type }) => types.includes(type));
    const schemas = await schemasOf(session, wanted);
    return wanted.map(({ catalog, dbSchema, name, type }, i) => ({
      catalog,
      dbSchema,
      name,
      type,
      schema: schemas[i] as Uint8Array,
    }));
  };
}

async function describedRelations(session: Session, filter: RelationFilter): Promise<(Relation & DescribedTable)[]> {
  const of = `NOT internal AND ${visible} AND ${listed(filter)} AND ${conditions(filter)}`;
  const found = await queryColumns(
    session,
    `SELECT database_name, schema_name, table_name, coalesce(columns, '') AS columns, coalesce(is_view, false) AS is_view
     FROM (SELECT database_name, schema_name, table_name, ${describedColumns} AS columns FROM duckdb_columns() WHERE ${of} GROUP BY ALL)
     FULL JOIN (SELECT database_name, schema_name, table_name, true AS is_view
       FROM (SELECT *, view_name AS table_name FROM duckdb_views()) WHERE ${of}) USING (database_name, schema_name, table_name)
     ORDER BY database_name, schema_name, table_name, is_view`,
  );
  const { database_name: catalogs = [], schema_name: schemas = [], table_name: names = [] } = found;
  return names.map((name, i) => ({
    catalog: catalogs[i] as string,
    dbSchema: schemas[i] as string,
    name: name as string,
    type: typeOf(catalogs[i] as string, found.is_view?.[i] === true),
    columns: found.columns?.[i] as string,
  }));
}

function typeOf(catalog: string, isView: boolean): TableType {
  if (isView) return 'VIEW';
  if (catalog === 'temp') return 'LOCAL TEMPORARY';
  return catalog === systemCatalog ? 'SYSTEM TABLE' : 'TABLE';
}
