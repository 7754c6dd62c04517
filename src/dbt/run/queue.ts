import type { DbtGraph } from '../project-types.ts';

export interface QueueOptions<Cause> {
  /** Ids to run, parents before children. */
  readonly ids: readonly string[];
  /** Direct parents of an id among `ids`. */
  readonly parentsOf: ReadonlyMap<string, readonly string[]>;
  readonly threads: number;
  /**
   * Runs one id. With a `cause`, which a parent gave, it is only reported. Resolves with a cause for its children when
   * they cannot run.
   */
  readonly run: (id: string, thread: string, cause: Cause | undefined) => Promise<Cause | undefined>;
  /** Told of each id when its turn is certain, which is when its parents are done; `atOnce` when a thread waits for it. */
  readonly queued?: (id: string, atOnce: boolean) => void;
  /** Nothing more is started once this is true. */
  readonly stopped: () => boolean;
}

/**
 * Runs ids when their parents are done, `threads` at a time, first come first served. Of those whose parents are done
 * at the same time the ones less deep in the graph come first, then by name. Resolves with the ids never started.
 */
export async function runQueue<Cause = true>(options: QueueOptions<Cause>): Promise<readonly string[]> {
  const { ids, threads, run, stopped } = options;
  const { waiting, childrenOf, depth } = edgesOf(options);
  const causes = new Map<string, Cause>();
  const line: string[] = [];
  let running = 0;
  let started = false;
  let wake: (() => void)[] = [];

  const enqueue = (ready: readonly string[]): void => {
    const level = (id: string): number => depth.get(id) as number;
    const sorted = [...ready].sort((a, b) => level(a) - level(b) || (a < b ? -1 : 1));
    const free = started ? threads - running - line.length : 0;
    for (const [i, id] of sorted.entries()) options.queued?.(id, i < free);
    line.push(...sorted);
  };
  const release = (id: string): void => {
    waiting.delete(id);
    const children = childrenOf.get(id) ?? [];
    for (const child of children) waiting.set(child, (waiting.get(child) as number) - 1);
    enqueue(children.filter((child) => waiting.get(child) === 0));
  };
  const wakeAll = (): void => {
    const sleeping = wake;
    wake = [];
    for (const resume of sleeping) resume();
  };
  const work = async (thread: string): Promise<void> => {
    for (;;) {
      if (stopped()) return;
      const id = line.shift();
      if (id === undefined) {
        if (running === 0) return;
        await new Promise<void>((resolve) => wake.push(resolve));
        continue;
      }
      running++;
      try {
        const cause = await run(id, thread, causes.get(id));
        if (cause !== undefined) for (const child of childrenOf.get(id) ?? []) causes.set(child, cause);
      } finally {
        running--;
        release(id);
        wakeAll();
      }
    }
  };
  enqueue(ids.filter((id) => waiting.get(id) === 0));
  started = true;
  const count = Math.max(1, Math.min(threads, ids.length));
  await Promise.all(Array.from({ length: count }, (_, i) => work(`Thread-${i + 1} (worker)`)));
  return ids.filter((id) => waiting.has(id));
}

/** How many parents each id waits for, its children, and how deep in the graph it is. */
function edgesOf({ ids, parentsOf }: Pick<QueueOptions<unknown>, 'ids' | 'parentsOf'>) {
  const waiting = new Map<string, number>();
  const childrenOf = new Map<string, string[]>();
  const depth = new Map<string, number>();
  const all = new Set(ids);
  for (const id of ids) {
    const parents = (parentsOf.get(id) ?? []).filter((parent) => all.has(parent));
    waiting.set(id, parents.length);
    depth.set(
      id,
      parents.reduce((deepest, parent) => Math.max(deepest, (depth.get(parent) ?? 0) + 1), 0),
    );
    for (const parent of parents) {
      const children = childrenOf.get(parent);
      if (children === undefined) childrenOf.set(parent, [id]);
      else children.push(id);
    }
  }
  return { waiting, childrenOf, depth };
}

/** Parents of the chosen ids among themselves: a path through ids left out counts as an edge. */
export function contractGraph(
  graph: Pick<DbtGraph, 'parents'>,
  ids: readonly string[],
): Map<string, readonly string[]> {
  const chosen = new Set(ids);
  const nearest = new Map<string, readonly string[]>();
  const nearestOf = (id: string): readonly string[] => {
    const known = nearest.get(id);
    if (known !== undefined) return known;
    const found = new Set<string>();
    for (const parent of graph.parents.get(id) ?? [])
      if (chosen.has(parent)) found.add(parent);
      else for (const further of nearestOf(parent)) found.add(further);
    const list = [...found];
    nearest.set(id, list);
    return list;
  };
  return new Map(ids.map((id) => [id, nearestOf(id)]));
}

/**
 * The graph of `build`: what is built downstream of everything a test looks at waits for the test.
 */
export function withTestEdges(
  graph: DbtGraph,
  { isTest, isBuilt }: { readonly isTest: (id: string) => boolean; readonly isBuilt: (id: string) => boolean },
): DbtGraph {
  const parents = new Map([...graph.parents].map(([id, list]) => [id, new Set(list)]));
  const descendants = (id: string): Set<string> => {
    const found = new Set<string>();
    const stack = [...(graph.children.get(id) ?? [])];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      stack.push(...(graph.children.get(next) ?? []));
    }
    return found;
  };
  const known = new Map<string, Set<string>>();
  const below = (id: string): Set<string> => {
    const found = known.get(id) ?? descendants(id);
    known.set(id, found);
    return found;
  };
  for (const test of graph.order.filter(isTest)) {
    const tested = graph.parents.get(test) ?? [];
    if (tested.length === 0) continue;
    const waiting =
      tested.length === 1
        ? (graph.children.get(tested[0] as string) ?? [])
        : [...below(tested[0] as string)].filter((id) => tested.slice(1).every((other) => below(other).has(id)));
    for (const id of waiting) if (isBuilt(id)) parents.get(id)?.add(test);
  }
  const edges = new Map([...parents].map(([id, set]) => [id, [...set]]));
  return { ...orderGraph(edges, graph.order), parents: edges };
}

/** Keeps the list in graph order. */
function insert(list: string[], id: string, position: ReadonlyMap<string, number>): void {
  const at = position.get(id) as number;
  let index = list.length;
  while (index > 0 && (position.get(list[index - 1] as string) as number) > at) index--;
  list.splice(index, 0, id);
}

/** Children and an order for edges that were added; ties as in the old order. */
function orderGraph(
  parents: ReadonlyMap<string, readonly string[]>,
  old: readonly string[],
): Pick<DbtGraph, 'children' | 'order'> {
  const children = new Map<string, string[]>([...parents.keys()].map((id) => [id, []]));
  for (const [id, list] of parents) for (const parent of list) children.get(parent)?.push(id);
  const position = new Map(old.map((id, i) => [id, i]));
  const waiting = new Map([...parents].map(([id, list]) => [id, list.filter((parent) => parents.has(parent)).length]));
  const ready = old.filter((id) => waiting.get(id) === 0);
  const order: string[] = [];
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    order.push(id);
    for (const child of children.get(id) ?? []) {
      const left = (waiting.get(child) as number) - 1;
      waiting.set(child, left);
      if (left === 0) insert(ready, child, position);
    }
  }
  return { children, order };
}
