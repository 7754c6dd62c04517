/** One YAML file of properties: read, checked for shape, its values rendered save those that are rendered later. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, typeName } from '../plain.ts';
import type { DuplicateKey } from '../yaml/load.ts';
import { entryProblem } from './entry-shapes.ts';
import type { FoundFile } from './files.ts';
import type { ParseState } from './state.ts';

export const schemaKeys = [
  'models',
  'seeds',
  'snapshots',
  'sources',
  'macros',
  'data_tests',
  'analyses',
  'exposures',
  'functions',
  'metrics',
  'groups',
  'semantic_models',
  'unit_tests',
  'saved_queries',
] as const;
export type SchemaKey = (typeof schemaKeys)[number];

export interface SchemaFile {
  readonly file: FoundFile;
  readonly text: string;
  readonly content: Readonly<Dict>;
  /** Nothing in it needs to be rendered. */
  readonly isPlain: boolean;
  /** Keys that stand twice in a dictionary, with their places. */
  readonly duplicates: readonly DuplicateKey[];
}

/** An entry of a list such as `models:`, rendered, beside what was written. */
export interface SchemaEntry extends Dict {
  name: string;
}

export function checkShape(file: FoundFile, content: unknown): Dict | undefined {
  if (content === null || content === undefined) return undefined;
  if (!isDict(content)) throw badShape(file, `the file must hold a dictionary, not a ${typeName(content)}`);
  for (const key of schemaKeys) {
    const entries = content[key];
    if (entries === undefined) continue;
    if (!Array.isArray(entries))
      throw badShape(file, `'${key}' must be a list, not ${entries === null ? 'empty' : `a ${typeName(entries)}`}`);
    for (const [index, entry] of entries.entries()) {
      if (!isDict(entry))
        throw badShape(file, `entry ${index + 1} of '${key}' must be a dictionary, not a ${typeName(entry)}`);
      if (typeof entry.name !== 'string' && key !== 'unit_tests') {
        if (key === 'data_tests' && entry.name === undefined) break; // told when they are read
        throw badShape(file, `entry ${index + 1} of '${key}' has no name`);
      }
      const problem = entryProblem(key, entry);
      if (problem !== undefined)
        throw badShape(file, `${String(entry.name ?? `entry ${index + 1}`)} of '${key}': ${problem}`);
    }
  }
  return content;
}

export const badShape = (file: FoundFile, problem: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `${file.original}: ${problem}`, { context: { path: file.original } });

/** The entries under `key`, each as written and as rendered. */
export function entriesOf(
  state: ParseState,
  schema: SchemaFile,
  key: SchemaKey,
): { readonly raw: Dict; readonly entry: SchemaEntry }[] {
  const entries = schema.content[key];
  if (!Array.isArray(entries)) return [];
  const rendered = (raw: Dict): Dict => {
    if (schema.isPlain) return raw;
    const render = (): Dict => renderEntry(state, schema.file, key, raw);
    return state.memo === undefined ? render() : state.memo.rendered(raw, render);
  };
  return (entries as Dict[]).map((raw) => ({ raw, entry: rendered(raw) as SchemaEntry }));
}

type KeyPath = readonly (string | number)[];

function renderEntry(state: ParseState, file: FoundFile, key: SchemaKey, entry: Dict): Dict {
  const render = (value: unknown, keys: KeyPath): unknown => {
    if (typeof value === 'string')
      return isRenderedLater(key, keys) ? value : state.renderer.yamlValue(value, file.packageName, file.original);
    if (Array.isArray(value)) return value.map((item, index) => render(item, [...keys, index]));
    if (!isDict(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, render(item, [...keys, name])]));
  };
  return render(entry, []) as Dict;
}

const late: ReadonlySet<unknown> = new Set(['tests', 'data_tests', 'description']);
const lateOrQuery = (name: unknown): boolean => late.has(name) || name === 'loaded_at_query';
const holders: ReadonlySet<unknown> = new Set(['columns', 'dimensions', 'measures', 'entities', 'metrics']);

/** Tests, descriptions and hooks keep their expressions until their own time. */
function isRenderedLater(key: SchemaKey, keys: KeyPath): boolean {
  if (keys.length === 0) return false;
  const [first, second] = keys;
  if (key === 'sources') {
    if (first === 'description' || first === 'loaded_at_query') return true;
    if (first === 'config' && second === 'loaded_at_query') return true;
    return first === 'tables' && isLateKey(keys.slice(2));
  }
  if (key === 'macros') return isLateKey(first === 'arguments' ? keys.slice(1) : keys);
  if (key === 'saved_queries' && first === 'query_params' && second === 'where') return true;
  const isFilter = keys.at(-1) === 'filter' || keys.at(-2) === 'filter';
  if (isFilter && (key === 'metrics' || first === 'metrics')) return true;
  return isLateKey(keys);
}

function isLateKey(keys: KeyPath): boolean {
  const [first, second, third, fourth, fifth] = keys;
  if (lateOrQuery(first) || (keys.length === 2 && lateOrQuery(second))) return true;
  if (
    first === 'config' &&
    ['pre_hook', 'post_hook', 'pre-hook', 'post-hook', 'loaded_at_query'].includes(second as string)
  )
    return true;
  if (keys.length === 5 && fifth === 'description') return true;
  if (first === 'versions') return late.has(third) || (third === 'columns' && late.has(fifth));
  if (holders.has(first)) return late.has(third);
  return first === 'derived_semantics' && (second === 'dimensions' || second === 'entities') && late.has(fourth);
}
