/** Nodes that were made again take the places of what was there. */
import type { DbtManifest, ManifestNode } from '../manifest-types.ts';

/** A node and its tests. */
export interface Remade {
  readonly node: ManifestNode;
  readonly tests: readonly ManifestNode[];
  readonly testsBefore: readonly ManifestNode[];
  /** Where tests belong of a node that had none: next to those of another. */
  readonly place: TestPlace | undefined;
}

export interface TestPlace {
  readonly side: 'ahead' | 'behind';
  readonly id: string;
}

type Nodes = DbtManifest['nodes'];

/** Whether tests have come or gone, or are in another order. */
export const hasOtherTests = ({ tests, testsBefore }: Pick<Remade, 'tests' | 'testsBefore'>): boolean =>
  tests.length !== testsBefore.length || tests.some((test, at) => test.unique_id !== testsBefore[at]?.unique_id);

/** Undefined when it is not known where tests belong that have come. */
export function withRemade(nodes: Nodes, remade: readonly Remade[]): Nodes | undefined {
  const others = remade.filter(hasOtherTests);
  const now = new Map(remade.flatMap(({ node, tests }) => [node, ...tests]).map((node) => [node.unique_id, node]));
  if (others.length > 0) return withTests(nodes, now, others);
  const all = { ...nodes };
  for (const [id, node] of now) all[id] = node;
  return all;
}

function withTests(nodes: Nodes, now: ReadonlyMap<string, ManifestNode>, others: readonly Remade[]): Nodes | undefined {
  const gone = new Set(others.flatMap(({ testsBefore }) => testsBefore).map(({ unique_id: id }) => id));
  const added = {
    ahead: new Map<string, readonly ManifestNode[]>(),
    behind: new Map<string, readonly ManifestNode[]>(),
  };
  for (const { testsBefore, tests, place } of others) {
    const [first] = testsBefore;
    const { side, id } = first === undefined ? (place ?? noPlace) : { side: 'ahead' as const, id: first.unique_id };
    const isTaken = id === '' || (first === undefined && (gone.has(id) || others.length > 1));
    if (isTaken) return undefined;
    added[side].set(id, tests);
  }
  const all: Nodes = {};
  let count = 0;
  const put = (node: ManifestNode): void => {
    all[node.unique_id] = node;
    count++;
  };
  for (const id in nodes) {
    added.ahead.get(id)?.forEach(put);
    if (!gone.has(id)) put(now.get(id) ?? (nodes[id] as ManifestNode));
    added.behind.get(id)?.forEach(put);
  }
  return count === Object.keys(all).length ? all : undefined; // two of one name
}

const noPlace: TestPlace = { side: 'ahead', id: '' };

/** Puts what a node depends on now into the maps; says whose places there are others. */
export function placeNode(
  { parent_map: above, child_map: below }: DbtManifest,
  { unique_id: id, depends_on: { nodes = [] } }: ManifestNode,
): string[] {
  const before = above[id] ?? [];
  above[id] = [...nodes].sort();
  for (const parent of before)
    if (!nodes.includes(parent)) below[parent] = (below[parent] ?? []).filter((one) => one !== id);
  for (const parent of nodes) if (!before.includes(parent)) below[parent] = [...(below[parent] ?? []), id].sort();
  return [id, ...before, ...nodes];
}
