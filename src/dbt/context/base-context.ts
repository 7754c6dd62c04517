/** Names that every template of dbt knows, parsing and running alike; callers lay their own over them. */
import {
  type Context,
  compileTemplate,
  createEnvironment,
  fromJs,
  hostFunction,
  PyDict,
  PyModule,
  PyObject,
  pythonBuiltins,
  readArguments,
  renderText,
  returnFunction,
  str,
  truth,
  type Value,
} from '../../jinja/index.ts';
import type { Dict } from '../manifest-types.ts';
import type { DbtProfile, Env, ParseSink } from '../project-types.ts';
import { dbtVersion } from '../version.ts';
import { momentValue } from './dates.ts';
import { envVarFunction } from './env-var.ts';
import type { ReadLog } from './reads.ts';
import { VarFunction, type VarLookup } from './var.ts';

export interface BaseContextOptions {
  readonly projectName: string;
  readonly profile: DbtProfile | undefined;
  readonly vars: VarLookup;
  readonly env: Env;
  readonly flags: Readonly<Dict>;
  readonly invocationId: string;
  readonly runStartedAt: Date;
  readonly sink: ParseSink;
  readonly secrets?: boolean;
  readonly asker?: () => string;
  /** Told of what is asked for that may be another the next time. */
  readonly reads?: ReadLog | undefined;
}

/** Names that differ with every invocation, or lead to such. */
const singularNames: ReadonlySet<string> = new Set([
  'invocation_id',
  'run_started_at',
  'modules',
  'builtins',
  'context',
  'invocation_args_dict',
]);

export function noteName(reads: ReadLog | undefined, name: string): void {
  if (reads !== undefined && singularNames.has(name)) reads.singular();
}

export function createBaseContext(options: BaseContextOptions): Map<string, Value> {
  const { profile, env, sink, secrets = false, reads } = options;
  const names = new Map<string, Value>(pythonBuiltins());
  const add = (name: string, value: Value): void => void names.set(name, value);
  const asker = options.asker ?? (() => 'a template');
  add('var', new VarFunction(options.vars, { asker, render: varRenderer(names, reads) }));
  add('env_var', envVarFunction(env, { secrets, reads }));
  if (sink.warn !== undefined) {
    const { warn } = sink;
    const message = 'modules.itertools will not stay: Jinja and the functions of dbt do what it does';
    const tell = (): void => warn({ name: 'ModulesItertoolsUsageDeprecation', message, data: {} });
    add('modules', watchedModules(names.get('modules') as PyDict, tell));
  }
  if (profile !== undefined) add('target', targetValue(profile));
  add('project_name', options.projectName);
  add('flags', new FlagsObject(options.flags, reads));
  add('invocation_id', options.invocationId);
  add('run_started_at', momentValue(options.runStartedAt));
  add('dbt_version', dbtVersion);
  add(
    'dbt_metadata_envs',
    PyDict.lazy(() => Object.entries(metadataEnv(env))),
  );
  add('return', returnFunction);
  add(
    'log',
    hostFunction('log', (args, kwargs) => {
      const { msg, info } = readArguments('log', ['msg', 'info'], args, kwargs, { info: false });
      reads?.singular();
      sink.log?.(truth(info) ? 'info' : 'debug', str(msg));
      return '';
    }),
  );
  add(
    'print',
    hostFunction('print', ([message = null]) => {
      reads?.singular();
      sink.print?.(str(message));
      return '';
    }),
  );
  add('builtins', new PyModule('builtins', names));
  return names;
}

/** The same modules, whose itertools tell that they are called. */
function watchedModules(modules: PyDict, tell: () => void): PyDict {
  const others = ['datetime', 'pytz', 're'].map((name) => [name, modules.get(name) as Value] as const);
  return new PyDict([...others, ['itertools', new WatchedModule(modules.get('itertools') as PyObject, tell)]]);
}

class WatchedModule extends PyObject {
  readonly typeName = 'dict';
  readonly #inner: PyObject;
  readonly #tell: () => void;

  constructor(inner: PyObject, tell: () => void) {
    super();
    this.#inner = inner;
    this.#tell = tell;
  }

  override attr(name: string): Value | undefined {
    const found = this.#inner.attr(name) ?? this.#inner.item(name);
    if (!(found instanceof PyObject)) return found;
    return hostFunction(name, (args, kwargs) => {
      this.#tell();
      return found.call(args, kwargs);
    });
  }

  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.attr(key) : undefined;
  }
}

const varEnvironment = createEnvironment();

/** Vars may hold expressions over the other names. */
function varRenderer(names: ReadonlyMap<string, Value>, reads: ReadLog | undefined): (text: string) => Value {
  const context: Context = {
    get(name) {
      noteName(reads, name);
      return names.get(name);
    },
  };
  return (text) => renderText(compileTemplate(varEnvironment, text, { path: 'vars', name: 'var' }), context);
}

/** Variables that go into artifacts: DBT_ENV_CUSTOM_ENV_NAME as NAME. */
export function metadataEnv(env: Env): Dict<string> {
  const prefix = 'DBT_ENV_CUSTOM_ENV_';
  const found: Dict<string> = {};
  for (const [name, value] of Object.entries(env))
    if (name.startsWith(prefix) && value !== undefined) found[name.slice(prefix.length)] = value;
  return found;
}

/** What a profile of DuckDB says of its connection, in dbt's order, with what it is when nothing is said. */
const connection: Readonly<Dict> = {
  database: null,
  schema: null,
  path: null,
  config_options: null,
  extensions: null,
  settings: {},
  external_root: '.',
  use_credential_provider: null,
  attach: null,
  filesystems: null,
  remote: null,
  plugins: null,
  disable_transactions: false,
};

/** `target`: what the profile says, without secrets. Made when it is looked at: every node has one of its own. */
const targetValue = (profile: DbtProfile): Value => PyDict.lazy(() => targetEntries(profile));

function targetEntries(profile: DbtProfile): (readonly [Value, Value])[] {
  const { credentials, targetName } = profile;
  const open = Object.entries(connection).map(([key, otherwise]) => [key, credentials[key] ?? otherwise] as const);
  const entries = Object.entries({
    ...Object.fromEntries(open),
    database: profile.database,
    schema: profile.schema,
    type: profile.type,
    threads: profile.threads,
    name: targetName,
    target_name: targetName,
    profile_name: profile.name,
  });
  return entries.map(([key, value]) => [key, fromJs(value)]);
}

/** `flags`: names in capitals, missing ones undefined. */
class FlagsObject extends PyObject {
  readonly typeName = 'Flags';
  readonly #flags: Readonly<Dict>;
  readonly #reads: ReadLog | undefined;
  constructor(flags: Readonly<Dict>, reads?: ReadLog) {
    super();
    this.#flags = flags;
    this.#reads = reads;
  }
  override attr(name: string): Value | undefined {
    for (const key of [name, name.toUpperCase()]) {
      const isThere = Object.hasOwn(this.#flags, key);
      this.#reads?.flag(key, isThere ? this.#flags[key] : undefined);
      if (isThere) return fromJs(this.#flags[key]);
    }
    return undefined;
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.attr(key) : undefined;
  }
  override truth(): boolean {
    return true;
  }
}
