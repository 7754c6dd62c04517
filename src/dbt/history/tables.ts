import type { Connection } from '../../engine/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import { readTable } from '../adapter/table.ts';

/** Schema of what Duckhouse keeps beside the project's own relations. */
export const historySchema = '_duckhouse';

export type HistoryTable =
  | 'dbt_runs'
  | 'dbt_results'
  | 'dbt_freshness'
  | 'dbt_nodes'
  | 'dbt_tests'
  | 'dbt_columns'
  | 'dbt_edges'
  | 'dbt_column_lineage';

export type HistoryRow = Readonly<Record<string, string | number | boolean | null>>;

/** Columns of each table, with DuckDB's types. */
export const historyTables: Readonly<Record<HistoryTable, Readonly<Record<string, string>>>> = {
  dbt_runs: {
    invocation_id: 'VARCHAR',
    project: 'VARCHAR',
    target: 'VARCHAR',
    command: 'VARCHAR',
    success: 'BOOLEAN',
    started_at: 'TIMESTAMPTZ',
    elapsed_seconds: 'DOUBLE',
    node_count: 'BIGINT',
    args: 'JSON',
    dbt_version: 'VARCHAR',
    manifest_hash: 'VARCHAR',
  },
  dbt_results: {
    invocation_id: 'VARCHAR',
    unique_id: 'VARCHAR',
    resource_type: 'VARCHAR',
    name: 'VARCHAR',
    status: 'VARCHAR',
    message: 'VARCHAR',
    failures: 'BIGINT',
    rows_affected: 'BIGINT',
    started_at: 'TIMESTAMPTZ',
    compile_seconds: 'DOUBLE',
    execute_seconds: 'DOUBLE',
    total_seconds: 'DOUBLE',
    thread: 'VARCHAR',
    relation_name: 'VARCHAR',
  },
  dbt_freshness: {
    invocation_id: 'VARCHAR',
    unique_id: 'VARCHAR',
    status: 'VARCHAR',
    max_loaded_at: 'TIMESTAMPTZ',
    snapshotted_at: 'TIMESTAMPTZ',
    age_seconds: 'DOUBLE',
    error: 'VARCHAR',
  },
  dbt_nodes: {
    project: 'VARCHAR',
    unique_id: 'VARCHAR',
    resource_type: 'VARCHAR',
    name: 'VARCHAR',
    package: 'VARCHAR',
    path: 'VARCHAR',
    materialized: 'VARCHAR',
    relation_name: 'VARCHAR',
    tags: 'VARCHAR[]',
    group_name: 'VARCHAR',
    access: 'VARCHAR',
    description: 'VARCHAR',
    checksum: 'VARCHAR',
  },
  dbt_tests: {
    project: 'VARCHAR',
    unique_id: 'VARCHAR',
    test_name: 'VARCHAR',
    tested_id: 'VARCHAR',
    column_name: 'VARCHAR',
    severity: 'VARCHAR',
  },
  dbt_columns: {
    project: 'VARCHAR',
    unique_id: 'VARCHAR',
    column_name: 'VARCHAR',
    data_type: 'VARCHAR',
    description: 'VARCHAR',
  },
  dbt_edges: { project: 'VARCHAR', parent_id: 'VARCHAR', child_id: 'VARCHAR' },
  dbt_column_lineage: {
    project: 'VARCHAR',
    unique_id: 'VARCHAR',
    column_name: 'VARCHAR',
    upstream_id: 'VARCHAR',
    upstream_relation: 'VARCHAR',
    upstream_column: 'VARCHAR',
    kind: 'VARCHAR',
  },
};

/** Tables that say what the project is, as it was last: written anew when it has changed. */
export const projectTables: readonly HistoryTable[] = ['dbt_nodes', 'dbt_tests', 'dbt_columns', 'dbt_edges'];

export const tableName = (database: string, table: HistoryTable): string =>
  `${quoteIdentifier(database)}.${historySchema}.${table}`;

/** What makes the schema and those of the tables that are not there. */
export function creationText(database: string): string {
  const tables = Object.entries(historyTables).map(([table, columns]) => {
    const list = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
    return `CREATE TABLE IF NOT EXISTS ${tableName(database, table as HistoryTable)} (${list.join(', ')})`;
  });
  return [`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(database)}.${historySchema}`, ...tables].join(';\n');
}

/** Whether a database is DuckDB's own and may be written: tables are kept in no other. */
export async function mayKeepTables(connection: Connection, database: string): Promise<boolean> {
  const result = await connection.query(
    `SELECT 1 FROM duckdb_databases()
     WHERE lower(database_name) = lower(${quoteLiteral(database)}) AND type = 'duckdb' AND NOT readonly`,
  );
  return (await readTable(result)).rows.length > 0;
}
