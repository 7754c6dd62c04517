/** Macros, generic tests and materializations of macro files, and the index that finds them. */

import { DuckhouseError } from '../../errors.ts';
import { extractBlocks } from '../../jinja/index.ts';
import type { MacroNode } from '../manifest-types.ts';
import { entryOf } from '../plain.ts';
import type { DbtProject, MacroIndex, ParseWarning } from '../project-types.ts';
import { type FoundFile, readText } from './files.ts';

/** Packages whose macros belong to the engine itself; an adapter's win over the common ones. */
export const builtInPackages = ['dbt_duckdb', 'dbt'] as const;
const adapterPrefixes = ['duckdb__', 'default__'] as const;

export type MacrosByPackage = ReadonlyMap<string, ReadonlyMap<string, MacroNode>>;

export class MacroStore {
  /** By unique id. */
  readonly macros = new Map<string, MacroNode>();
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  readFile(file: FoundFile, allowed: ReadonlySet<string>, warn?: (warning: ParseWarning) => void): void {
    const text = readText(file);
    if (!text.includes('{%')) return;
    const onUnexpected = (type: string): void =>
      warn?.({
        name: 'UnexpectedJinjaBlockDeprecation',
        message: `${file.original}: {% ${type} %} stands outside of any block, where it does nothing`,
        data: { file: file.original, msg: `Found unexpected '${type}' block tag.` },
      });
    for (const { type, text: whole } of extractBlocks(text, { path: file.original, allowed, onUnexpected }))
      this.add(file, type, whole);
  }

  add(file: FoundFile, type: string, text: string): void {
    const { name, args, languages } = signatureOf(type, text, file);
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
    this.macros.set(uniqueId, {
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
      supported_languages: languages,
    });
  }
}

export function macrosByPackage(macros: Iterable<MacroNode>): MacrosByPackage {
  const found = new Map<string, Map<string, MacroNode>>();
  for (const macro of macros)
    entryOf(found, macro.package_name, () => new Map<string, MacroNode>()).set(macro.name, macro);
  return found;
}

/** Files of tests keep no argument names, those of macros do. */
const isTestFile = ({ original }: FoundFile): boolean => /(^|\/)generic\//.test(original);

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
export function argumentNames(text: string): string[] {
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
}

export function createMacroIndex({ macros, root, packages }: MacroIndexOptions): MacroIndex {
  const find = (packageName: string, name: string): MacroNode | undefined => macros.get(packageName)?.get(name);
  const builtIn = (name: string): MacroNode | undefined => find('dbt_duckdb', name) ?? find('dbt', name);
  const resolve = (name: string, packageName: string): MacroNode | undefined =>
    find(packageName, name) ?? find(root.name, name) ?? builtIn(name);
  const imports = packages.filter((one) => one !== root.name && !builtInPackages.includes(one as never));
  const isInstalled = (name: string): boolean => packages.includes(name);

  const searchPackages = (namespace: string | null): readonly (string | null)[] => {
    if (namespace === null) return [null];
    const configured = root.dispatch.find((entry) => entry.macro_namespace === namespace);
    if (configured !== undefined) return configured.search_order;
    return isInstalled(namespace) ? [root.name, namespace] : [null];
  };

  return {
    find: (packageName, name) => (packageName === 'dbt' ? builtIn(name) : find(packageName, name)),
    resolve,
    packages,
    dispatch(name, namespace, packageName) {
      const tried: string[] = [];
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
          tried.push(within === null ? candidate : `${within}.${candidate}`);
        }
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
        const imported = hasBuiltIn
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

/** Which macros a macro's text calls, by name or by dispatch. */
export function linkMacros(macros: readonly MacroNode[], index: MacroIndex): void {
  for (const macro of macros) {
    const ids = new Set<string>();
    const body = macro.macro_sql.slice(macro.macro_sql.indexOf('%}'));
    for (const [, tag = ''] of body.matchAll(/\{[{%]([\s\S]*?)[}%]\}/g)) {
      for (const [, name = '', namespace = null] of tag.matchAll(dispatchForm)) {
        const target = tryDispatch(index, name, namespace, macro.package_name);
        if (target !== undefined) ids.add(target.unique_id);
        const plain = name === macro.name ? undefined : index.resolve(name, macro.package_name);
        if (plain !== undefined) ids.add(plain.unique_id);
      }
      for (const [, first = '', second] of tag.replace(textForm, "''").matchAll(callForm)) {
        const target =
          second === undefined
            ? index.resolve(first, macro.package_name)
            : index.packages.includes(first)
              ? index.find(first, second)
              : undefined;
        if (target !== undefined && target.name !== macro.name) ids.add(target.unique_id);
      }
    }
    macro.depends_on.macros = [...ids];
  }
}

function tryDispatch(
  index: MacroIndex,
  name: string,
  namespace: string | null,
  packageName: string,
): MacroNode | undefined {
  try {
    return index.dispatch(name, namespace, packageName);
  } catch {
    return undefined; // a macro for other adapters only: it fails when it is called, not here
  }
}
