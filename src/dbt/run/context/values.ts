import {
  fromJs,
  hostFunction,
  type Kwargs,
  PyDict,
  PyError,
  PyModule,
  PyObject,
  PyTuple,
  readArguments,
  str,
  truth,
  type Value,
} from '../../../jinja/index.ts';
import { ResponseObject } from '../../adapter/answers.ts';
import { columnClass } from '../../adapter/column-object.ts';
import { relationClass } from '../../adapter/relation-object.ts';
import { TableObject } from '../../adapter/table-object.ts';
import type { ManifestNode } from '../../manifest-types.ts';
import { own } from '../../plain.ts';

/** `config` while a node runs: what parsing settled; calling it changes nothing. */
export class ConfigObject extends PyObject {
  readonly typeName = 'RuntimeConfigObject';
  readonly node: ManifestNode;
  constructor(node: ManifestNode) {
    super();
    this.node = node;
  }
  override attr(name: string): Value | undefined {
    const method = own(configMethods, name);
    if (method !== undefined) return hostFunction(name, (args, kwargs) => method(this, args, kwargs));
    return name === 'model' ? fromJs(this.node) : undefined;
  }
  override call(): Value {
    return '';
  }
  override truth(): boolean {
    return true;
  }
  read(name: string): Value | undefined {
    const value = configOf(this.node, name);
    return value === undefined ? undefined : keptValue(value);
  }
}

const kept = new WeakMap<object, Value>();

/** Lists and dictionaries stay the same ones: templates may change them. */
function keptValue(value: unknown): Value {
  if (typeof value !== 'object' || value === null) return fromJs(value);
  const known = kept.get(value) ?? fromJs(value);
  kept.set(value, known);
  return known;
}

const configAliases: Readonly<Record<string, string>> = { pre_hook: 'pre-hook', post_hook: 'post-hook' };

const snapshotColumns = ['dbt_valid_to', 'dbt_valid_from', 'dbt_scd_id', 'dbt_updated_at', 'dbt_is_deleted'];

function configOf(node: ManifestNode, name: string): unknown {
  if (name === 'snapshot_table_column_names' && node.resource_type === 'snapshot') {
    const own = (node.config.snapshot_meta_column_names ?? {}) as Record<string, unknown>;
    return Object.fromEntries(snapshotColumns.map((column) => [column, own[column] ?? column]));
  }
  return own(node.config, own(configAliases, name) ?? name);
}

type ConfigMethod = (config: ConfigObject, args: readonly Value[], kwargs: Kwargs) => Value;

const lookup = (config: ConfigObject, args: readonly Value[], kwargs: Kwargs): Value => {
  const given = readArguments('get', ['name', 'default', 'validator'], args, kwargs, {
    default: null,
    validator: null,
  });
  const value = config.read(str(given.name));
  return value === undefined ? given.default : value;
};

const metaOf = (config: ConfigObject, name: string): Value | undefined => {
  const meta = own(config.node.config.meta, name);
  return meta === undefined ? undefined : fromJs(meta);
};

const required = (config: ConfigObject, name: string, value: Value | undefined): Value => {
  if (value !== undefined && value !== null) return value;
  throw new PyError(
    'CompilationError',
    `Model '${config.node.unique_id}' does not define a required config parameter '${name}'.`,
  );
};

const persists = (config: ConfigObject, what: 'relation' | 'columns'): boolean => {
  const docs = config.node.config.persist_docs;
  if (docs === undefined || docs === null) return false;
  if (typeof docs !== 'object' || Array.isArray(docs))
    throw new PyError(
      'CompilationError',
      `Invalid value provided for 'persist_docs'. Expected dict but received ${typeof docs}`,
    );
  return truth(fromJs((docs as Record<string, unknown>)[what] ?? false));
};

const configMethods: Readonly<Record<string, ConfigMethod>> = {
  get: lookup,
  require(config, args, kwargs) {
    const { name } = readArguments('require', ['name', 'validator'], args, kwargs, { validator: null });
    return required(config, str(name), config.read(str(name)));
  },
  meta_get(config, args, kwargs) {
    const given = readArguments('meta_get', ['name', 'default', 'validator'], args, kwargs, {
      default: null,
      validator: null,
    });
    return metaOf(config, str(given.name)) ?? given.default;
  },
  meta_require(config, args, kwargs) {
    const { name } = readArguments('meta_require', ['name', 'validator'], args, kwargs, { validator: null });
    return required(config, str(name), metaOf(config, str(name)));
  },
  set: () => '',
  persist_relation_docs: (config) => persists(config, 'relation'),
  persist_column_docs: (config) => persists(config, 'columns'),
};

/** `api`. */
export const apiModule = (quoting: Readonly<Record<string, boolean>>): PyModule =>
  new PyModule('api', [
    ['Relation', relationClass(quoting)],
    ['Column', columnClass],
  ]);

/** What `statement` blocks stored, by name. */
export class StatementResults {
  readonly #results = new Map<string, PyDict | null>();

  readonly functions: readonly (readonly [string, Value])[];

  constructor() {
    this.functions = [
      ['store_result', hostFunction('store_result', (args, kwargs) => this.store(args, kwargs))],
      ['store_raw_result', hostFunction('store_raw_result', (args, kwargs) => this.storeRaw(args, kwargs))],
      ['load_result', hostFunction('load_result', (args, kwargs) => this.load(args, kwargs))],
    ];
  }

  private store(args: readonly Value[], kwargs: Kwargs): Value {
    const given = readArguments('store_result', ['name', 'response', 'agate_table'], args, kwargs, {
      agate_table: null,
    });
    const table = given.agate_table;
    const data = table instanceof TableObject ? table.table.rows.map((row) => new PyTuple([...row] as Value[])) : [];
    this.#results.set(
      str(given.name),
      new PyDict([
        ['response', given.response],
        ['data', data],
        ['table', table],
      ]),
    );
    return '';
  }

  private storeRaw(args: readonly Value[], kwargs: Kwargs): Value {
    const names = ['name', 'message', 'code', 'rows_affected', 'agate_table'] as const;
    const given = readArguments('store_raw_result', names, args, kwargs, {
      message: null,
      code: null,
      rows_affected: null,
      agate_table: null,
    });
    const rows = given.rows_affected === null ? null : Number(given.rows_affected);
    const response = new ResponseObject(
      given.message === null ? '' : str(given.message),
      given.code === null ? null : str(given.code),
      rows,
    );
    return this.store([given.name, response, given.agate_table], new Map());
  }

  private load(args: readonly Value[], kwargs: Kwargs): Value {
    const { name } = readArguments('load_result', ['name'], args, kwargs);
    const key = str(name);
    const found = this.#results.get(key);
    if (found === undefined) return null;
    if (found === null)
      throw new PyError(
        'CompilationError',
        `The 'statement' result named '${key}' has already been loaded into a variable`,
      );
    if (key !== 'main') this.#results.set(key, null);
    return found;
  }

  /** What the seed's file holds. */
  seed(): Value | undefined {
    return this.#results.get('agate_table')?.get('table');
  }

  /** The result of the statement that made the node. */
  main(): PyDict | undefined {
    return this.#results.get('main') ?? undefined;
  }
}
