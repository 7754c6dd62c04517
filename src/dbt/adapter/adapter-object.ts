import path from 'node:path';
import { type DuckhouseError, isDuckhouseError } from '../../errors.ts';
import {
  type Args,
  fromJs,
  hostFunction,
  type Kwargs,
  PyDict,
  PyError,
  PyObject,
  PyTuple,
  readArguments,
  str,
  toJs,
  truth,
  type Value,
} from '../../jinja/index.ts';
import { quoteLiteral } from '../../sql.ts';
import type { ModelConstraint } from '../manifest-types.ts';
import { own } from '../plain.ts';
import {
  bindLiterals,
  builtinStrategies,
  columnDefinitionOf,
  hardDeletes,
  IndexObject,
  iterateValue,
  strategyMacro,
  withOptions,
} from './adapter-helpers.ts';
import { BehaviorObject, ResponseObject } from './answers.ts';
import { type RelationCache, readRelations, type SchemaName } from './cache.ts';
import { Column } from './column.ts';
import { ColumnObject } from './column-object.ts';
import { type ConstrainedColumn, columnDefinition, modelConstraint } from './constraints.ts';
import { type AdapterConnection, type DbtDatabase, databaseErrorText } from './database.ts';
import { externalReadLocation, externalWriteOptions } from './external.ts';
import { Relation } from './relation.ts';
import { relationClass, relationOf, relationValue } from './relation-object.ts';
import { columnTypeOf } from './seed.ts';
import type { ResultTable } from './table.ts';
import { TableObject } from './table-object.ts';

/** What the adapter of one node needs of its run. */
export interface AdapterHost {
  readonly database: DbtDatabase;
  readonly cache: RelationCache;
  readonly projectName: string;
  readonly quoting: Readonly<Record<string, boolean | null | undefined>>;
  readonly flags: Readonly<Record<string, unknown>>;
  /** The node's connection, opened when first asked for. */
  connection(): Promise<AdapterConnection>;
  /** The macro that `adapter.dispatch` finds, ready to be called. */
  dispatch(name: string, namespace: string | null): Value;
  /** What the project's own macro of a method's name gives; undefined when there is none. */
  overridden(name: string, kwargs: Kwargs): Promise<Value | undefined>;
  print(text: string): void;
  warnOnce(message: string): void;
  /** Runs a Python model; the response's text. */
  submitPython(model: Value, code: string): Promise<Value>;
  /** Put before every statement. */
  comment(sql: string): string;
  readonly projectRoot: string;
}

/** Runs a statement as templates do: a failure becomes dbt's database error. */
export async function runSql(
  host: AdapterHost,
  sql: string,
  options: { readonly autoBegin?: boolean; readonly fetch?: boolean; readonly limit?: number | undefined } = {},
): Promise<{ readonly table: ResultTable }> {
  const connection = await host.connection();
  const commented = host.comment(sql);
  try {
    return await connection.execute(commented, options);
  } catch (error) {
    throw databaseError(error, commented);
  }
}

/** An error of DuckDB with dbt's kind and DuckDB's whole text; others stay as they are. */
export function databaseError(error: unknown, sql?: string): unknown {
  if (!isDuckhouseError(error) || error instanceof PyError || error.kind === 'Cancelled') return error;
  return new PyError('DbtRuntimeError', databaseErrorText(error, sql), {
    kind: error.kind,
    context: error.context,
    cause: error,
  });
}

type Method = (host: AdapterHost, args: Args, kwargs: Kwargs) => Value | Promise<Value>;

/** `adapter` of templates. */
export class AdapterObject extends PyObject {
  readonly typeName = 'DatabaseWrapper';
  readonly host: AdapterHost;
  readonly #bound = new Map<string, Value>();

  constructor(host: AdapterHost) {
    super();
    this.host = host;
  }
  override attr(name: string): Value | undefined {
    if (name === 'Relation') return relationClass(this.host.quoting);
    if (name === 'config') return adapterConfig(this.host);
    if (name === 'behavior') return new BehaviorObject(this.host.flags);
    const method = own(methods, name);
    if (method === undefined) return undefined;
    const known = this.#bound.get(name) ?? hostFunction(name, (args, kwargs) => method(this.host, args, kwargs));
    this.#bound.set(name, known);
    return known;
  }
  override truth(): boolean {
    return true;
  }
}

/** What packages read of `adapter.config.credentials`: names, never secrets. */
function adapterConfig({ database, projectName }: AdapterHost): Value {
  const { credentials } = database;
  const shown = {
    type: 'duckdb',
    database: credentials.database,
    schema: credentials.schema,
    path: credentials.path,
    external_root: credentials.externalRoot,
    threads: credentials.threads,
  };
  return fromJs({ project_name: projectName, credentials: shown });
}

const schemaArguments = ['database', 'schema'] as const;
const schemaOf = (name: string, args: Args, kwargs: Kwargs): SchemaName => {
  const { database, schema } = readArguments(name, schemaArguments, args, kwargs);
  return { database: str(database), schema: str(schema) };
};

const schemaOfRelation = ({ database, schema }: Relation): SchemaName => ({
  database: database ?? '',
  schema: schema ?? '',
});

async function listRelations(host: AdapterHost, schema: SchemaName): Promise<readonly Relation[]> {
  await host.cache.fill(await host.connection(), [schema]);
  return host.cache.list(schema) ?? [];
}

/** Columns as DuckDB describes them; none when there is no such relation. */
export async function columnsOf(host: AdapterHost, relation: Relation): Promise<Column[]> {
  const connection = await host.connection();
  try {
    const columns = await connection.describe(`SELECT * FROM ${relation.render()}`);
    return columns.map(({ name, type }) => new Column(name, type));
  } catch (error) {
    if (isDuckhouseError(error) && isMissing(error)) return [];
    throw databaseError(error, relation.render());
  }
}

/** The table, its schema or its catalog is not there; DuckDB has a kind of its own for the first only. */
const isMissing = ({ kind, message }: DuckhouseError): boolean =>
  kind === 'NotFound' || /\b(schema|catalog) "[^"]*" does not exist/i.test(message);

async function createSchema(host: AdapterHost, relation: Relation): Promise<void> {
  await runSql(host, `create schema if not exists ${relation.withoutIdentifier().render()}`, { autoBegin: true });
  await (await host.connection()).commit();
}

async function drop(host: AdapterHost, relation: Relation): Promise<void> {
  host.cache.drop(relation);
  const kind = relation.type === 'view' || relation.type === 'external' ? 'view' : (relation.type ?? 'table');
  await runSql(host, `drop ${kind} if exists ${relation.render()} cascade`);
}

async function rename(host: AdapterHost, from: Relation, to: Relation): Promise<void> {
  host.cache.rename(from, to);
  const kind = (to.type ?? from.type) === 'view' ? 'view' : 'table';
  await runSql(host, `alter ${kind} ${from.render()} rename to "${to.identifier}"`, { autoBegin: true });
}

const response = (message: string): Value => new ResponseObject(message, null, null);

const methods: Readonly<Record<string, Method>> = {
  type: () => 'duckdb',
  date_function: () => 'now()',
  quote: (_, [identifier = null]) => `"${str(identifier)}"`,
  quote_as_configured(host, args, kwargs) {
    const { identifier, quote_key } = readArguments('quote_as_configured', ['identifier', 'quote_key'], args, kwargs);
    return (host.quoting[str(quote_key)] ?? true) ? `"${str(identifier)}"` : str(identifier);
  },
  quote_seed_column(host, args, kwargs) {
    const { column, quote_config } = readArguments('quote_seed_column', ['column', 'quote_config'], args, kwargs);
    const quoted = quote_config === null ? (host.quoting.column ?? true) : truth(quote_config);
    return quoted ? `"${str(column)}"` : str(column);
  },
  dispatch(host, args, kwargs) {
    const names = ['macro_name', 'macro_namespace', 'packages'] as const;
    const given = readArguments('dispatch', names, args, kwargs, { macro_namespace: null, packages: null });
    const namespace = given.macro_namespace === null ? null : str(given.macro_namespace);
    return host.dispatch(str(given.macro_name), namespace);
  },

  async execute(host, args, kwargs) {
    const names = ['sql', 'auto_begin', 'fetch', 'limit'] as const;
    const given = readArguments('execute', names, args, kwargs, { auto_begin: false, fetch: false, limit: null });
    const { table } = await runSql(host, str(given.sql), {
      autoBegin: truth(given.auto_begin),
      fetch: truth(given.fetch),
      limit: given.limit === null ? undefined : Number(given.limit),
    });
    return new PyTuple([response('OK'), new TableObject(table, host.print)]);
  },
  async add_query(host, args, kwargs) {
    const names = ['sql', 'auto_begin', 'bindings', 'abridge_sql_log'] as const;
    const defaults = { auto_begin: true, bindings: null, abridge_sql_log: false };
    const given = readArguments('add_query', names, args, kwargs, defaults);
    const bindings = given.bindings === null ? [] : [...iterateValue(given.bindings)];
    const sql = bindings.length === 0 ? str(given.sql) : bindLiterals(str(given.sql), bindings);
    const { table } = await runSql(host, sql, { autoBegin: truth(given.auto_begin), fetch: true });
    return new PyTuple([null, new TableObject(table, host.print)]);
  },
  async run_sql_for_tests(host, [sql = null]) {
    return new TableObject((await runSql(host, str(sql), { fetch: true })).table, host.print);
  },
  async commit(host) {
    await (await host.connection()).commit();
    return '';
  },
  async ensure_transaction(host) {
    const connection = await host.connection();
    if (!connection.isOpenTransaction()) await connection.begin();
    return null;
  },
  async validate_sql(host, [sql = null]) {
    await (await host.connection()).describe(str(sql));
    return response('OK');
  },

  async get_relation(host, args, kwargs) {
    const given = readArguments('get_relation', ['database', 'schema', 'identifier'], args, kwargs);
    const schema = { database: str(given.database), schema: str(given.schema) };
    await host.cache.fill(await host.connection(), [schema]);
    return relationValue(host.cache.find({ ...schema, identifier: str(given.identifier) }));
  },
  async list_relations(host, args, kwargs) {
    return (await listRelations(host, schemaOf('list_relations', args, kwargs))).map((found) => relationValue(found));
  },
  async list_relations_without_caching(host, [schema]) {
    const relation = relationOf(schema, 'schema_relation');
    return (await readRelations(await host.connection(), [schemaOfRelation(relation)])).map((found) =>
      relationValue(found),
    );
  },
  async already_exists(host, args, kwargs) {
    const { schema, name } = readArguments('already_exists', ['schema', 'name'], args, kwargs);
    const relations = await listRelations(host, { database: host.database.credentials.database, schema: str(schema) });
    return relations.some(({ identifier }) => identifier?.toLowerCase() === str(name).toLowerCase());
  },
  async check_schema_exists(host, args, kwargs) {
    const { database, schema } = schemaOf('check_schema_exists', args, kwargs);
    const { table } = await runSql(
      host,
      `select 1 from duckdb_schemas() where lower(database_name) = lower(${quoteLiteral(database)}) and lower(schema_name) = lower(${quoteLiteral(schema)})`,
      { fetch: true },
    );
    return table.rows.length > 0;
  },
  async create_schema(host, [schema]) {
    await createSchema(host, relationOf(schema, 'relation'));
    return '';
  },
  async drop_schema(host, [schema]) {
    const relation = relationOf(schema, 'relation').withoutIdentifier();
    await runSql(host, `drop schema if exists ${relation.render()} cascade`, { autoBegin: true });
    await (await host.connection()).commit();
    host.cache.forgetSchema(schemaOfRelation(relation));
    return '';
  },
  async drop_relation(host, [relation = null]) {
    if (relation !== null) await drop(host, relationOf(relation, 'relation'));
    return '';
  },
  async truncate_relation(host, [relation]) {
    await runSql(host, `truncate table ${relationOf(relation, 'relation').render()}`, { autoBegin: true });
    return '';
  },
  async rename_relation(host, args, kwargs) {
    const given = readArguments('rename_relation', ['from_relation', 'to_relation'], args, kwargs);
    await rename(host, relationOf(given.from_relation, 'from_relation'), relationOf(given.to_relation, 'to_relation'));
    return '';
  },
  cache_added(host, [relation = null]) {
    if (relation !== null) host.cache.add(relationOf(relation, 'relation'));
    return '';
  },
  cache_dropped(host, [relation = null]) {
    if (relation !== null) host.cache.drop(relationOf(relation, 'relation'));
    return '';
  },
  cache_renamed(host, [from, to]) {
    host.cache.rename(relationOf(from, 'from_relation'), relationOf(to, 'to_relation'));
    return '';
  },
  async get_columns_in_relation(host, args, kwargs) {
    const { relation = null } = readArguments('get_columns_in_relation', ['relation'], args, kwargs);
    const own = await host.overridden('get_columns_in_relation', new Map([['relation', relation]]));
    if (own !== undefined) return own;
    return (await columnsOf(host, relationOf(relation, 'relation'))).map((column) => new ColumnObject(column));
  },
  async get_columns_in_table(host, [schema = null, identifier = null]) {
    const relation = new Relation({
      database: host.database.credentials.database,
      schema: str(schema),
      identifier: str(identifier),
    });
    return (await columnsOf(host, relation)).map((column) => new ColumnObject(column));
  },
  async get_missing_columns(host, args, kwargs) {
    const given = readArguments('get_missing_columns', ['from_relation', 'to_relation'], args, kwargs);
    const from = await columnsOf(host, relationOf(given.from_relation, 'from_relation'));
    const to = new Set((await columnsOf(host, relationOf(given.to_relation, 'to_relation'))).map(({ name }) => name));
    return from.filter(({ name }) => !to.has(name)).map((column) => new ColumnObject(column));
  },
  expand_target_column_types: () => null,
  async get_column_schema_from_query(host, [sql = null]) {
    const connection = await host.connection();
    try {
      const columns = await connection.describe(`(${str(sql)})`);
      return columns.flatMap(({ name, type }) =>
        new Column(name, type).flatten().map((leaf) => new ColumnObject(leaf)),
      );
    } catch (error) {
      await connection.rollback();
      throw databaseError(error, str(sql));
    }
  },
  get_partitions_metadata: () => null,

  verify_database: () => '',
  nice_connection_name: async (host) => (await host.connection()).name,
  valid_incremental_strategies: () => ['append', 'delete+insert', 'merge', 'microbatch'],
  builtin_incremental_strategies: () => builtinStrategies,
  get_incremental_strategy_macro(host, args, kwargs) {
    const given = readArguments('get_incremental_strategy_macro', ['model_context', 'strategy'], args, kwargs);
    return strategyMacro(host, given.model_context, given.strategy);
  },
  standardize_grants_dict(_, [table]) {
    const grants = new Map<string, Value[]>();
    for (const row of table instanceof TableObject ? table.rows().values() : []) {
      const [privilege, grantee] = ['privilege_type', 'grantee'].map((name) => (row as PyObject).item(name) ?? null);
      grants.set(str(privilege as Value), [...(grants.get(str(privilege as Value)) ?? []), grantee as Value]);
    }
    return new PyDict(grants);
  },
  convert_type: (_, [table, index]) => columnTypeOf((table as TableObject).table, Number(index)),
  convert_datetimes_to_strs: (_, [table = null]) => table,
  render_raw_columns_constraints(_, args, kwargs) {
    const { raw_columns } = readArguments('render_raw_columns_constraints', ['raw_columns'], args, kwargs);
    return Object.values(toJs(raw_columns) as Record<string, ConstrainedColumn>).map(columnDefinition);
  },
  render_raw_model_constraints(_, args, kwargs) {
    const { raw_constraints } = readArguments('render_raw_model_constraints', ['raw_constraints'], args, kwargs);
    const rendered = (toJs(raw_constraints) as ModelConstraint[]).map(modelConstraint);
    return rendered.filter((text) => text !== undefined);
  },
  render_column_constraint: (_, [constraint = null]) => columnDefinitionOf(constraint),

  valid_snapshot_target: async (host, [relation, names = null]) =>
    checkSnapshotTarget(host, relation, names, undefined),
  assert_valid_snapshot_target_given_strategy: async (host, [relation, names = null, strategy]) =>
    checkSnapshotTarget(host, relation, names, strategy),
  get_hard_deletes_behavior: (_, [config]) => hardDeletes(config),

  is_motherduck: () => false,
  disable_transactions: (host) => host.database.credentials.disableTransactions,
  is_ducklake: () => false,
  use_ducklake_table_workarounds: () => false,
  catalog_supports_foreign_keys: () => true,
  escape_sql_string: (_, [value = null]) => str(value).replaceAll("'", "''"),
  get_binding_char: () => '?',
  external_root: (host) => host.database.credentials.externalRoot,
  get_seed_file_path(_, [model]) {
    const node = model as PyObject;
    return path.join(str(node.item('root_path') ?? ''), str(node.item('original_file_path') ?? ''));
  },
  /** Not dbt's own: whether statements may name files here. */
  may_name_files: (host) => host.database.engine.isGuarded !== true,
  external_write_options: (_, [location = null, options]) =>
    withOptions(options, (map) => externalWriteOptions(str(location), map)),
  external_read_location: (_, [location = null, options]) =>
    withOptions(options, (map) => externalReadLocation(str(location), map)),
  async location_exists(host, [location = null]) {
    return runSql(host, `select 1 from '${str(location).replaceAll("'", "''")}' where 1=0`).then(
      () => true,
      () => false,
    );
  },
  warn_once(host, [message = null]) {
    host.warnOnce(str(message));
    return null;
  },
  parse_index(_, [raw = null]) {
    if (raw === null) return null;
    const index = toJs(raw) as { columns?: string[]; unique?: boolean };
    if (!Array.isArray(index?.columns)) throw new PyError('CompilationError', 'an index needs a list of "columns"');
    return new IndexObject(index.columns.map(String), index.unique === true);
  },
  async existing_key_constraint_types(host, [relation]) {
    const found = relationOf(relation, 'relation');
    const { table } = await runSql(
      host,
      `select distinct lower(replace(constraint_type, ' ', '_')) from duckdb_constraints()
       where lower(database_name) = lower(${quoteLiteral(found.database ?? '')}) and lower(schema_name) = lower(${quoteLiteral(found.schema ?? '')})
         and lower(table_name) = lower(${quoteLiteral(found.identifier ?? '')}) and constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') order by 1`,
      { fetch: true },
    );
    return table.rows.map(([kind]) => kind as Value);
  },
  batch_id_for_model(_, [model]) {
    const batch = model instanceof PyObject ? (model.item('batch') ?? null) : null;
    const start =
      batch instanceof PyObject ? (batch.attr('event_time_start') ?? batch.item('event_time_start') ?? null) : null;
    return start === null ? '' : str(start).replace(/[-:+]/g, '').replaceAll(' ', '_');
  },
  submit_python_job: (host, [model = null, code = null]) => host.submitPython(model, str(code)),
  build_catalog_relation: () => null,
  generate_unique_temporary_table_suffix: () => `_${Math.random().toString(36).slice(2)}`,
  supports: () => true,
  is_cancelable: () => true,
};

async function checkSnapshotTarget(
  host: AdapterHost,
  relation: Value | undefined,
  names: Value,
  strategy: Value | undefined,
): Promise<Value> {
  const existing = new Set(
    (await columnsOf(host, relationOf(relation, 'relation'))).map(({ name }) => name.toLowerCase()),
  );
  const isNewRecord = strategy instanceof PyObject && strategy.item('hard_deletes') === 'new_record';
  const wanted = ['dbt_scd_id', 'dbt_valid_from', 'dbt_valid_to', ...(isNewRecord ? ['dbt_is_deleted'] : [])];
  const missing = wanted
    .map((name) => (names instanceof PyObject ? str(names.item(name) ?? name) : name))
    .filter((name) => !existing.has(name.toLowerCase()));
  if (missing.length === 0) return null;
  throw new PyError(
    'CompilationError',
    `Snapshot target is missing configured columns (missing ${missing.map((name) => `"${name}"`).join(', ')})`,
  );
}
