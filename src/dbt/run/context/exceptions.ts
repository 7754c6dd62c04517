import { hostFunction, PyError, PyModule, PyObject, readArguments, str, type Value } from '../../../jinja/index.ts';
import { ColumnObject } from '../../adapter/column-object.ts';
import { RelationObject } from '../../adapter/relation-object.ts';
import { TableObject } from '../../adapter/table-object.ts';

export interface ExceptionHost {
  warn(message: string): void;
}

const raise =
  (pyClass: string, message: (args: readonly Value[]) => string) =>
  (args: readonly Value[], kwargs: ReadonlyMap<string, Value>): never => {
    throw new PyError(pyClass, message([...args, ...kwargs.values()]));
  };
const first = ([message = null]: readonly Value[]): string => str(message);

/** `exceptions` of templates. */
export function exceptionsModule(host: ExceptionHost): Value {
  const raisers: Readonly<Record<string, readonly [string, (args: readonly Value[]) => string]>> = {
    raise_compiler_error: ['CompilationError', first],
    raise_database_error: ['DbtDatabaseError', first],
    raise_dependency_error: ['DependencyError', first],
    raise_fail_fast_error: ['DbtRuntimeError', first],
    raise_cache_inconsistent: [
      'DbtRuntimeError',
      ([message = null]) => `Cache inconsistency detected: ${str(message)}`,
    ],
    raise_not_implemented: ['CompilationError', ([message = null]) => `ERROR: ${str(message)}`],
    raise_dataclass_not_dict: [
      'CompilationError',
      ([object = null]) =>
        `The object ("${str(object)}") was used as a dictionary. This capability has been removed from objects of this type.`,
    ],
    raise_dep_not_found: [
      'DependencyError',
      ([node = null, , name = null]) =>
        `Error while parsing ${str(node)}. The required package "${str(name)}" was not found. Is the package installed?`,
    ],
    raise_invalid_property_yml_version: [
      'CompilationError',
      ([path = null, issue = null]) => `The yml property file at ${str(path)} is invalid because ${str(issue)}.`,
    ],
    raise_duplicate_resource_name: [
      'CompilationError',
      ([a = null, b = null]) => `dbt found two resources with the same name: ${named(a)} and ${named(b)}`,
    ],
    raise_duplicate_patch_name: [
      'CompilationError',
      ([patch = null, path = null]) =>
        `dbt found two schema.yml entries for the same resource: ${named(patch)} (${str(path)})`,
    ],
    raise_ambiguous_alias: [
      'CompilationError',
      ([a = null, b = null, name = null]) =>
        `dbt found two resources with the database representation "${str(name)}": ${named(a)} and ${named(b)}`,
    ],
    raise_ambiguous_catalog_match: [
      'CompilationError',
      ([id = null]) =>
        `dbt found two relations in your warehouse with similar database identifiers for the model ${str(id)}`,
    ],
    missing_config: [
      'CompilationError',
      ([model = null, name = null]) =>
        `Model '${named(model)}' does not define a required config parameter '${str(name)}'.`,
    ],
    missing_materialization: [
      'CompilationError',
      ([model = null]) => `No materialization was found for ${named(model)} (duckdb)`,
    ],
    missing_relation: ['CompilationError', ([relation = null]) => `Relation ${str(relation)} not found!`],
    relation_wrong_type: ['CompilationError', wrongType],
    raise_contract_error: ['CompilationError', contractMessage],
    column_type_missing: [
      'CompilationError',
      ([columns = null]) =>
        `Contracted models require data_type to be defined for each column.  Please ensure that the column name and data_type are defined within the YAML configuration for the ${str(columns)} column(s).`,
    ],
  };
  const members = Object.entries(raisers).map(([name, [pyClass, message]]): [string, Value] => [
    name,
    hostFunction(name, raise(pyClass, message)),
  ]);
  return new PyModule('exceptions', [
    ...members,
    [
      'warn',
      hostFunction('warn', (args, kwargs) => {
        const { msg } = readArguments('warn', ['msg', 'node'], args, kwargs, { node: null });
        host.warn(str(msg));
        return '';
      }),
    ],
    [
      'warn_snapshot_timestamp_data_types',
      hostFunction('warn_snapshot_timestamp_data_types', ([expected = null, found = null]) => {
        host.warn(
          `Data type of snapshot table timestamp columns (${str(expected)}) doesn't match derived column 'updated_at' (${str(found)}). Please update snapshot config 'updated_at'.`,
        );
        return '';
      }),
    ],
  ]);
}

function named(value: Value): string {
  const id = value instanceof PyObject ? (value.item('unique_id') ?? value.attr('unique_id')) : undefined;
  return str(id ?? value);
}

function wrongType(args: readonly Value[]): string {
  const [relation = null, expected = null] = args;
  const type = relation instanceof RelationObject ? relation.relation.type : null;
  const hint = 'Perhaps something else made a relation of that name';
  return `Trying to create ${str(expected)} ${str(relation)}, but it currently exists as a ${str(type)}. Either drop ${str(relation)} manually, or run dbt with --full-refresh and dbt will drop it for you. ${hint}.`;
}

interface ContractColumn {
  readonly name: string;
  readonly type: string;
}

function contractColumns(value: Value): ContractColumn[] {
  const items =
    value instanceof TableObject ? [] : Array.isArray(value) ? value : [...((value as PyObject).iterate?.() ?? [])];
  return items.map((item) => {
    if (item instanceof ColumnObject) return { name: item.column.name, type: item.column.dataType };
    const read = (name: string): string => str((item as PyObject).item(name) ?? null);
    return { name: read('name'), type: read('data_type') };
  });
}

/** What differs between the columns a contract names and those a query gives, as a table. */
function contractMessage([yaml = [], sql = []]: readonly Value[]): string {
  const declared = contractColumns(yaml);
  const found = contractColumns(sql);
  if (declared.length === 0) return "This model has an enforced contract, and its 'columns' specification is missing";
  const head =
    "This model has an enforced contract that failed.\nPlease ensure the name, data_type, and number of columns in your contract match the columns in your model's definition.\n\n";
  const typeOf = new Map(found.map(({ name, type }) => [name.toLowerCase(), type]));
  const declaredNames = new Set(declared.map(({ name }) => name.toLowerCase()));
  const rows = [
    ...declared.flatMap(({ name, type }) => {
      const actual = typeOf.get(name.toLowerCase());
      if (actual === undefined) return [[name, '', type, 'missing in definition']];
      return actual.toLowerCase() === type.toLowerCase() ? [] : [[name, actual, type, 'data type mismatch']];
    }),
    ...found
      .filter(({ name }) => !declaredNames.has(name.toLowerCase()))
      .map(({ name, type }) => [name, type, '', 'missing in contract']),
  ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return head + textTable(['column_name', 'definition_type', 'contract_type', 'mismatch_reason'], rows);
}

function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  return [line(header), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line), ''].join(
    '\n',
  );
}
