/** Finds things by their names, columns, tags, descriptions and code; every word must be somewhere. */
import type { Item, Project } from './project.ts';

export interface Hit {
  readonly item: Item;
  readonly score: number;
  /** Where the words were, best first. */
  readonly fields: readonly Field[];
}

export type Field = 'name' | 'column' | 'tag' | 'description' | 'path' | 'code';

interface Entry {
  readonly item: Item;
  readonly texts: readonly (readonly [Field, string, number])[];
}

export type SearchIndex = readonly Entry[];

/** Without accents and capitals. */
export const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

export function indexProject(project: Project): SearchIndex {
  return [...project.items.values()].map((item) => ({
    item,
    texts: [
      ['name', fold(item.name), 20],
      ['column', fold(item.columns.map(({ name }) => name).join('\n')), 6],
      ['tag', fold([...item.tags, item.owner].join('\n')), 8],
      ['description', fold([item.description, ...item.columns.map((one) => one.description)].join('\n')), 4],
      ['path', fold(`${item.id}\n${item.path}\n${item.relation}`), 3],
      ['code', fold(item.raw), 1],
    ],
  }));
}

/** Less interesting kinds come after others with the same words. */
const weights = new Map([
  ['model', 1.3],
  ['source', 1.2],
  ['exposure', 1.2],
  ['metric', 1.2],
  ['test', 0.4],
  ['unit_test', 0.5],
  ['macro', 0.6],
]);

export function search(index: SearchIndex, query: string, limit = 100): Hit[] {
  const words = fold(query)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return [];
  const hits: Hit[] = [];
  for (const entry of index) {
    const hit = matchOf(entry, words);
    if (hit !== undefined) hits.push(hit);
  }
  hits.sort((a, b) => b.score - a.score || (a.item.name < b.item.name ? -1 : 1));
  return hits.slice(0, limit);
}

function matchOf({ item, texts }: Entry, words: readonly string[]): Hit | undefined {
  const scores = new Map<Field, number>();
  for (const word of words) {
    let found = false;
    for (const [field, text, weight] of texts) {
      const at = text.indexOf(word);
      if (at < 0) continue;
      found = true;
      const whole = text === word ? 4 : at === 0 ? 2 : /[\s_.\n]/.test(text[at - 1] ?? '') ? 1.5 : 1;
      scores.set(field, (scores.get(field) ?? 0) + weight * whole);
    }
    if (!found) return undefined;
  }
  const total = [...scores.values()].reduce((a, b) => a + b, 0) * (weights.get(item.kind) ?? 1);
  const fields = [...scores].sort(([, a], [, b]) => b - a).map(([field]) => field);
  return { item, score: total, fields };
}
