/** What differs between a YAML file and what it was: entries that describe nodes, or more. */
import type { Dict } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import { isSame } from './member-copies.ts';
import { type SchemaFile, schemaKeys } from './schema-file.ts';

/** Lists whose entries each describe one node. */
export const describingKeys = ['models', 'seeds', 'snapshots'] as const;
export type DescribingKey = (typeof describingKeys)[number];

export interface ChangedEntry {
  readonly key: DescribingKey;
  readonly name: string;
}

const dictsOf = (value: unknown): Dict[] => (Array.isArray(value) ? value.filter(isDict) : []);

/** The file with the very entries of its last reading that are as they were: what was made of those is known. */
export function withEarlierEntries(now: SchemaFile | undefined, earlier: SchemaFile | undefined): typeof now {
  if (now === undefined || earlier === undefined) return now;
  const content: Dict = { ...now.content };
  for (const key of schemaKeys) {
    if (!Array.isArray(content[key])) continue;
    const known = new Map(dictsOf(earlier.content[key]).map((entry) => [entry.name, entry]));
    content[key] = content[key].map((entry: Dict) => {
      const before = known.get(entry.name);
      return before !== undefined && isSame(before, entry) ? before : entry;
    });
  }
  return { ...now, content };
}

/** Entries make more than properties of one node. */
const further = ['versions', 'semantic_model', 'metrics', 'derived_semantics', 'relation', 'time_spine'] as const;
export const makesMore = (entry: Dict): boolean => further.some((key) => key in entry);

/** The entries that are others now, when there is nothing else; undefined = there is more. */
export function changedEntries(
  earlier: SchemaFile | undefined,
  now: SchemaFile | undefined,
): ChangedEntry[] | undefined {
  if (earlier === undefined || now === undefined) return undefined;
  if (earlier.duplicates.length + now.duplicates.length > 0) return undefined;
  const changed: ChangedEntry[] = [];
  const describing: ReadonlySet<string> = new Set(describingKeys);
  for (const key of new Set([...Object.keys(earlier.content), ...Object.keys(now.content)]))
    if (!describing.has(key) && !isSame(earlier.content[key], now.content[key])) return undefined;
  for (const key of describingKeys) {
    const [before, after] = [dictsOf(earlier.content[key]), dictsOf(now.content[key])];
    if (before.length !== after.length) return undefined;
    for (const [at, entry] of after.entries()) {
      const other = before[at] as Dict;
      if (entry === other) continue;
      if (entry.name !== other.name || makesMore(entry) || makesMore(other)) return undefined;
      changed.push({ key, name: String(entry.name) });
    }
  }
  return changed;
}
