/** Macros, generic tests and materializations of macro files, and the index that finds them. */

import { DuckhouseError } from '../../errors.ts';
import { extractBlocks, type TemplateLabel } from '../../jinja/index.ts';
import type { MacroNode } from '../manifest-types.ts';
import { entryOf } from '../plain.ts';
import type { DbtProject, MacroIndex, ParseWarning } from '../project-types.ts';
import { type FoundFile, readText } from './files.ts';

/** Packages whose macros belong to the engine itself; an adapter's win over the common ones. */
const builtInPackages: readonly string[] = ['dbt_duckdb', 'dbt'];
export const isBuiltIn = (name: string): boolean => builtInPackages.includes(name);
const adapterPrefixes = ['duckdb__', 'default__'] as const;

export type MacrosByPackage = ReadonlyMap<string, ReadonlyMap<string, MacroNode>>;

/** A macro as its text alone tells it. */
export interface MacroText {
  readonly name: string;
  readonly args: readonly string[];
  readonly languages: readonly string[] | null;
  readonly text: string;
  /** Of its file, where it begins. */
  readonly line: number;
  readonly calls: readonly MacroCall[];
}

/** What a macro calls: by name, of a namespace or not, or by dispatch. */
export type MacroCall = readonly [kind: 'call' | 'dispatch', name: string, namespace: string | null];

export interface MacroTextOptions {
  readonly allowed: ReadonlySet<string>;
  readonly warn?: ((warning: ParseWarning) => void) | undefined;
}

export function macroTexts(file: FoundFile, { allowed, warn }: MacroTextOptions): MacroText[] {
  const source = readText(file);
  if (!source.includes('{%')) return [];
  const onUnexpected = (type: string): void =>
    warn?.({
      name: 'UnexpectedJinjaBlockDeprecation',
      message: `${file.original}: {% ${type} %} stands outside of any block, where it does nothing`,
      data: { file: file.original, msg: `Found unexpected '${type}' block tag.` },
    });
  return extractBlocks(source, { path: file.original, allowed, onUnexpected }).map(({ type, text, start }) => ({
    ...signatureOf(type, text, file),
    text,
    line: lineAt(source, start),
    calls: callsIn(text),
  }));
}

type MacroFile = Pick<FoundFile, 'packageName' | 'original'>;

export class MacroStore {
  /** By unique id. */
  readonly macros = new Map<string, MacroNode>();
  /** By unique id: what each calls. */
  readonly calls = new Map<string, readonly MacroCall[]>();
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  add(file: MacroFile, { name, args, languages, text, line, calls }: MacroText): void {
    const uniqueId = `macro.${file.packageName}.${name}`;
    const earlier = this.macros.get(uniqueId);
    if (earlier !== undefined)
      throw new DuckhouseError(
        'AlreadyExists',
        `two macros of package '${file.packageName}' are named '${name}': in ${earlier.original_file_path} and in ${file.original}`,
        {
          context: { path: file.original },
          hint: 'rename or remove one of them',
        },
      );
    this.calls.set(uniqueId, calls);
    const macro: MacroNode = {
      name,
      resource_type: 'macro',
      package_name: file.packageName,
      path: file.original,
      original_file_path: file.original,
      unique_id: uniqueId,
      macro_sql: text,
      depends_on: { macros: [] },
      description: '',
      meta: {},
      docs: { show: true, node_color: null },
      config: { meta: {}, docs: { show: true, node_color: null } },
      patch_path: null,
      arguments: isTestFile(file) ? [] : args.map((arg) => ({ name: arg, type: null, description: '' })),
      created_at: this.#now,
      supported_languages: languages === null ? null : [...languages],
    };
    lines.set(macro, line);
    this.macros.set(uniqueId, macro);
  }
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

const lines = new WeakMap<MacroNode, number>();

/** What errors call the text of a macro. */
export const macroLabel = (macro: MacroNode): Required<TemplateLabel> => ({
  path: macro.original_file_path,
  name: `macro ${macro.name}`,
  line: lines.get(macro),
});

export function macrosByPackage(macros: Iterable<MacroNode>): MacrosByPackage {
  const found = new Map<string, Map<string, MacroNode>>();
  for (const macro of macros)
    entryOf(found, macro.package_name, () => new Map<string, MacroNode>()).set(macro.name, macro);
  return found;
}

/** Files of tests keep no argument names, those of macros do. */
const isTestFile = ({ original }: MacroFile): boolean => /(^|\/)generic\//.test(original);

interface Signature {
  readonly name: string;
  readonly args: readonly string[];
  readonly languages: string[] | null;
}

const opening = /^\s*\{%[-+]?\s*(macro|test|data_test|materialization)\s+([A-Za-z_]\w*)\s*/;

function signatureOf(type: string, text: string, file: FoundFile): Signature {
  const match = opening.exec(text);
  if (match === null)
    throw new DuckhouseError(
      'DataInvalid',
      `${file.original}: cannot read the name of this ${type}: ${text.slice(0, 60)}`,
      { context: { path: file.original } },
    );
  const name = match[2] as string;
  const rest = text.slice(match[0].length);
  if (type === 'materialization') {
    const head = rest.slice(0, rest.indexOf('%}'));
    const adapter = /adapter\s*=\s*['"](\w+)['"]/.exec(head)?.[1] ?? 'default';
    const languages = /supported_languages\s*=\s*\[([^\]]*)\]/.exec(head)?.[1];
    return {
      name: `materialization_${name}_${adapter}`,
      args: ['supported_languages'],
      languages:
        languages === undefined
          ? ['sql']
          : [...languages.matchAll(/['"](\w+)['"]/g)].map((found) => found[1] as string),
    };
  }
  return { name: type === 'macro' ? name : `test_${name}`, args: argumentNames(rest), languages: null };
}

/** Names of the arguments in `(a, b='x', c=[1, 2])`; types after a colon are left out. */
function argumentNames(text: string): string[] {
  if (!text.startsWith('(')) return [];
  const names: string[] = [];
  let depth = 0;
  let quote = '';
  let current = '';
  for (const character of text) {
    if (quote !== '') {
      if (character === quote) quote = '';
      continue;
    }
    if (character === '"' || character === "'") quote = character;
    else if ('([{'.includes(character)) {
      if (depth++ > 0) current += character;
    } else if (')]}'.includes(character)) {
      if (--depth === 0) break;
    } else if (character === ',' && depth === 1) {
      names.push(current);
      current = '';
    } else current += character;
  }
  names.push(current);
  return names.map((name) => /^\s*(\w+)/.exec(name)?.[1] ?? '').filter((name) => name !== '');
}

export interface MacroIndexOptions {
  readonly macros: MacrosByPackage;
  readonly root: DbtProject;
  readonly packages: readonly string[];
  /** Materializations of packages win over built-in ones of the same name. */
  readonly packagesWin?: boolean;
}

export function createMacroIndex({ macros, root, packages, packagesWin = false }: MacroIndexOptions): MacroIndex {
  const find = (packageName: string, name: string): MacroNode | undefined => macros.get(packageName)?.get(name);
  const builtIn = (name: string): MacroNode | undefined => find('dbt_duckdb', name) ?? find('dbt', name);
  const resolve = (name: string, packageName: string): MacroNode | undefined =>
    find(packageName, name) ?? find(root.name, name) ?? builtIn(name);
  const imports = packages.filter((one) => one !== root.name && !isBuiltIn(one));
  const isInstalled = (name: string): boolean => packages.includes(name);

  const searchPackages = (namespace: string | null): readonly (string | null)[] => {
    if (namespace === null) return [null];
    const configured = root.dispatch.find((entry) => entry.macro_namespace === namespace);
    if (configured !== undefined) return configured.search_order;
    return isInstalled(namespace) ? [root.name, namespace] : [null];
  };

  const dispatched: MacroIndex['dispatched'] = (name, namespace, packageName) => {
    for (const within of searchPackages(namespace))
      for (const prefix of adapterPrefixes) {
        const candidate = `${prefix}${name}`;
        const found =
          within === null
            ? resolve(candidate, packageName)
            : within === 'dbt'
              ? builtIn(candidate)
              : find(within, candidate);
        if (found !== undefined) return found;
      }
    return undefined;
  };

  return {
    find: (packageName, name) => (packageName === 'dbt' ? builtIn(name) : find(packageName, name)),
    resolve,
    testMacro: (name, packageName) =>
      find(packageName, name) ??
      find(root.name, name) ??
      imports.map((one) => find(one, name)).findLast((one) => one !== undefined) ??
      builtIn(name),
    packages,
    namesIn: (packageName) => {
      const owners = packageName === 'dbt' ? ['dbt', 'dbt_duckdb'] : [packageName];
      return [...new Set(owners.flatMap((owner) => [...(macros.get(owner)?.keys() ?? [])]))];
    },
    dispatched,
    dispatch(name, namespace, packageName) {
      const found = dispatched(name, namespace, packageName);
      if (found !== undefined) return found;
      const tried = searchPackages(namespace).flatMap((within) =>
        adapterPrefixes.map((prefix) => (within === null ? `${prefix}${name}` : `${within}.${prefix}${name}`)),
      );
      throw new DuckhouseError(
        'NotFound',
        `no macro '${name}' was found to dispatch to; searched for: ${tried.map((one) => `'${one}'`).join(', ')}`,
        {
          context: { name, packageName },
        },
      );
    },
    materialization(materialized) {
      const names = [`materialization_${materialized}_duckdb`, `materialization_${materialized}_default`];
      const hasBuiltIn = names.some((name) => builtIn(name) !== undefined);
      for (const name of names) {
        const imported =
          hasBuiltIn && !packagesWin
            ? undefined
            : imports.map((one) => find(one, name)).find((one) => one !== undefined);
        const found = find(root.name, name) ?? imported ?? builtIn(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    generate(component, packageName) {
      const name = `generate_${component}_name`;
      const own = packageName === root.name ? undefined : find(packageName, name);
      const found = own ?? find(root.name, name) ?? builtIn(name);
      if (found !== undefined) return found;
      throw new DuckhouseError('Internal', `no macro '${name}' is built in`);
    },
  };
}

const callForm = /(?<![.|]\s*|\w)([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*))?\s*\(/g;
const textForm = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/gs;
const dispatchForm =
  /adapter\s*\.\s*dispatch\s*\(\s*(?:macro_name\s*=\s*)?['"](\w+)['"]\s*(?:,\s*(?:macro_namespace\s*=\s*)?(?:['"](\w+)['"])?)?/g;

/** A tag, or a comment with whatever is in it. */
const tagForm = /\{#[\s\S]*?#\}|\{[{%]([\s\S]*?)[}%]\}/g;

/** Calls in the order in which the text has them, each once. */
function callsIn(text: string): MacroCall[] {
  const calls = new Map<string, MacroCall>();
  const add = (...call: MacroCall): void => {
    const key = call.join(' ');
    if (!calls.has(key)) calls.set(key, call);
  };
  const body = text.slice(text.indexOf('%}'));
  for (const [, tag = ''] of body.matchAll(tagForm)) {
    const code = tag.replace(textForm, (text) => `'${'_'.repeat(text.length - 2)}'`);
    for (const { index, 1: name = '', 2: namespace = null } of tag.matchAll(dispatchForm))
      if (code.startsWith('adapter', index)) add('dispatch', name, namespace);
    for (const [, first = '', second] of code.matchAll(callForm))
      add('call', second ?? first, second === undefined ? null : first);
  }
  return [...calls.values()];
}

/** Names that mean no macro of the project, whatever it calls its own. */
const standardNames: ReadonlySet<string> = new Set([
  ...['ref', 'source', 'config', 'var', 'env_var', 'return', 'log', 'print', 'set', 'set_strict', 'zip', 'zip_strict'],
  ...['tojson', 'fromjson', 'toyaml', 'fromyaml', 'local_md5', 'diff_of_two_dicts'],
]);

type Find = (packageName: string, name: string) => MacroNode | undefined;

/** The package's own macro, or the one that has the name anywhere: the root's, another package's, a built-in one. */
function macroFinder(macros: Iterable<MacroNode>, index: MacroIndex): Find {
  const all = [...macros];
  const root = all.filter(({ package_name }) => package_name === index.packages[0]);
  const byName = new Map([...all, ...root].map((macro) => [macro.name, macro]));
  return (packageName, name) => index.find(packageName, name) ?? byName.get(name);
}

/** What is meant for other adapters only cannot be used; of built-in macros it fails when it is called. */
function dispatchedBy(
  { package_name: owner, name: own, original_file_path: file }: MacroNode,
  index: MacroIndex,
  name: string,
  namespace: string | null,
): MacroNode | undefined {
  const found = index.dispatched(name, namespace, owner);
  if (found !== undefined || isBuiltIn(owner)) return found;
  try {
    return index.dispatch(name, namespace, owner);
  } catch (cause) {
    throw new DuckhouseError('NotFound', `${file}: in macro '${own}' ${(cause as Error).message}`, {
      cause,
      context: { path: file },
    });
  }
}

/** Says of each macro which others it calls. */
export function linkMacros({ macros, calls }: MacroStore, index: MacroIndex): void {
  const find = macroFinder(macros.values(), index);
  // `dbt.x` is the adapter's own macro when it is called; what it depends on is dbt's.
  const within: Find = (owner, name) => macros.get(`macro.${owner}.${name}`) ?? find(owner, name);
  // A dispatch that names no namespace is of no package, until it is called: the root's macro comes first.
  const nameless = (name: string, namespace: string | null): MacroNode | undefined =>
    namespace === null
      ? adapterPrefixes.map((prefix) => find('', `${prefix}${name}`)).find((found) => found !== undefined)
      : undefined;
  for (const macro of macros.values()) {
    const { name: own, package_name: packageName } = macro;
    const ids = new Set<string>();
    const add = (target: MacroNode | undefined): void => void (target !== undefined && ids.add(target.unique_id));
    for (const [kind, name, namespace] of calls.get(macro.unique_id) ?? []) {
      if (kind === 'call' && namespace !== null) add(namespace === 'adapter' ? undefined : within(namespace, name));
      else if (name !== own && !(kind === 'call' && standardNames.has(name))) add(find(packageName, name));
      if (kind === 'dispatch') add(nameless(name, namespace) ?? dispatchedBy(macro, index, name, namespace));
    }
    macro.depends_on.macros = [...ids];
  }
}
