/**
 * A parse that follows another when nothing changed since but the text of models, and in it nothing but what a node has
 * for itself: its code, and what it refers to. All else stays, so that it is neither made nor linked again. Whatever
 * does not fit here is left to a parse of everything; nothing is told before it is known that all fits.
 */
import type { DbtManifest, Dict, ManifestNode } from '../manifest-types.ts';
import type { DbtGraph } from '../project-types.ts';
import { buildGraph } from '../select/graph.ts';
import type { FoundFile } from './files.ts';
import type { FilesByPackage, WholeParse } from './last-parse.ts';
import { linkNode } from './links.ts';
import { DisabledIndex, isRefable, NameIndex, RefIndex } from './lookups.ts';
import { isSame } from './member-copies.ts';
import type { ParseMemo } from './memo.ts';
import { modelOf } from './sql-files.ts';
import type { ParseState } from './state.ts';

/** So many changed files are as quickly read with all others. */
const maxChanges = 200;

type WarmState = ParseState & { readonly memo: ParseMemo };

/** The parse of now, to be put back; undefined: everything has to be parsed. */
export function parseAgain(state: ParseState, files: FilesByPackage): WholeParse | undefined {
  if (!hasMemo(state)) return undefined;
  const { last, changed = [] } = state.memo.last.take(files) ?? {};
  if (last === undefined || changed.length > maxChanges) return undefined;
  try {
    const nodes = changed.map((file) => changedNode(state, last, file));
    return nodes.every((node) => node !== undefined) ? withNodes(state, last, nodes) : undefined;
  } catch {
    return undefined; // what is wrong is told by the parse of everything
  }
}

const hasMemo = (state: ParseState): state is WarmState => state.memo !== undefined;

/** A model whose file changed as it comes out of the last parse, with what is new in it; undefined when more is. */
function changedNode(state: WarmState, { files, manifest }: WholeParse, file: FoundFile): ManifestNode | undefined {
  const { memo } = state;
  if (files.get(file.packageName)?.models.includes(file) !== true) return undefined;
  const before = memo.onlyNodeOf('model', file);
  const now = before && modelOf(state, file);
  const finished = before && manifest.nodes[before.node.unique_id];
  if (before === undefined || now === undefined || finished === undefined) return undefined;
  if (memo.onlyNodeOf('model', file) === undefined) return undefined; // singular
  const isOfFile = finished.original_file_path === file.original && finished.raw_code === before.node.raw_code;
  if (!isOfFile || !isSame(before.calls, now.calls) || !areAlike(before.node, now.node)) return undefined;
  const { raw_code, checksum, created_at } = now.node;
  const node = { ...finished, raw_code, checksum, created_at };
  if (linkKeys.every((key) => isSame(before.node[key], now.node[key]))) return node;
  // References that YAML added are not told from those of the text.
  const isPlain =
    node.package_name === state.root.name &&
    node.metrics.length + node.functions.length === 0 &&
    isSame(finished.refs, before.node.refs) &&
    isSame(finished.sources, before.node.sources) &&
    isSame(finished.depends_on.macros, before.node.depends_on.macros);
  const { refs, sources, depends_on } = now.node;
  return isPlain ? { ...node, refs, sources, depends_on: { macros: [...depends_on.macros], nodes: [] } } : undefined;
}

const linkKeys = ['refs', 'sources', 'depends_on'] as const;
const ownKeys: ReadonlySet<string> = new Set(['raw_code', 'checksum', 'created_at', ...linkKeys]);

/** Whether two nodes of a file differ in nothing that others see of them. */
function areAlike(a: ManifestNode, b: ManifestNode): boolean {
  const rest = (node: ManifestNode): Dict =>
    Object.fromEntries(Object.entries(node).map(([key, value]) => [key, ownKeys.has(key) ? null : value]));
  return isSame(rest(a), rest(b));
}

function withNodes(state: ParseState, last: WholeParse, nodes: readonly ManifestNode[]): WholeParse | undefined {
  const manifest: DbtManifest = { ...last.manifest, nodes: { ...last.manifest.nodes } };
  for (const node of nodes) manifest.nodes[node.unique_id] = node;
  const linked = nodes.filter(
    ({ depends_on: depends, unique_id: id }) => depends !== last.manifest.nodes[id]?.depends_on,
  );
  if (linked.length === 0) return { ...last, manifest };
  const graph = link(state, manifest, linked);
  return graph && { ...last, manifest, graph };
}

/** Links nodes whose references changed; undefined when what they mean is better found with everything. */
function link(state: ParseState, manifest: DbtManifest, nodes: readonly ManifestNode[]): DbtGraph | undefined {
  // Unit tests look at the macros of what they test.
  if (Object.keys(manifest.unit_tests).length > 0) return undefined;
  const linking = linkingState(state, manifest);
  if (linking === undefined) return undefined;
  manifest.parent_map = { ...manifest.parent_map };
  manifest.child_map = { ...manifest.child_map };
  for (const node of nodes) {
    linkNode(linking, node);
    placeNode(manifest, node);
  }
  const graph = buildGraph(manifest);
  return graph.cycle === undefined ? graph : undefined;
}

/** The names of everything, unless some stands for two. */
function linkingState(state: ParseState, manifest: DbtManifest): ParseState | undefined {
  const refs = new RefIndex();
  const sources = new NameIndex<DbtManifest['sources'][string]>();
  const nodes = Object.values(manifest.nodes).filter(isRefable);
  for (const node of nodes) refs.add(node);
  for (const source of Object.values(manifest.sources)) sources.set(`${source.source_name}.${source.name}`, source);
  const isOwn = (node: ManifestNode): boolean => refs.find(node.name, node.package_name, node.version ?? null) === node;
  if (!nodes.every(isOwn)) return undefined;
  return { ...state, manifest, refs, sources, disabled: new DisabledIndex(manifest.disabled) };
}

function placeNode(
  { parent_map: above, child_map: below }: DbtManifest,
  { unique_id: id, depends_on: { nodes } }: ManifestNode,
): void {
  const before = above[id] ?? [];
  above[id] = [...nodes].sort();
  for (const parent of before)
    if (!nodes.includes(parent)) below[parent] = (below[parent] ?? []).filter((one) => one !== id);
  for (const parent of nodes) if (!before.includes(parent)) below[parent] = [...(below[parent] ?? []), id].sort();
}

/** Lays copies of a parse on a new manifest, whose macros are those of the parse as they were read. */
export function handOut(to: DbtManifest, from: DbtManifest): void {
  for (const id in from.macros) Object.assign(to.macros[id] as object, copyOf(from.macros[id] as object));
  const parts = to as unknown as Dict<Dict<object>>;
  for (const [key, part] of Object.entries(from as unknown as Dict<Dict<object>>)) {
    if (key === 'metadata' || key === 'selectors' || key === 'macros') continue;
    if (key.endsWith('_map')) parts[key] = part;
    else parts[key] = copiesOf(part);
  }
}

function copiesOf(part: Readonly<Dict<object>>): Dict<object> {
  const copies: Dict<object> = {};
  for (const id in part) {
    const member = part[id] as object;
    copies[id] = Array.isArray(member) ? member.map(copyOf) : copyOf(member);
  }
  return copies;
}

/** A run sets properties of members, and may add to what they depend on. */
function copyOf<T extends { readonly depends_on?: unknown }>(member: T): T {
  const copy = { ...member } as T & { depends_on?: Dict };
  if (copy.depends_on === undefined) return copy;
  const depends = { ...copy.depends_on };
  for (const key in depends) depends[key] = [...(depends[key] as unknown[])];
  copy.depends_on = depends;
  return copy;
}
