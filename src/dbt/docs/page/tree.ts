/** The project as folders: by package and path, by database and schema, by kind. */
import type { Item, Project } from './project.ts';

export interface Folder {
  readonly name: string;
  readonly folders: readonly Folder[];
  readonly items: readonly Item[];
  readonly size: number;
}

export type Grouping = 'project' | 'database' | 'kind';

const inDatabase = new Set(['model', 'seed', 'snapshot', 'source', 'function']);

export function treeOf(project: Project, grouping: Grouping): Folder {
  const root: Draft = { name: '', folders: new Map(), items: [] };
  for (const item of project.items.values()) {
    const path = pathOf(item, grouping);
    if (path !== undefined) put(root, path, item);
  }
  return finish(root);
}

function pathOf(item: Item, grouping: Grouping): readonly string[] | undefined {
  if (grouping === 'kind') return [item.kind, ...(item.kind === 'source' ? [item.name.split('.')[0] ?? ''] : [])];
  if (grouping === 'database')
    return inDatabase.has(item.kind) && item.schema !== '' ? [item.database, item.schema] : undefined;
  // Tests stand with what they test: a folder of hundreds would only be in the way.
  if (item.kind === 'test' && !item.path.endsWith('.sql')) return undefined;
  return [item.packageName, ...item.path.split('/').slice(0, -1)];
}

interface Draft {
  readonly name: string;
  readonly folders: Map<string, Draft>;
  readonly items: Item[];
}

function put(root: Draft, path: readonly string[], item: Item): void {
  let at = root;
  for (const name of path) {
    const known = at.folders.get(name);
    const next = known ?? { name, folders: new Map<string, Draft>(), items: [] };
    if (known === undefined) at.folders.set(name, next);
    at = next;
  }
  at.items.push(item);
}

function finish({ name, folders, items }: Draft): Folder {
  const inner = [...folders.values()].map(finish).sort(byName);
  return {
    name,
    folders: inner,
    items: items.sort(byName),
    size: items.length + inner.reduce((sum, folder) => sum + folder.size, 0),
  };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
