import { type DuckhouseError, isDuckhouseError } from '../../errors.ts';
import { PyError, PyObject, str, type Value } from '../../jinja/index.ts';
import { iterateValue } from './adapter-helpers.ts';
import { type AdapterHost, databaseError } from './adapter-host.ts';
import { type AdapterMethods, method } from './adapter-method.ts';
import { Column } from './column.ts';
import { ColumnObject } from './column-object.ts';
import { Relation } from './relation.ts';
import { RelationObject, relationOf } from './relation-object.ts';

/** Columns as DuckDB describes them; none when there is no such relation. */
async function describe(host: AdapterHost, relation: Relation): Promise<Value[]> {
  const connection = await host.connection();
  try {
    const columns = await connection.describe(`SELECT * FROM ${relation.render()}`);
    return columns.map(({ name, type }) => new ColumnObject(new Column(name, type)));
  } catch (error) {
    if (isDuckhouseError(error) && isMissing(error)) return [];
    throw databaseError(error, relation.render());
  }
}

/** The table, its schema or its catalog is not there; DuckDB has a kind of its own for the first only. */
const isMissing = ({ kind, message }: DuckhouseError): boolean =>
  kind === 'NotFound' || /\b(schema|catalog) "[^"]*" does not exist/i.test(message);

/** Columns of a relation, by the project's own macro where it has one. */
async function columnsOf(host: AdapterHost, relation: Relation): Promise<Value> {
  const given = { relation: new RelationObject(relation) };
  return (await host.overridden('get_columns_in_relation', given)) ?? describe(host, relation);
}

async function byName(host: AdapterHost, relation: Relation): Promise<ReadonlyMap<string, Value>> {
  const columns = [...iterateValue(await columnsOf(host, relation))];
  return new Map(columns.map((column) => [str((column as PyObject).attr('name') ?? null), column]));
}

async function missingColumns(host: AdapterHost, from: Relation, to: Relation): Promise<Value> {
  const [wanted, there] = [await byName(host, from), await byName(host, to)];
  return [...wanted].filter(([name]) => !there.has(name)).map(([, column]) => column);
}

async function queryColumns(host: AdapterHost, sql: string): Promise<Value> {
  const connection = await host.connection();
  try {
    const columns = await connection.describe(`(${sql})`);
    return columns.flatMap(({ name, type }) => new Column(name, type).flatten().map((leaf) => new ColumnObject(leaf)));
  } catch (error) {
    await connection.rollback();
    throw databaseError(error, sql);
  }
}

/** A snapshot's table has to have the columns that say since when and until when a row was so. */
async function checkSnapshotTarget(host: AdapterHost, target: Value, names: Value, strategy: Value): Promise<Value> {
  const columns = await byName(host, relationOf(target, 'relation'));
  const existing = new Set([...columns.keys()].map((name) => name.toLowerCase()));
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

/** Columns of relations and queries. */
export const columnMethods: AdapterMethods = {
  get_columns_in_relation: method(['relation'], (host, { relation }) =>
    columnsOf(host, relationOf(relation, 'relation')),
  ),
  get_columns_in_table: method(['schema', 'identifier'], (host, { schema, identifier }) => {
    const { database } = host.database.credentials;
    return columnsOf(host, new Relation({ database, schema: str(schema), identifier: str(identifier) }));
  }),
  get_missing_columns: method(['from_relation', 'to_relation'], (host, { from_relation, to_relation }) =>
    missingColumns(host, relationOf(from_relation, 'from_relation'), relationOf(to_relation, 'to_relation')),
  ),
  get_column_schema_from_query: method(['sql'], (host, { sql }) => queryColumns(host, str(sql))),
  /** DuckDB's texts have no length that could grow. */
  expand_target_column_types: () => null,
  get_partitions_metadata: () => null,
  valid_snapshot_target: method(
    ['relation', 'column_names'],
    (host, { relation, column_names }) => checkSnapshotTarget(host, relation, column_names, null),
    { column_names: null },
  ),
  assert_valid_snapshot_target_given_strategy: method(
    ['relation', 'column_names', 'strategy'],
    (host, { relation, column_names, strategy }) => checkSnapshotTarget(host, relation, column_names, strategy),
  ),
};
