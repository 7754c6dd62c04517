/** The graph of a manifest: parents, children, and an order in which parents come first. */
import { DuckhouseError } from '../../errors.ts';
import type { DbtManifest } from '../manifest-types.ts';
import type { DbtGraph } from '../project-types.ts';

/** Needs the maps of the manifest to be made. */
export function buildGraph(manifest: DbtManifest): DbtGraph {
  const parents = new Map<string, readonly string[]>();
  const children = new Map<string, readonly string[]>();
  const { parent_map: above, child_map: below } = manifest;
  for (const id in above) {
    const known = above[id] as readonly string[];
    parents.set(id, known.every((parent) => parent in above) ? known : known.filter((parent) => parent in above));
    children.set(id, below[id] ?? []);
  }
  return ordered(parents, children);
}

/** The graph of a manifest that has the members of an earlier one: all are joined as they were but for `ids`. */
export function buildGraphAgain(manifest: DbtManifest, earlier: DbtGraph, ids: Iterable<string>): DbtGraph {
  const parents = new Map(earlier.parents);
  const children = new Map(earlier.children);
  for (const id of ids) {
    if (!parents.has(id)) continue;
    parents.set(
      id,
      (manifest.parent_map[id] ?? []).filter((parent) => parents.has(parent)),
    );
    children.set(id, manifest.child_map[id] ?? []);
  }
  return ordered(parents, children);
}

type Neighbours = ReadonlyMap<string, readonly string[]>;

function ordered(parents: Neighbours, children: Neighbours): DbtGraph {
  const order = sorted(parents, children);
  const cycle = order.length < parents.size ? cycleIn(parents, new Set(order)) : undefined;
  return { parents, children, order, ...(cycle === undefined ? {} : { cycle }) };
}

function sorted(parents: Neighbours, children: Neighbours): string[] {
  const waiting = new Map<string, number>();
  const order: string[] = [];
  for (const [id, list] of parents) {
    waiting.set(id, list.length);
    if (list.length === 0) order.push(id);
  }
  for (let at = 0; at < order.length; at++)
    for (const child of children.get(order[at] as string) ?? []) {
      const left = (waiting.get(child) ?? 0) - 1;
      waiting.set(child, left);
      if (left === 0) order.push(child);
    }
  return order;
}

/** Follows parents that are not in the order until one comes again. */
function cycleIn(parents: Neighbours, done: ReadonlySet<string>): DuckhouseError {
  const trail: string[] = [];
  let at = [...parents.keys()].find((id) => !done.has(id)) as string;
  while (!trail.includes(at)) {
    trail.push(at);
    at = parents.get(at)?.find((id) => !done.has(id)) as string;
  }
  const path = [...trail.slice(trail.indexOf(at)), at].reverse();
  return new DuckhouseError('DataInvalid', `found a cycle: ${path.join(' --> ')}`, {
    id: 'dbt-cycle',
    context: { node: at, cycle: path.join(' --> '), candidates: [] },
  });
}
