/** Which nodes a picture of the lineage shows. */
import type { Item, Project } from './project.ts';

/** Kinds with a place in the picture; tests and macros would hide what it is about. */
export const lineageKinds: ReadonlySet<string> = new Set([
  'source',
  'seed',
  'model',
  'snapshot',
  'analysis',
  'function',
  'exposure',
  'semantic_model',
  'metric',
  'saved_query',
]);

export interface Around {
  readonly id: string;
  /** Steps; Infinity = all. */
  readonly up: number;
  readonly down: number;
}

export function nodesAround(project: Project, { id, up, down }: Around): string[] {
  const found = new Set([id]);
  walk(project, id, up, (item) => item.parents, found);
  walk(project, id, down, (item) => item.children, found);
  return [...found];
}

export const allNodes = (project: Project, kinds: ReadonlySet<string>): string[] =>
  [...project.items.values()].filter(({ kind }) => kinds.has(kind) && lineageKinds.has(kind)).map(({ id }) => id);

function walk(
  { items }: Project,
  start: string,
  steps: number,
  next: (item: Item) => readonly string[],
  found: Set<string>,
): void {
  const seen = new Set([start]);
  let edge = [start];
  for (let step = 0; step < steps && edge.length > 0; step++) {
    const following: string[] = [];
    for (const id of edge)
      for (const other of next(items.get(id) as Item)) {
        const item = items.get(other);
        if (item === undefined || seen.has(other) || !lineageKinds.has(item.kind)) continue;
        seen.add(other);
        found.add(other);
        following.push(other);
      }
    edge = following;
  }
}
