/** A layered picture of a graph: parents left of children, few crossings; thousands of nodes in milliseconds. */

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly layer: number;
}

export interface Layout {
  readonly nodes: ReadonlyMap<string, Placed>;
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly width: number;
  readonly height: number;
}

export interface LayoutOptions {
  readonly columnWidth: number;
  readonly rowHeight: number;
  /** A layer with more nodes than this stands in several columns. */
  readonly tallest: number;
}

type Links = ReadonlyMap<string, readonly string[]>;

export function layoutGraph(
  ids: readonly string[],
  parentsOf: (id: string) => readonly string[],
  options: LayoutOptions,
): Layout {
  const known = new Set(ids);
  const parents = new Map([...known].map((id) => [id, parentsOf(id).filter((one) => known.has(one) && one !== id)]));
  const children = new Map([...known].map((id) => [id, [] as string[]]));
  for (const [id, own] of parents) for (const parent of own) children.get(parent)?.push(id);
  const layers = order(layersOf(parents, children), parents, children);
  return place(layers, parents, options);
}

/** The longest way from a node without parents; those without parents stand right before their first child. */
function layersOf(parents: Links, children: Links): string[][] {
  const layer = new Map<string, number>();
  const open = new Map([...parents].map(([id, own]) => [id, own.length]));
  const ready = [...parents.keys()].filter((id) => open.get(id) === 0);
  for (let at = 0; at < ready.length; at++) {
    const id = ready[at] as string;
    layer.set(id, Math.max(0, ...(parents.get(id) ?? []).map((one) => (layer.get(one) ?? -1) + 1)));
    for (const child of children.get(id) ?? []) {
      const left = (open.get(child) ?? 0) - 1;
      open.set(child, left);
      if (left === 0) ready.push(child);
    }
  }
  // What is left stands in a cycle, which a project cannot have; it is drawn all the same.
  for (const id of parents.keys()) if (!layer.has(id)) layer.set(id, 0);
  for (const [id, own] of parents) {
    const next = (children.get(id) ?? []).map((one) => layer.get(one) ?? 0);
    if (own.length === 0 && next.length > 0) layer.set(id, Math.max(0, next.reduce((a, b) => Math.min(a, b)) - 1));
  }
  const layers: string[][] = [];
  for (const [id, at] of layer) {
    layers[at] ??= [];
    layers[at].push(id);
  }
  return Array.from(layers, (one) => one ?? []);
}

const sweeps = 6;

/** Nodes of a layer stand where their neighbours are, on average. */
function order(layers: string[][], parents: Links, children: Links): string[][] {
  const position = new Map<string, number>();
  const settle = (layer: readonly string[]): void =>
    layer.forEach((id, at) => position.set(id, layer.length < 2 ? 0.5 : at / (layer.length - 1)));
  for (const layer of layers) {
    layer.sort();
    settle(layer);
  }
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const forward = sweep % 2 === 0;
    for (const layer of forward ? layers : [...layers].reverse()) {
      const weights = new Map(layer.map((id) => [id, weightOf(id, forward ? parents : children, position)]));
      layer.sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0));
      settle(layer);
    }
  }
  return layers;
}

function weightOf(id: string, links: Links, position: ReadonlyMap<string, number>): number {
  const near = links.get(id) ?? [];
  if (near.length === 0) return position.get(id) ?? 0;
  return near.reduce((sum, one) => sum + (position.get(one) ?? 0), 0) / near.length;
}

function place(layers: readonly (readonly string[])[], parents: Links, options: LayoutOptions): Layout {
  const { columnWidth, rowHeight, tallest } = options;
  const rows = Math.min(tallest, Math.max(1, ...layers.map((layer) => layer.length)));
  const nodes = new Map<string, Placed>();
  let column = 0;
  layers.forEach((layer, index) => {
    const columns = Math.max(1, Math.ceil(layer.length / tallest));
    const perColumn = Math.ceil(layer.length / columns);
    layer.forEach((id, at) => {
      const within = Math.min(perColumn, layer.length - Math.floor(at / perColumn) * perColumn);
      const y = ((rows - within) / 2 + (at % perColumn)) * rowHeight;
      nodes.set(id, { id, layer: index, x: (column + Math.floor(at / perColumn)) * columnWidth, y });
    });
    column += columns;
  });
  const edges = [...parents].flatMap(([id, own]) => own.map((parent) => [parent, id] as const));
  return { nodes, edges, width: Math.max(1, column) * columnWidth, height: rows * rowHeight };
}
