/** `config`, `ref`, `source`, `adapter` and their like while a project is parsed: they take notes and answer with stand-ins. */
import {
  type Args,
  fromJs,
  type HostFunction,
  hostFunction,
  type Kwargs,
  PyDict,
  PyError,
  PyModule,
  PyObject,
  readArguments,
  str,
  toJs,
  truth,
  type Value,
} from '../../../jinja/index.ts';
import { columnClass } from '../../adapter/column-object.ts';
import { Relation } from '../../adapter/relation.ts';
import { RelationObject, relationClass } from '../../adapter/relation-object.ts';
import type { Dict, ManifestNode } from '../../manifest-types.ts';
import { isDict, own, put } from '../../plain.ts';
import { addConfigCall } from '../config-merge.ts';
import type { Captured } from '../state.ts';
import { ConfiguredFunction } from './runtime-config.ts';

/** Of the node that is being rendered. */
export interface Capture {
  readonly node: ManifestNode;
  readonly found: Captured;
}

const aliases: Readonly<Record<string, string>> = { pre_hook: 'pre-hook', post_hook: 'post-hook' };

/** `config(...)` takes its keywords, or one dictionary; asked for a value it has none yet. */
export class ParseConfig extends PyObject {
  readonly typeName = 'ParseConfigObject';
  readonly #capture: () => Capture;
  constructor(capture: () => Capture) {
    super();
    this.#capture = capture;
  }
  override truth(): boolean {
    return true;
  }
  override attr(name: string): Value | undefined {
    if (name === 'set')
      return hostFunction(name, ([key = null, value = null]) => this.call([], new Map([[String(key), value]])));
    if (['get', 'require', 'meta_get', 'meta_require'].includes(name)) return hostFunction(name, () => '');
    if (name === 'persist_relation_docs' || name === 'persist_column_docs') return hostFunction(name, () => false);
    if (name === 'model') return fromJs(this.#capture().node);
    return undefined;
  }
  override call(args: Args, kwargs: Kwargs): Value {
    const { node, found } = this.#capture();
    if (
      args.length > 1 ||
      (args.length === 1 && kwargs.size > 0) ||
      (args.length === 1 && !(args[0] instanceof PyDict))
    )
      throw new PyError('CompilationError', `config() of ${node.unique_id} takes keywords, or one dictionary`);
    const given =
      args.length === 1
        ? (toJs(args[0] as Value) as Dict)
        : Object.fromEntries([...kwargs].map(([key, value]) => [key, configValue(value)]));
    const call: Dict = {};
    for (const [key, value] of Object.entries(isDict(given) ? given : {})) {
      const name = own(aliases, key) ?? key;
      if (name !== key && own(given, name) !== undefined)
        throw new PyError('CompilationError', `config() of ${node.unique_id} has both ${key} and ${name}: keep one`);
      put(call, name, value);
    }
    addConfigCall(found.calls, call);
    return '';
  }
}

const configValue = (value: Value): unknown => toJs(value);

export const relationOfNode = (node: ManifestNode): Value =>
  new RelationObject(new Relation({ database: node.database, schema: node.schema, identifier: node.alias }));

const badArguments = (what: string, count: number): PyError =>
  new PyError('CompilationError', `${what} takes one or two names, not ${count}`);

/** `config`: what packages read of the run's configuration. */
export function refFunction(capture: () => Capture, config: () => Value): Value {
  const run: HostFunction = (args, kwargs) => {
    const { node, found } = capture();
    if (args.length < 1 || args.length > 2) throw badArguments('ref()', args.length);
    for (const name of args)
      if (typeof name !== 'string')
        throw new PyError('CompilationError', `names in ref() must be strings, unlike ${str(name)}`);
    const version = [kwargs.get('version'), kwargs.get('v')].find((one) => one !== undefined && truth(one)) ?? null;
    found.refs.push({
      name: args.at(-1) as string,
      package: args.length === 2 ? (args[0] as string) : null,
      version: version === null ? null : typeof version === 'number' ? version : str(version),
    });
    return relationOfNode(node);
  };
  return new ConfiguredFunction('ref', run, config);
}

export function sourceFunction(capture: () => Capture): Value {
  return hostFunction('source', (args, kwargs) => {
    const { node, found } = capture();
    const names = [...args, ...kwargs.values()];
    if (names.length !== 2)
      throw new PyError('CompilationError', `source() takes a source and a table, not ${names.length} names`);
    for (const name of names)
      if (typeof name !== 'string')
        throw new PyError('CompilationError', `names in source() must be strings, unlike ${str(name)}`);
    found.sources.push(names.map(str));
    return relationOfNode(node);
  });
}

const collector = (name: string, list: (found: Captured) => string[][], capture: () => Capture): Value =>
  hostFunction(name, (args) => {
    const { node, found } = capture();
    if (args.length < 1 || args.length > 2) throw badArguments(`${name}()`, args.length);
    list(found).push(args.map(str));
    if (name !== 'metric') return relationOfNode(node);
    const metric = args.at(-1);
    return fromJs({ name: metric, metric_name: metric, package_name: args.length > 1 ? args[0] : null });
  });

export const metricFunction = (capture: () => Capture): Value => collector('metric', (found) => found.metrics, capture);
export const functionFunction = (capture: () => Capture): Value =>
  collector('function', (found) => found.functions, capture);

const lists = new Set([
  'get_columns_in_relation',
  'get_missing_columns',
  'list_relations',
  'list_relations_without_caching',
  'get_columns_in_table',
  'get_column_schema_from_query',
  'list_schemas',
  'valid_incremental_strategies',
]);
const texts = new Set(['cache_added', 'cache_dropped', 'cache_renamed', 'quote_seed_column']);
const falsehoods = new Set([
  'check_schema_exists',
  'already_exists',
  'is_motherduck',
  'location_exists',
  'is_ducklake',
]);

/** `adapter` without a database: names are quoted, macros dispatched, and questions have empty answers. */
export class ParseAdapter extends PyObject {
  readonly typeName = 'ParseDatabaseWrapper';
  readonly #dispatch: (name: string, namespace: string | null) => Value;
  constructor(dispatch: (name: string, namespace: string | null) => Value) {
    super();
    this.#dispatch = dispatch;
  }
  override truth(): boolean {
    return true;
  }
  override attr(name: string): Value | undefined {
    switch (name) {
      case 'dispatch':
        return hostFunction(name, (args, kwargs) => this.#dispatchCall(args, kwargs));
      case 'type':
        return hostFunction(name, () => 'duckdb');
      case 'quote':
        return hostFunction(name, ([text = null]) => `"${str(text)}"`);
      case 'quote_as_configured':
        return hostFunction(name, ([text = null]) => `"${str(text)}"`);
      case 'Relation':
        return relationClass({});
      case 'Column':
        return columnClass;
      case 'behavior':
        return new PyModule('behavior', []);
      case 'config':
        return undefined;
    }
    return hostFunction(name, () =>
      lists.has(name) ? [] : texts.has(name) ? '' : falsehoods.has(name) ? false : null,
    );
  }
  #dispatchCall(args: Args, kwargs: Kwargs): Value {
    const given = readArguments('dispatch', ['macro_name', 'macro_namespace', 'packages'], args, kwargs, {
      macro_namespace: null,
      packages: null,
    });
    const name = str(given.macro_name);
    if (name.includes('.')) {
      const [namespace, macro] = name.split('.', 2);
      throw new PyError(
        'CompilationError',
        `in adapter.dispatch, '${name}' is no name of a macro; write adapter.dispatch('${macro}', '${namespace}')`,
      );
    }
    if ((given.packages ?? null) !== null || Array.isArray(given.macro_namespace))
      throw new PyError(
        'CompilationError',
        `in adapter.dispatch, '${name}' is looked for in a list of packages; give one namespace: adapter.dispatch('${name}', macro_namespace='NAME')`,
      );
    return this.#dispatch(name, given.macro_namespace === null ? null : str(given.macro_namespace));
  }
}

/** `api`. */
export const apiModule = (quoting: Readonly<Dict<boolean>>): PyModule =>
  new PyModule('api', [
    ['Relation', relationClass(quoting)],
    ['Column', columnClass],
  ]);

const raisers = [
  'raise_compiler_error',
  'raise_database_error',
  'raise_dependency_error',
  'raise_fail_fast_error',
  'raise_not_implemented',
  'raise_parsing_error',
];

/** `exceptions` while parsing: errors end it, warnings are told. */
export const parseExceptions = (warn: (message: string) => void): Value =>
  new PyModule('exceptions', [
    ...raisers.map((name): [string, Value] => [
      name,
      hostFunction(name, (args, kwargs) => {
        throw new PyError(
          name === 'raise_dependency_error' ? 'DependencyError' : 'CompilationError',
          str(args[0] ?? [...kwargs.values()][0] ?? null),
        );
      }),
    ]),
    [
      'warn',
      hostFunction('warn', ([message = null]) => {
        warn(str(message));
        return '';
      }),
    ],
  ]);
