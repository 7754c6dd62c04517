/** What people who are no administrators may use. Everything that is not named here is refused. */

/** Table functions: they make rows, or tell of the catalog. None reads a file, a setting or somebody else's session. */
export const tableFunctions: ReadonlySet<string> = new Set([
  'seq_scan',
  'column_data_scan',
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
  'json_each',
  'json_tree',
  'summary',
  'icu_calendar_names',
  'pg_timezone_names',
  'duckdb_columns',
  'duckdb_constraints',
  'duckdb_coordinate_systems',
  'duckdb_databases',
  'duckdb_dependencies',
  'duckdb_functions',
  'duckdb_indexes',
  'duckdb_keywords',
  'duckdb_schemas',
  'duckdb_sequences',
  'duckdb_tables',
  'duckdb_types',
  'duckdb_variables',
  'duckdb_views',
  'pragma_collations',
  'pragma_platform',
  'pragma_show',
  'pragma_table_info',
  'pragma_user_agent',
  'pragma_version',
]);

/** Scalar functions that do more than compute: bind SQL of their own, write the log, hold a thread. */
export const refusedFunctions: ReadonlySet<string> = new Set([
  'getenv',
  'json_serialize_plan',
  'write_log',
  'sleep_ms',
  'pg_sleep',
]);

/** Scalar functions that change something kept. */
export const writingFunctions: ReadonlySet<string> = new Set(['nextval']);

/** Settings that a session may have its own way; each is DuckDB's, local to the session and without effect on others. */
export const sessionSettings: ReadonlySet<string> = new Set([
  'schema',
  'search_path',
  'timezone',
  'calendar',
  'integer_division',
  'ieee_floating_point_ops',
  'scalar_subquery_error_on_multiple_rows',
  'order_by_non_integer_literal',
  'lambda_syntax',
  'pivot_limit',
  'explain_output',
  'enable_progress_bar',
  'profiling_mode',
  'dynamic_or_filter_threshold',
  'nested_loop_join_threshold',
  'merge_join_threshold',
  'ordered_aggregate_threshold',
  'perfect_ht_threshold',
  'prefer_range_joins',
]);

/** Settings anybody may ask `current_setting` for. */
export const readableSettings: ReadonlySet<string> = new Set([
  ...sessionSettings,
  'threads',
  'worker_threads',
  'memory_limit',
  'max_memory',
  'access_mode',
  'default_order',
  'default_null_order',
  'null_order',
  'default_collation',
  'preserve_insertion_order',
]);

/** PRAGMA statements that are only questions. */
export const readingPragmas: ReadonlySet<string> = new Set([
  'version',
  'platform',
  'user_agent',
  'collations',
  'table_info',
  'show_tables',
  'show_tables_expanded',
  'show_databases',
  'database_list',
]);

/** Table functions over files that a view may stand on. */
export const fileScans: ReadonlySet<string> = new Set([
  'parquet_scan',
  'read_parquet',
  'read_csv',
  'read_csv_auto',
  'read_json',
  'read_json_auto',
  'read_json_objects',
  'read_json_objects_auto',
  'read_ndjson',
  'read_ndjson_auto',
  'read_ndjson_objects',
  'read_text',
  'read_blob',
]);

/** Those whose plan tells which files: a table in the lake is one of these. */
export const lakeScans: ReadonlySet<string> = new Set(['parquet_scan', 'read_parquet']);

/** DuckDB's own views of what others did. */
export const hiddenRelations: ReadonlySet<string> = new Set(['duckdb_logs', 'duckdb_logs_parsed']);

/** The topmost operators of what a writer does beside reading. */
export const writingOperators: ReadonlySet<string> = new Set([
  'LOGICAL_INSERT',
  'LOGICAL_UPDATE',
  'LOGICAL_DELETE',
  'LOGICAL_MERGE_INTO',
  'LOGICAL_CREATE_TABLE',
  'LOGICAL_CREATE_VIEW',
  'LOGICAL_CREATE_SCHEMA',
  'LOGICAL_CREATE_SEQUENCE',
  'LOGICAL_CREATE_TYPE',
  'LOGICAL_CREATE_INDEX',
  'LOGICAL_ALTER',
  'LOGICAL_DROP',
  'LOGICAL_VACUUM',
]);

/** Kinds of catalog entries a writer may make, change and drop: no macros, no secrets. */
export const writableEntries: ReadonlySet<string | undefined> = new Set([
  undefined,
  'TABLE_ENTRY',
  'VIEW_ENTRY',
  'SCHEMA_ENTRY',
  'SEQUENCE_ENTRY',
  'TYPE_ENTRY',
  'INDEX_ENTRY',
  'ALTER_TABLE',
  'ALTER_VIEW',
  'SET_COMMENT',
  'SET_COLUMN_COMMENT',
  'PREPARED_STATEMENT',
]);

/** The server's own schemas: nobody but an administrator changes them. */
export const ownSchemas: ReadonlySet<string | undefined> = new Set(['_duckhouse', 'system']);

/** What the server tells of everybody: for administrators. */
export const hiddenCatalogs: ReadonlySet<string> = new Set(['duckhouse_system']);

/** Operators of queries, and of what changes nothing but the session. */
export const readingOperators: ReadonlySet<string> = new Set(
  [
    'PROJECTION',
    'FILTER',
    'AGGREGATE_AND_GROUP_BY',
    'WINDOW',
    'UNNEST',
    'LIMIT',
    'ORDER_BY',
    'TOP_N',
    'DISTINCT',
    'SAMPLE',
    'PIVOT',
    'GET',
    'CHUNK_GET',
    'DELIM_GET',
    'EXPRESSION_GET',
    'DUMMY_SCAN',
    'EMPTY_RESULT',
    'CTE_REF',
    'JOIN',
    'DELIM_JOIN',
    'COMPARISON_JOIN',
    'ANY_JOIN',
    'CROSS_PRODUCT',
    'POSITIONAL_JOIN',
    'ASOF_JOIN',
    'DEPENDENT_JOIN',
    'UNION',
    'EXCEPT',
    'INTERSECT',
    'RECURSIVE_CTE',
    'MATERIALIZED_CTE',
    'SET',
    'RESET',
    'TRANSACTION',
  ].map((name) => `LOGICAL_${name}`),
);
