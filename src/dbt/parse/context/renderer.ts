/** Renders a project's texts while it is parsed. One context a package, pointed at one node after the other. */
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
  renderNative,
  renderText,
  str,
  toJs,
  type Value,
} from '../../../jinja/index.ts';
import { createBaseContext, noteName } from '../../context/base-context.ts';
import { ContextObject } from '../../context/context-object.ts';
import { MacroCalls } from '../../context/macro-object.ts';
import type { ReadLog } from '../../context/reads.ts';
import type { VarFunction } from '../../context/var.ts';
import type { Dict, MacroNode, ManifestNode } from '../../manifest-types.ts';
import { entryOf, isDict, isText } from '../../plain.ts';
import { createVars } from '../../project/vars.ts';
import type { DbtProfile, DbtProject, Env, MacroIndex, ParseSink } from '../../project-types.ts';
import { docBlock } from '../descriptions.ts';
import type { Captured, ParseRenderer, ParseState } from '../state.ts';
import { MacroNames, MacroTemplates, macroPrefix } from './macros.ts';
import { modelValue } from './model-value.ts';
import { placed } from './placed.ts';
import { runtimeConfig } from './runtime-config.ts';
import {
  apiModule,
  type Capture,
  functionFunction,
  metricFunction,
  ParseAdapter,
  ParseConfig,
  parseExceptions,
  refFunction,
  relationOfNode,
  sourceFunction,
} from './values.ts';

export interface RendererOptions {
  readonly root: DbtProject;
  readonly projects: ReadonlyMap<string, DbtProject>;
  readonly profile: DbtProfile;
  readonly macros: MacroIndex;
  readonly env: Env;
  readonly flags: Readonly<Dict>;
  readonly cliVars: Readonly<Dict>;
  readonly invocationId: string;
  readonly runStartedAt: Date;
  readonly sink: ParseSink;
  readonly reads?: ReadLog | undefined;
  /** The state is made with the renderer in it: it is asked for when a doc block is. */
  readonly state: () => ParseState;
}

const marks = /[{][{%#]|[#}%][}]/;

export function createParseRenderer(options: RendererOptions): ParseRenderer {
  const environment = createEnvironment({ undefinedMode: 'chain', macroPrefix });
  const strict = createEnvironment({ undefinedMode: 'strict', macroPrefix });
  const native = createEnvironment({ native: true, undefinedMode: 'chain', macroPrefix });
  const strictNative = createEnvironment({ native: true, macroPrefix });
  const templates = new MacroTemplates(strict); // only a node's own text may ask anything of what is not defined
  const packages = new Map<string, PackageContext>();
  const contextOf = (packageName: string): PackageContext => {
    return entryOf(
      packages,
      packageName,
      () => new PackageContext(packageName, options, templates, { environment, native }),
    );
  };
  const names = new NameMacros(options, contextOf);
  return {
    captureNode: (node, calls) => contextOf(node.package_name).capture(node, node.raw_code, calls),
    captureTest: (node, calls) => contextOf(node.package_name).captureTest(node, calls),
    captureText: (node, text) => contextOf(node.package_name).capture(node, text, {}),
    yamlValue(text, packageName, path) {
      if (!marks.test(text)) return text.endsWith('\n') ? text.slice(0, -1) : text;
      return placed(`${path}`, () =>
        toJs(renderNative(compileTemplate(strictNative, text, { path, name: path }), contextOf(packageName).yaml)),
      );
    },
    docText(text, packageName, owner) {
      if (!marks.test(text)) return text;
      const context = contextOf(packageName).docs(owner);
      return placed(`description of ${owner}`, () =>
        renderText(compileTemplate(strict, text, { path: owner, name: `description of ${owner}` }), context),
      );
    },
    generateName: (component, custom, node) => names.generate(component, custom, node),
  };
}

const emptyCapture = (calls: Dict): Captured => ({
  refs: [],
  sources: [],
  metrics: [],
  functions: [],
  calls,
  macros: [],
});

interface Environments {
  readonly environment: Environment;
  readonly native: Environment;
}

/** What a node of one package sees. */
class PackageContext implements Context {
  readonly macros: MacroNames;
  readonly yaml: Context;
  readonly #names: Map<string, Value>;
  readonly #options: RendererOptions;
  readonly #environments: Environments;
  /** What was put into `context` while the node is rendered. */
  readonly #added = new Map<string, Value>();
  /** What generic tests see, by the macro of the test. */
  readonly #ofTests = new Map<string, ReadonlyMap<string, Value>>();
  #capture: Capture | undefined;
  #testArguments: Value | undefined;

  constructor(packageName: string, options: RendererOptions, templates: MacroTemplates, environments: Environments) {
    const { root, projects, cliVars } = options;
    const project = projects.get(packageName) ?? root;
    this.#options = options;
    this.#environments = environments;
    const asker = (): string => this.#capture?.node.unique_id ?? `package ${packageName}`;
    const base = createBaseContext({
      ...options,
      projectName: root.name,
      vars: createVars(cliVars, root, project),
      asker,
    });
    const varAsWritten = (base.get('var') as VarFunction).with({});
    this.yaml = {
      get(name) {
        noteName(options.reads, name);
        return name === 'var' ? varAsWritten : base.get(name);
      },
    };
    this.macros = new MacroNames({
      index: options.macros,
      templates,
      packageName,
      rootName: root.name,
      context: () => this,
      calls: new MacroCalls((macro) => this.#called(macro)),
    });
    this.#names = this.#nodeNames(base);
  }

  #nodeNames(base: Map<string, Value>): Map<string, Value> {
    const capture = (): Capture => this.#capture as Capture;
    const own: [string, Value][] = [
      ['var', (base.get('var') as VarFunction).with({ render: (text) => this.#varText(text), isParsing: true })],
      ['ref', refFunction(capture, () => this.#configuration())],
      ['source', sourceFunction(capture)],
      ['metric', metricFunction(capture)],
      ['function', functionFunction(capture)],
      ['config', new ParseConfig(capture)],
      ['adapter', new ParseAdapter((name, namespace) => this.macros.dispatch(name, namespace))],
      ['api', apiModule(this.#options.root.quoting)],
      ['context', new ContextObject(this, this.#added)],
      ['execute', false],
      ['exceptions', parseExceptions((message) => this.#options.sink.warn?.({ name: 'JinjaLogWarning', message }))],
      ['load_result', hostFunction('load_result', () => null)],
      ['store_result', hostFunction('store_result', () => '')],
      ['store_raw_result', hostFunction('store_raw_result', () => '')],
      ['write', hostFunction('write', () => '')],
      ['submit_python_job', hostFunction('submit_python_job', () => null)],
      [
        'try_or_compiler_error',
        hostFunction('try_or_compiler_error', ([, f, ...rest]) =>
          (f as never as { call: (args: unknown, kwargs: unknown) => Value }).call(rest, new Map()),
        ),
      ],
      ['render', hostFunction('render', ([text = null]) => this.#render(str(text)))],
      ['graph', new PyDict([])],
      ['pre_hooks', []],
      ['post_hooks', []],
      ['sql', null],
      ['selected_resources', []],
      ['thread_id', 'MainThread'],
      ['database', this.#options.profile.database],
      ['schema', this.#options.profile.schema],
      ['invocation_args_dict', fromJs({})],
    ];
    const names = new Map([...base, ...own]);
    const builtins = new Map([...names].filter(([name]) => name !== 'builtins'));
    names.set('builtins', new PyDict(builtins));
    return names;
  }

  #configuration(): Value {
    const { root: project, projects, profile, cliVars: vars } = this.#options;
    return runtimeConfig({ project, projects, profile, vars });
  }

  get(name: string): Value | undefined {
    if (name === '_dbt_generic_test_kwargs') return this.#testArguments;
    if (this.#added.has(name)) return this.#added.get(name);
    const macro = this.#macro(name);
    if (macro !== undefined) return macro;
    noteName(this.#options.reads, name);
    if (name === 'this') return this.#this();
    if (name === 'model') return this.#capture === undefined ? undefined : modelValue(this.#capture.node);
    return this.#names.get(name);
  }

  #macro(name: string): Value | undefined {
    const node = this.#capture?.node;
    return node?.test_metadata === undefined ? this.macros.get(name) : this.#macrosOfTest(node).get(name);
  }

  /** A generic test sees what its macros call alone: by their names, whatever package they are of, and by their packages. */
  #macrosOfTest({ depends_on: { macros } }: ManifestNode): ReadonlyMap<string, Value> {
    return entryOf(this.#ofTests, macros[0] ?? '', () => {
      const wrapper = this.#options.macros.resolve('get_where_subquery', this.#options.root.name);
      const ids = new Set([...(wrapper === undefined ? [] : [wrapper.unique_id]), ...macros]);
      const found: MacroNode[] = [];
      for (const id of ids) {
        const [, owner = '', name = ''] = id.split('.');
        const macro = this.#options.macros.find(owner, name);
        if (macro === undefined) continue;
        found.push(macro);
        for (const other of macro.depends_on.macros) ids.add(other);
      }
      return this.macros.only(found);
    });
  }

  #this(): Value {
    const node = this.#capture?.node;
    return node === undefined || node.resource_type === 'operation' || node.resource_type === 'analysis'
      ? null
      : relationOfNode(node);
  }

  #called(macro: MacroNode): void {
    const macros = this.#capture?.found.macros;
    if (macros !== undefined && !macros.includes(macro.unique_id)) macros.push(macro.unique_id);
  }

  /** Macros that name relations see vars as they are written. */
  #varText(text: string): string {
    return this.#capture === undefined ? text : this.#render(text);
  }

  #render(text: string): string {
    const { environment } = this.#environments;
    const label = { path: this.#capture?.node.original_file_path ?? 'text', name: this.#capture?.node.name ?? 'text' };
    const result = renderText(compileTemplate(environment, text, label), this);
    environment.programs.delete(text);
    return result;
  }

  capture(node: ManifestNode, text: string, calls: Dict): Captured {
    if (!marks.test(text)) return emptyCapture(calls);
    return this.#with(node, calls, () => void this.#render(text));
  }

  captureTest(node: ManifestNode, calls: Dict): Captured {
    return this.#with(node, calls, () => {
      this.#testArguments = this.#argumentsOf(node);
      this.#render(node.raw_code);
    });
  }

  #with(node: ManifestNode, calls: Dict, work: () => void): Captured {
    const earlier = [this.#capture, this.#testArguments] as const;
    const found = emptyCapture(calls);
    this.#capture = { node, found };
    if (earlier[0] === undefined) this.#added.clear();
    try {
      placed(`${node.resource_type} ${node.name} (${node.original_file_path})`, work);
    } finally {
      [this.#capture, this.#testArguments] = earlier;
    }
    return found;
  }

  /** Arguments of a generic test: text that is or looks like an expression becomes what it gives. */
  #argumentsOf(node: ManifestNode): Value {
    const convert = (value: unknown, isColumn: boolean): unknown => {
      if (Array.isArray(value)) return value.map((item) => convert(item, false));
      if (isDict(value))
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item, false)]));
      if (!isText(value) || isColumn) return value;
      const text = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/.test(value) ? `{{ ${value} }}` : value;
      if (!marks.test(text)) return text.endsWith('\n') ? text.slice(0, -1) : text;
      return renderNative(
        compileTemplate(this.#environments.native, text, { path: node.original_file_path, name: node.name }),
        this,
      );
    };
    const kwargs = Object.entries(node.test_metadata?.kwargs ?? {});
    return new PyDict(kwargs.map(([key, value]) => [key, fromJs(convert(value, key === 'column_name'))] as const));
  }

  docs(owner: string): Context {
    const doc = hostFunction('doc', (args) => {
      this.#options.reads?.joined();
      if (args.length < 1 || args.length > 2)
        throw new PyError('CompilationError', `doc() takes one or two names, not ${args.length}`);
      const [first = '', second] = args.map(str);
      const packageName = this.#options.projects.get(owner.split('.')[1] ?? '')?.name ?? this.#options.root.name;
      return second === undefined
        ? docBlock(this.#options.state(), packageName, null, first, owner)
        : docBlock(this.#options.state(), packageName, first, second, owner);
    });
    return { get: (name) => (name === 'doc' ? doc : this.yaml.get(name)) };
  }
}

type Component = 'database' | 'schema' | 'alias';

/** Runs the macros that name relations; the built-in ones are done here, as most projects use them. */
class NameMacros {
  readonly #options: RendererOptions;
  readonly #contextOf: (packageName: string) => PackageContext;
  readonly #chosen = new Map<string, MacroNode | null>();

  constructor(options: RendererOptions, contextOf: (packageName: string) => PackageContext) {
    this.#options = options;
    this.#contextOf = contextOf;
  }

  generate(component: Component, custom: string | null, node: ManifestNode): string | null {
    const macro = this.#macro(component, node.package_name);
    if (macro === null) return this.#default(component, custom, node);
    const context = this.#contextOf(macro.package_name);
    const name = placed(`${component} of ${node.unique_id}`, () =>
      context.macros.object(macro).call([custom, lazyFromJs(node)], new Map()),
    );
    return typeof name === 'string' ? name.trim() : name === null ? null : str(name as Value);
  }

  /** null = nothing overrides the built-in macro. */
  #macro(component: Component, packageName: string): MacroNode | null {
    const key = `${component} ${packageName}`;
    return entryOf(this.#chosen, key, () => this.#choose(component, packageName));
  }

  #choose(component: Component, packageName: string): MacroNode | null {
    const { macros } = this.#options;
    const macro = macros.generate(component, packageName);
    if (macro.package_name !== 'dbt') return macro;
    const target = macros.dispatch(`generate_${component}_name`, 'dbt', 'dbt');
    return target.package_name === 'dbt' ? null : macro;
  }

  #default(component: Component, custom: string | null, node: ManifestNode): string | null {
    const { profile } = this.#options;
    const given = custom === null || custom === '' ? null : custom.trim();
    if (component === 'database') return given ?? profile.database;
    if (component === 'schema') return given === null ? profile.schema : `${profile.schema}_${given}`;
    if (given !== null) return given;
    const { version = null } = node;
    return version === null ? node.name : `${node.name}_v${String(version).replaceAll('.', '_')}`;
  }
}
