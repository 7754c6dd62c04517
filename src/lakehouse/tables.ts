import type { Connection, Engine } from '../engine/index.ts';
import { DuckhouseError, isDuckhouseError, nearestNames } from '../errors.ts';
import { quoteName } from '../sql.ts';
import { ownSchema, parseTableName, showTable, systemCatalog } from './names.ts';
import { queryRows, type Row } from './rows.ts';
import type { TableInfo, TableName } from './types.ts';

type Session = Pick<Engine | Connection, 'query'>;

const allRelations = `
  SELECT database_name, schema_name, table_name AS name, 'table' AS kind, comment, NULL AS sql, temporary FROM duckdb_tables() WHERE NOT internal
  UNION ALL
  SELECT database_name, schema_name, view_name, 'view', comment, sql, temporary FROM duckdb_views() WHERE NOT internal`;
const userRelations = `SELECT * FROM (${allRelations}) WHERE NOT temporary AND schema_name <> '${ownSchema}' AND database_name <> '${systemCatalog}' AND name NOT LIKE 'duckhouse_arrow_%'`;

/** User tables and views with their columns, sorted by catalog, schema and name. */
export async function listTables(session: Session): Promise<TableInfo[]> {
  const found = await queryRows(session, `${userRelations} ORDER BY ALL`);
  return withColumns(session, found, 'TRUE');
}

async function withColumns(session: Session, found: readonly Row[], where: string): Promise<TableInfo[]> {
  const columns = await queryRows(
    session,
    `SELECT database_name, schema_name, table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE NOT internal AND ${where} ORDER BY column_index`,
  );
  const byTable = groupColumns(columns);
  const counts = await countRows(session, found);
  return found.map((row) =>
    tableInfo(row, { columns: byTable.get(keyOf({ ...row, table_name: row.name })) ?? [], rows: counts.get(row) }),
  );
}

const keyOf = (row: Row): string => JSON.stringify([row.database_name, row.schema_name, row.table_name]);

/** Map.groupBy, which Node 20 lacks. */
function groupColumns(columns: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const column of columns) groups.set(keyOf(column), [...(groups.get(keyOf(column)) ?? []), column]);
  return groups;
}

/** Exact: DuckDB answers count(*) of a table from its metadata. */
async function countRows(session: Session, found: readonly Row[]): Promise<Map<Row, number>> {
  const tables = found.filter((row) => row.kind === 'table');
  if (tables.length === 0) return new Map();
  const counts = tables.map(
    (row, i) =>
      `SELECT ${i} AS i, (SELECT count(*) FROM ${quoteName(String(row.database_name), String(row.schema_name), String(row.name))}) AS n`,
  );
  const rows = await queryRows(session, counts.join(' UNION ALL '));
  return new Map(rows.map((row) => [tables[Number(row.i)] as Row, Number(row.n)]));
}

function tableInfo(
  row: Row,
  { columns, rows }: { readonly columns: readonly Row[]; readonly rows: number | undefined },
): TableInfo {
  return {
    catalog: String(row.database_name),
    dbSchema: String(row.schema_name),
    name: String(row.name),
    kind: row.kind === 'view' ? 'view' : 'table',
    rows,
    columns: columns.map((column) => ({
      name: String(column.column_name),
      type: String(column.data_type),
      nullable: column.is_nullable === true,
    })),
    ...(row.comment === null ? {} : { comment: String(row.comment) }),
    ...(row.sql === null ? {} : { sql: String(row.sql) }),
  };
}

/** The relation a name means, as DuckDB resolves it: absent parts are the session's current ones. */
export async function findTable(session: Session, name: TableName): Promise<TableInfo | undefined> {
  const found = await queryRows(
    session,
    `SELECT * FROM (${allRelations}) WHERE lower(name) = lower($table)
       AND lower(schema_name) = lower(coalesce($dbSchema, current_schema()))
       AND lower(database_name) = lower(coalesce($catalog, current_catalog()))`,
    { params: { table: name.table, dbSchema: name.dbSchema ?? null, catalog: name.catalog ?? null } },
  );
  const row = found[0];
  if (row === undefined) return undefined;
  const where = ['database_name', 'schema_name'].map(
    (column) => `${column} = '${String(row[column]).replaceAll("'", "''")}'`,
  );
  return (
    await withColumns(
      session,
      [row],
      [...where, `table_name = '${String(row.name).replaceAll("'", "''")}'`].join(' AND '),
    )
  )[0];
}

/** NotFound with the nearest names of the catalog. */
export async function describeTable(session: Session, name: TableName): Promise<TableInfo> {
  const found = await findTable(session, name);
  if (found !== undefined) return found;
  throw await tableNotFound(session, name);
}

export async function tableNotFound(session: Session, name: TableName): Promise<DuckhouseError> {
  const relations = await queryRows(session, `${userRelations} ORDER BY ALL`);
  const near = nearestNames(
    name.table,
    relations.map((row) => String(row.name)),
  );
  const candidates = near
    .flatMap((table) => relations.filter((row) => row.name === table))
    .flatMap((row) => otherNameOf(row, name) ?? [])
    .slice(0, 3);
  return new DuckhouseError('NotFound', `table ${showTable(name)} does not exist`, {
    id: 'table-not-found',
    context: { name: showTable(name), candidates },
    ...(candidates.length === 0 ? {} : { hint: `did you mean ${candidates.join(', ')}?` }),
  });
}

/** The shortest name of a relation that says more than the one that was not found. */
function otherNameOf(row: Row, asked: TableName): string | undefined {
  const [catalog, dbSchema, table] = [row.database_name, row.schema_name, row.name].map(String) as [
    string,
    string,
    string,
  ];
  const missing = showTable(asked);
  const names = [
    ...(dbSchema === 'main' && asked.dbSchema === undefined ? [table] : []),
    ...(asked.catalog === undefined ? [`${dbSchema}.${table}`] : []),
    `${catalog}.${dbSchema}.${table}`,
  ];
  return names.find((shown) => shown.toLowerCase() !== missing.toLowerCase());
}

/** DuckDB proposes names out of its own catalog; ours are those of the user's tables. */
export async function explained<T>(session: Session, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isDuckhouseError(error) || error.id !== 'table-not-found' || typeof error.context.name !== 'string')
      throw error;
    const better = await tableNotFound(session, parseTableName(error.context.name));
    throw new DuckhouseError(better.kind, better.message, {
      ...better,
      context: { ...error.context, ...better.context },
      cause: error,
    });
  }
}

export async function currentCatalog(session: Session): Promise<string> {
  const [row] = await queryRows(session, 'SELECT current_catalog() AS catalog');
  return String(row?.catalog);
}
