import { quoteLiteral } from '../sql.ts';
import { queryColumns, type Session } from './rows.ts';

/** One table, in whatever catalog and schema when these are absent. */
export interface TableReference {
  readonly catalog?: string | undefined;
  readonly dbSchema?: string | undefined;
  readonly table: string;
}

/** A column of a primary key; `sequence` counts from 1. */
export interface KeyColumn {
  readonly catalog: string;
  readonly dbSchema: string;
  readonly table: string;
  readonly column: string;
  readonly sequence: number;
  readonly key: string;
}

/** A column of a foreign key beside the one it refers to. */
export interface ReferenceColumn {
  readonly pk: KeyColumn;
  readonly fk: KeyColumn;
}

/** By catalog, schema, table, key and sequence. */
export async function primaryKeys(session: Session, table: TableReference): Promise<KeyColumn[]> {
  const found = await queryColumns(
    session,
    `SELECT database_name AS catalog, schema_name AS db_schema, table_name AS "table",
       unnest(constraint_column_names) AS "column", generate_subscripts(constraint_column_names, 1) AS sequence, constraint_name AS key
     FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' AND ${isTable('', table)}
     ORDER BY catalog, db_schema, "table", key, sequence`,
  );
  return (found.table as string[]).map((_, row) => keyColumn(found, row, ''));
}

/**
 * Foreign keys joined with the key they refer to, which DuckDB keeps in the same catalog and schema. `order` says whose
 * names come first; at least one of the tables is given.
 */
export async function references(
  session: Session,
  { pk, fk, order }: { readonly pk?: TableReference; readonly fk?: TableReference; readonly order: 'pk' | 'fk' },
): Promise<ReferenceColumn[]> {
  const where = [...(pk === undefined ? [] : [isTable('pk_', pk)]), ...(fk === undefined ? [] : [isTable('fk_', fk)])];
  const found = await queryColumns(
    session,
    `SELECT * FROM (${joined}) WHERE ${where.join(' AND ')}
     ORDER BY ${['catalog', 'db_schema', 'table', 'key'].map((name) => `${order}_${name}`).join(', ')}, sequence,
       fk_catalog, fk_db_schema, fk_table, fk_key`,
  );
  return (found.sequence as unknown[]).map((_, row) => ({
    pk: keyColumn(found, row, 'pk_'),
    fk: keyColumn(found, row, 'fk_'),
  }));
}

const joined = `
  SELECT f.database_name AS fk_catalog, f.schema_name AS fk_db_schema, f.table_name AS fk_table,
    unnest(f.constraint_column_names) AS fk_column, f.constraint_name AS fk_key,
    f.database_name AS pk_catalog, f.schema_name AS pk_db_schema, f.referenced_table AS pk_table,
    unnest(f.referenced_column_names) AS pk_column, p.constraint_name AS pk_key,
    generate_subscripts(f.constraint_column_names, 1) AS sequence
  FROM duckdb_constraints() f
  LEFT JOIN duckdb_constraints() p
    ON p.database_name = f.database_name AND p.schema_name = f.schema_name AND p.table_name = f.referenced_table
    AND p.constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND p.constraint_column_names = f.referenced_column_names
  WHERE f.constraint_type = 'FOREIGN KEY'`;

function isTable(prefix: '' | 'pk_' | 'fk_', { catalog, dbSchema, table }: TableReference): string {
  const columns =
    prefix === ''
      ? { catalog: 'database_name', dbSchema: 'schema_name', table: 'table_name' }
      : { catalog: `${prefix}catalog`, dbSchema: `${prefix}db_schema`, table: `${prefix}table` };
  const is = (column: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`lower(${column}) = lower(${quoteLiteral(value)})`];
  return [...is(columns.catalog, catalog), ...is(columns.dbSchema, dbSchema), ...is(columns.table, table)].join(
    ' AND ',
  );
}

function keyColumn(found: Readonly<Record<string, unknown[]>>, row: number, prefix: '' | 'pk_' | 'fk_'): KeyColumn {
  const at = (name: string): string => found[`${prefix}${name}`]?.[row] as string;
  return {
    catalog: at('catalog'),
    dbSchema: at('db_schema'),
    table: at('table'),
    column: at('column'),
    key: at('key'),
    sequence: Number(found.sequence?.[row]),
  };
}
