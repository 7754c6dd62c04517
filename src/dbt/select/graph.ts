/** The graph of a manifest: parents, children, and an order in which parents come first. */
import { DuckhouseError } from '../../errors.ts';
import type { DbtManifest } from '../manifest-types.ts';
import { graphMembers } from '../parse/manifest.ts';
import type { DbtGraph } from '../project-types.ts';

export function buildGraph(manifest: DbtManifest): DbtGraph {
  const parents = new Map<string, readonly string[]>();
  const children = new Map<string, string[]>();
  for (const { unique_id: id } of graphMembers(manifest)) children.set(id, []);
  for (const { unique_id: id, depends_on: depends } of graphMembers(manifest)) {
    const known = (depends?.nodes ?? []).filter((parent) => children.has(parent));
    parents.set(id, known);
    for (const parent of known) children.get(parent)?.push(id);
  }
  return { parents, children, order: sorted(parents, children) };
}

function sorted(
  parents: ReadonlyMap<string, readonly string[]>,
  children: ReadonlyMap<string, readonly string[]>,
): string[] {
  const waiting = new Map([...parents].map(([id, list]) => [id, list.length]));
  const order = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  for (let at = 0; at < order.length; at++)
    for (const child of children.get(order[at] as string) ?? []) {
      const left = (waiting.get(child) ?? 0) - 1;
      waiting.set(child, left);
      if (left === 0) order.push(child);
    }
  if (order.length < parents.size) throw cycle(parents, new Set(order));
  return order;
}

/** Follows parents that are not in the order until one comes again. */
function cycle(parents: ReadonlyMap<string, readonly string[]>, done: ReadonlySet<string>): DuckhouseError {
  const trail: string[] = [];
  let at = [...parents.keys()].find((id) => !done.has(id)) as string;
  while (!trail.includes(at)) {
    trail.push(at);
    at = parents.get(at)?.find((id) => !done.has(id)) as string;
  }
  const path = [...trail.slice(trail.indexOf(at)), at].reverse();
  return new DuckhouseError('DataInvalid', `found a cycle: ${path.join(' --> ')}`, {
    context: { node: at, candidates: [] },
  });
}
