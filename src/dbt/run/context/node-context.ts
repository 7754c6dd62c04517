import path from 'node:path';
import {
  type Context,
  compileTemplate,
  createEnvironment,
  type Environment,
  fromJs,
  hostFunction,
  lazyFromJs,
  PyDict,
  PyError,
  PyObject,
  readArguments,
  renderTextAsync,
  str,
  type Value,
} from '../../../jinja/index.ts';
import type { AdapterHost } from '../../adapter/adapter-host.ts';
import { AdapterObject } from '../../adapter/adapter-object.ts';
import { ResponseObject } from '../../adapter/answers.ts';
import { columnClass } from '../../adapter/column-object.ts';
import type { AdapterConnection } from '../../adapter/database.ts';
import type { Relation } from '../../adapter/relation.ts';
import { findRelation } from '../../adapter/relation-methods.ts';
import { RelationObject } from '../../adapter/relation-object.ts';
import { readSeed } from '../../adapter/seed.ts';
import { TableObject } from '../../adapter/table-object.ts';
import { createBaseContext } from '../../context/base-context.ts';
import { ContextObject } from '../../context/context-object.ts';
import { MacroCalls } from '../../context/macro-object.ts';
import { noteNearNames } from '../../context/template-errors.ts';
import type { VarFunction } from '../../context/var.ts';
import { interruptible } from '../../interrupts.ts';
import type { Dict, MacroNode, ManifestNode } from '../../manifest-types.ts';
import { modelValue } from '../../parse/context/model-value.ts';
import { ConfiguredFunction, runtimeConfig } from '../../parse/context/runtime-config.ts';
import { artifactPath } from '../../paths.ts';
import { createVars } from '../../project/vars.ts';
import type { ParsedProject } from '../../project-types.ts';
import { storeByPlugin } from '../plugins.ts';
import type { RunSession } from '../session.ts';
import { exceptionsModule } from './exceptions.ts';
import { type MacroNames, macroNames } from './macros.ts';
import { overriddenBy } from './own-macro.ts';
import {
  type EventWindow,
  functionFunction,
  refFunction,
  relationOfDeferred,
  relationOfNode,
  sourceFunction,
} from './refs.ts';
import { testArguments, testArgumentsName } from './test-arguments.ts';
import { apiModule, ConfigObject, StatementResults } from './values.ts';

/** Marks that make a text a template; other texts are what they are. */
const templateMarks = /[{][{%#]|[#}%][}]/;

const runEnvironment: Environment = createEnvironment({ undefinedMode: 'strict', macroPrefix: 'dbt_macro__' });

export interface NodeContextOptions {
  readonly session: RunSession;
  readonly node: ManifestNode;
  readonly connection: () => Promise<AdapterConnection>;
  readonly window?: EventWindow | undefined;
  readonly substitutes?: ReadonlyMap<string, { readonly id: string; readonly relation: Relation }>;
  /** Names beside the usual ones, such as `results` in hooks. */
  readonly extra?: ReadonlyMap<string, Value>;
  readonly replacedMacros?: ReadonlyMap<string, Value>;
  readonly vars?: Dict;
  readonly envVars?: Dict;
  readonly thread?: string;
  /** Name of a batch, for its run file. */
  readonly batch?: string;
  readonly submitPython?: (code: string) => Promise<void>;
}

/** What a node's templates see while it compiles and runs. */
export interface NodeContext {
  readonly context: Context;
  readonly macros: MacroNames;
  readonly results: StatementResults;
  readonly adapter: AdapterHost;
  /** Ephemeral models that rendering referred to. */
  readonly ctes: string[];
  render(text: string, label: { readonly path: string; readonly name: string }): Promise<string>;
  /** Makes the arguments of a generic test known to its text. */
  addTestArguments(): Promise<void>;
}

export function createNodeContext(options: NodeContextOptions): NodeContext {
  const { session, node } = options;
  const { parsed } = session;
  const results = new StatementResults();
  const ctes: string[] = [];
  const names = baseContext(options);
  const added = new Map<string, Value>();
  const macros = macroNames({
    environment: runEnvironment,
    macros: parsed.macros,
    packageName: node.package_name,
    names,
    added,
    calls: new MacroCalls((macro) => noteCall(node, macro)),
    ...(options.replacedMacros === undefined ? {} : { replaced: options.replacedMacros }),
  });
  const render = (text: string, label: { readonly path: string; readonly name: string }): Promise<string> =>
    templateMarks.test(text)
      ? renderTextAsync(compileTemplate(runEnvironment, text, label), macros).catch((error: unknown) => {
          noteNearNames(error, () => knownNames(parsed, node.package_name, names));
          throw error;
        })
      : Promise.resolve(text);
  const adapter = adapterHost(options, macros);
  addNodeNames(names, options, { results, ctes, adapter, render, macros, added });
  return {
    context: macros,
    macros,
    results,
    adapter,
    ctes,
    render,
    async addTestArguments() {
      if (node.test_metadata !== undefined)
        names.set(testArgumentsName, await testArguments({ environment: runEnvironment, context: macros, node }));
    },
  };
}

/** Macros that a node calls itself are added to those that parsing found. */
function noteCall({ depends_on: { macros } }: ManifestNode, { unique_id: id }: MacroNode): void {
  if (!macros.includes(id)) macros.push(id);
}

/** What a text may call: macros of its package, of the root, built-in ones, and everything else by name. */
function knownNames({ manifest, project }: ParsedProject, own: string, names: ReadonlyMap<string, Value>): string[] {
  const packages = new Set([own, project.name, 'dbt', 'dbt_duckdb']);
  const macros = Object.values(manifest.macros).filter(({ package_name: owner }) => packages.has(owner));
  return [...macros.map(({ name }) => name), ...names.keys()];
}

interface NameParts {
  readonly results: StatementResults;
  readonly ctes: string[];
  readonly adapter: AdapterHost;
  readonly macros: MacroNames;
  readonly added: Map<string, Value>;
  readonly render: NodeContext['render'];
}

function addNodeNames(names: Map<string, Value>, options: NodeContextOptions, parts: NameParts): void {
  const { session, node, extra, substitutes, window } = options;
  const { results, ctes, adapter, render } = parts;
  const scope = {
    session,
    node,
    ctes,
    window,
    ...(substitutes === undefined ? {} : { substitutes }),
    exists: (relation: Relation) => relationExists(adapter, relation),
  };
  const functions: [string, Value][] = [
    ['ref', new ConfiguredFunction('ref', refFunction(scope), () => runtimeConfig(session.parsed))],
    ['source', hostFunction('source', sourceFunction(scope))],
    ['function', hostFunction('function', functionFunction(scope))],
    ['config', new ConfigObject(node)],
  ];
  const label = { path: node.original_file_path, name: `${node.resource_type} ${node.name}` };
  const own: readonly (readonly [string, Value])[] = [
    ...functions,
    ['var', (names.get('var') as VarFunction).with({ render: (text) => render(text, label) })],
    ['execute', true],
    ['adapter', new AdapterObject(adapter)],
    ['api', apiModule(session.parsed.project.quoting)],
    ['column', columnClass],
    ['exceptions', exceptionsModule({ warn: (message) => session.warn(message) })],
    ['context', new ContextObject(parts.macros, parts.added)],
    ['model', modelValue(node)],
    ['graph', graphOf(session)],
    ['this', thisRelation(session, node)],
    ['database', node.database],
    ['schema', node.schema],
    ['sql', node.compiled_code ?? null],
    ['compiled_code', node.compiled_code ?? null],
    ['pre_hooks', fromJs(node.config['pre-hook'] ?? [])],
    ['post_hooks', fromJs(node.config['post-hook'] ?? [])],
    ['selected_resources', [...session.selected]],
    [
      'defer_relation',
      node.defer_relation ? new RelationObject(relationOfDeferred(session, node.defer_relation)) : null,
    ],
    ['thread_id', options.thread ?? 'MainThread'],
    ['env', new PyDict()],
    ['dbt_metadata_envs', new PyDict()],
    ['invocation_args_dict', lazyFromJs(session.flags.args)],
    ...results.functions,
    ['render', hostFunction('render', ([text = null]) => render(str(text), label))],
    ['write', hostFunction('write', ([text = null]) => writeRunFile(options, str(text)))],
    ['load_agate_table', hostFunction('load_agate_table', () => seedTable(options, adapter))],
    [
      'submit_python_job',
      hostFunction('submit_python_job', ([model = null, code = null]) => adapter.submitPython(model, str(code))),
    ],
    ['try_or_compiler_error', hostFunction('try_or_compiler_error', tryOrCompilerError)],
    ['validation', new PyDict([['any', hostFunction('any', () => hostFunction('validate', () => null))]])],
    ['builtins', PyDict.lazy(() => [...names].filter(([name]) => name !== 'builtins' && name !== testArgumentsName))],
    ...(extra ?? []),
  ];
  for (const [name, value] of own) names.set(name, value);
}

function baseContext({ session, node, vars, envVars }: NodeContextOptions): Map<string, Value> {
  const { parsed, env, log, flags } = session;
  const own = parsed.projects.get(node.package_name) ?? parsed.project;
  return createBaseContext({
    projectName: parsed.project.name,
    profile: parsed.profile,
    vars: createVars({ ...parsed.vars, ...vars }, parsed.project, own),
    env: envVars === undefined ? env : { ...env, ...(envVars as Record<string, string>) },
    flags: {
      ...parsed.flags,
      FULL_REFRESH: flags.fullRefresh,
      STORE_FAILURES: flags.storeFailures,
      WHICH: flags.which,
    },
    invocationId: parsed.invocationId,
    runStartedAt: parsed.runStartedAt,
    asker: () => node.unique_id,
    sink: {
      log: (level, message) =>
        log.fire({
          name: level === 'info' ? 'JinjaLogInfo' : 'JinjaLogDebug',
          code: level === 'info' ? 'I062' : 'I063',
          level,
          msg: message,
        }),
      print: (message) => log.fire({ name: 'PrintEvent', code: 'Z052', level: 'info', msg: message }),
    },
  });
}

/** Relations that fixtures of unit tests stand for, by fixture: their columns have the right types. */
export const fixtureRelations = new WeakMap<ManifestNode, Relation>();

/** The relation a node writes to. */
function thisRelation(session: RunSession, node: ManifestNode): Value {
  if (node.resource_type === 'operation') return null;
  const fixture = fixtureRelations.get(node);
  if (fixture !== undefined) return new RelationObject(fixture);
  return new RelationObject(relationOfNode(session, node));
}

const relationExists = async (adapter: AdapterHost, relation: Relation): Promise<boolean> =>
  (await findRelation(adapter, relation)) !== undefined;

const graphs = new WeakMap<object, Value>();

/** `graph`: everything the project holds, made a template's value where it is looked at. */
function graphOf({ parsed: { manifest } }: RunSession): Value {
  const known = graphs.get(manifest);
  if (known !== undefined) return known;
  const { exposures, functions, groups, metrics, nodes, sources, semantic_models, saved_queries, unit_tests } =
    manifest;
  const graph = lazyFromJs({
    exposures,
    functions,
    groups,
    metrics,
    nodes,
    sources,
    semantic_models,
    saved_queries,
    unit_tests,
  });
  graphs.set(manifest, graph);
  return graph;
}

function adapterHost({ session, node, connection, submitPython }: NodeContextOptions, macros: MacroNames): AdapterHost {
  const { parsed, database, cache, log } = session;
  const { [node.unique_id]: known } = parsed.manifest.nodes;
  const comment = session.queryComment(node.unique_id, known);
  return {
    database,
    cache,
    projectName: parsed.project.name,
    projectRoot: parsed.project.root,
    quoting: parsed.project.quoting,
    flags: parsed.flags,
    connection,
    dispatch: macros.dispatch,
    overridden: overriddenBy(parsed, macros),
    print: (text) => log.fire({ name: 'PrintEvent', code: 'Z052', level: 'info', msg: text.replace(/\n$/, '') }),
    warnOnce: (message) => session.warnOnce(message),
    comment,
    storeByPlugin: (plugin, target) => storeByPlugin(session, { plugin, node, target }),
    async submitPython(_, code) {
      if (submitPython === undefined)
        throw new PyError('DbtRuntimeError', 'Python models run from their own materialization only');
      await submitPython(code);
      return new ResponseObject('OK', null, null);
    },
  };
}

function writeRunFile({ session, node, batch }: NodeContextOptions, text: string): Value {
  const file = artifactPath(session.targetPath, 'run', node, batch);
  session.files.write(file, text);
  node.build_path = path.relative(session.parsed.project.root, file);
  return '';
}

function seedTable({ session, node }: NodeContextOptions, adapter: AdapterHost): Value {
  const project = session.parsed.projects.get(node.package_name) ?? session.parsed.project;
  const file = path.resolve(project.root, node.original_file_path);
  const types = Object.keys((node.config.column_types ?? {}) as Dict);
  const delimiter = typeof node.config.delimiter === 'string' ? node.config.delimiter : ',';
  const table = interruptible(() => readSeed(file, { delimiter, textColumns: new Set(types) }));
  const unknown = types.filter((name) => !table.columnNames.includes(name)).sort();
  if (unknown.length > 0)
    session.warn(
      `seed '${node.name}' (${node.original_file_path}) has no columns ${unknown.join(', ')}: their column_types count for nothing`,
    );
  return new TableObject(session.flags.empty ? { ...table, rows: [] } : table, adapter.print);
}

async function tryOrCompilerError(args: readonly Value[], kwargs: ReadonlyMap<string, Value>): Promise<Value> {
  const [message = null, run, ...rest] = args;
  if (!(run instanceof PyObject))
    throw readArguments('try_or_compiler_error', ['message_if_exception', 'func'], args, kwargs);
  try {
    return await run.call(rest, kwargs);
  } catch {
    throw new PyError('CompilationError', str(message));
  }
}
