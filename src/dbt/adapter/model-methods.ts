import path from 'node:path';
import { PyDict, PyError, PyObject, str, toJs, type Value } from '../../jinja/index.ts';
import { quoteLiteral } from '../../sql.ts';
import type { ModelConstraint } from '../manifest-types.ts';
import { columnDefinitionOf, hardDeletes, IndexObject, iterateValue, withOptions } from './adapter-helpers.ts';
import { type AdapterHost, runSql } from './adapter-host.ts';
import { type AdapterMethods, method } from './adapter-method.ts';
import { ColumnObject } from './column-object.ts';
import { type ConstrainedColumn, columnDefinition, modelConstraint } from './constraints.ts';
import { externalReadLocation, externalWriteOptions } from './external.ts';
import type { Relation } from './relation.ts';
import { relationOf } from './relation-object.ts';
import { columnTypeOf } from './seed.ts';
import { TableObject } from './table-object.ts';

function grantsOf(table: Value): Value {
  const grants = new Map<string, Value[]>();
  for (const row of table instanceof TableObject ? table.rows().values() : []) {
    const [privilege = null, grantee = null] = ['privilege_type', 'grantee'].map(
      (name) => (row as PyObject).item(name) ?? null,
    );
    grants.set(str(privilege), [...(grants.get(str(privilege)) ?? []), grantee]);
  }
  return new PyDict(grants);
}

function indexOf(raw: Value): Value {
  if (raw === null) return null;
  const index = toJs(raw) as { columns?: string[]; unique?: boolean };
  if (!Array.isArray(index?.columns)) throw new PyError('CompilationError', 'an index needs a list of "columns"');
  return new IndexObject(index.columns.map(String), index.unique === true);
}

async function keyConstraints(host: AdapterHost, relation: Relation): Promise<Value> {
  const is = (column: string, name: string | null): string => `lower(${column}) = lower(${quoteLiteral(name ?? '')})`;
  const { table } = await runSql(
    host,
    `select distinct lower(replace(constraint_type, ' ', '_')) from duckdb_constraints()
     where ${is('database_name', relation.database)} and ${is('schema_name', relation.schema)}
       and ${is('table_name', relation.identifier)} and constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') order by 1`,
    { fetch: true },
  );
  return table.rows.map(([kind]) => kind as Value);
}

function batchId(model: Value): Value {
  const batch = model instanceof PyObject ? (model.item('batch') ?? null) : null;
  const start =
    batch instanceof PyObject ? (batch.attr('event_time_start') ?? batch.item('event_time_start') ?? null) : null;
  return start === null ? '' : str(start).replace(/[-:+]/g, '').replaceAll(' ', '_');
}

const locationExists = (host: AdapterHost, location: string): Promise<boolean> =>
  runSql(host, `select 1 from '${location.replaceAll("'", "''")}' where 1=0`).then(
    () => true,
    () => false,
  );

/** What materializations ask of a model: constraints, indexes, seeds, external files, Python. */
export const modelMethods: AdapterMethods = {
  standardize_grants_dict: method(['grants_table'], (_, { grants_table }) => grantsOf(grants_table)),
  convert_type: method(['agate_table', 'col_idx'], (_, { agate_table, col_idx }) =>
    columnTypeOf((agate_table as TableObject).table, Number(col_idx)),
  ),
  convert_datetimes_to_strs: method(['table'], (_, { table }) => table),
  render_raw_columns_constraints: method(['raw_columns'], (_, { raw_columns }) =>
    Object.values(toJs(raw_columns) as Record<string, ConstrainedColumn>).map(columnDefinition),
  ),
  render_raw_model_constraints: method(['raw_constraints'], (_, { raw_constraints }) => {
    const rendered = (toJs(raw_constraints) as ModelConstraint[]).map(modelConstraint);
    return rendered.filter((text) => text !== undefined);
  }),
  render_column_constraint: method(['constraint'], (_, { constraint }) => columnDefinitionOf(constraint)),
  get_hard_deletes_behavior: method(['config'], (_, { config }) => hardDeletes(config)),
  get_seed_file_path: method(['model'], (_, { model }) => {
    const node = model as PyObject;
    return path.join(str(node.item('root_path') ?? ''), str(node.item('original_file_path') ?? ''));
  }),
  external_write_options: method(['write_location', 'rendered_options'], (_, { write_location, rendered_options }) =>
    withOptions(rendered_options, (map) => externalWriteOptions(str(write_location), map)),
  ),
  external_read_location: method(['write_location', 'rendered_options'], (_, { write_location, rendered_options }) =>
    withOptions(rendered_options, (map) => externalReadLocation(str(write_location), map)),
  ),
  location_exists: method(['location'], (host, { location }) => locationExists(host, str(location))),
  parse_index: method(['raw_index'], (_, { raw_index }) => indexOf(raw_index)),
  existing_key_constraint_types: method(['relation'], (host, { relation }) =>
    keyConstraints(host, relationOf(relation, 'relation')),
  ),
  batch_id_for_model: method(['model'], (_, { model }) => batchId(model)),
  store_relation: method(
    ['plugin_name', 'relation', 'column_list', 'path', 'format', 'config'],
    async (host, { plugin_name, relation, column_list, path: file, format }) => {
      const columns = [...iterateValue(column_list)].filter((one) => one instanceof ColumnObject);
      await host.storeByPlugin(str(plugin_name), {
        relation: relationOf(relation, 'relation'),
        columns: columns.map(({ column: { name, dtype } }) => ({ name, dtype })),
        location: { path: str(file), format: str(format) },
      });
      return null;
    },
  ),
  submit_python_job: method(['parsed_model', 'compiled_code'], (host, { parsed_model, compiled_code }) =>
    host.submitPython(parsed_model, str(compiled_code)),
  ),
};
