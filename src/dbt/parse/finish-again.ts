/** Links and finishes nodes that were made again, beside those of the last parse. */
import type { DbtManifest, Dict, ManifestNode } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import { checkManifest } from './checks.ts';
import { needsRendering, renderDescriptions } from './descriptions.ts';
import type { WholeParse } from './last-parse.ts';
import { linkRefs, linkSources, ownDependencies } from './links.ts';
import { DisabledIndex, isRefable, NameIndex, RefIndex } from './lookups.ts';
import type { MadeNode } from './make-again.ts';
import { isSame } from './member-copies.ts';
import { inferPrimaryKeys } from './primary-keys.ts';
import { hasOtherTests } from './remade.ts';
import { readDocs } from './sql-files.ts';
import type { ParseState } from './state.ts';

/** False when what they mean to others is better found with everything. */
export function finishAgain(state: ParseState, last: WholeParse, made: readonly MadeNode[]): boolean {
  if (!made.every((one) => fits(state, last.manifest, one))) return false;
  ownDependencies(state);
  const nodes = Object.values(state.manifest.nodes);
  if (!linkAsBefore(nodes, last.manifest) && !linkAnew(state, last.manifest)) return false;
  if (nodes.some(needsDocs)) for (const { docs } of last.files.values()) for (const file of docs) readDocs(state, file);
  renderDescriptions(state);
  inferPrimaryKeys(state);
  checkManifest({ ...state, manifest: { ...state.manifest, groups: last.manifest.groups } });
  return true;
}

/** Whether nothing but the node and its tests depends on what may be new in it. */
function fits({ root, flags }: ParseState, last: DbtManifest, made: MadeNode): boolean {
  const { before, testsBefore, node, tests } = made;
  if (hasOtherTests(made) && hasPaths(root.trees.data_tests)) return false;
  const refersTo = ({ refs, sources }: ManifestNode): unknown => [refs, sources];
  const isOwn = node.package_name === root.name;
  // A package that refers to the root is told each time.
  if (!isOwn && !isSame(refersTo(before), refersTo(node))) return false;
  const all = [before, ...testsBefore, node, ...tests];
  // Tests that are off stand elsewhere; those of nodes that are not there are told each time.
  if (!all.every(({ config }) => config.enabled)) return false;
  if (Object.values(last.disabled).some((list) => list.some((one) => attachedTo(one) === node.unique_id))) return false;
  if (all.some(({ metrics = [], functions = [] }) => metrics.length + functions.length > 0)) return false;
  if (node.deprecation_date || node.time_spine) return false;
  const isSameWay = before.config.materialized === node.config.materialized;
  if (!isSameWay && flags.REQUIRE_EXPLICIT_PACKAGE_OVERRIDES_FOR_BUILTIN_MATERIALIZATIONS === false) return false;
  if (Object.keys(last.unit_tests).length === 0) return true;
  // Unit tests look at the macros of what they test, and at seeds.
  return node.resource_type !== 'seed' && isSame(before.depends_on.macros, node.depends_on.macros);
}

/** Whether configs in dbt_project.yml may reach some tests and no others. */
const hasPaths = (tree: Readonly<Dict> = {}): boolean => Object.values(tree).some(isDict);

const attachedTo = (member: object): unknown => (member as { readonly attached_node?: unknown }).attached_node;

/** Nodes that refer to the same as before depend on the same. */
function linkAsBefore(nodes: readonly ManifestNode[], last: DbtManifest): boolean {
  const areSame = nodes.every(({ unique_id: id, refs, sources }) => {
    const before = last.nodes[id];
    return before !== undefined && isSame(before.refs, refs) && isSame(before.sources, sources);
  });
  if (!areSame) return false;
  for (const node of nodes) {
    const { nodes: before } = (last.nodes[node.unique_id] as ManifestNode).depends_on;
    if (before !== undefined) node.depends_on = { ...node.depends_on, nodes: [...before] };
  }
  return true;
}

function linkAnew(state: ParseState, last: DbtManifest): boolean {
  const linking = linkingState(state, last);
  if (linking === undefined) return false;
  linkSources(linking);
  linkRefs(linking);
  return true;
}

/** The names that are referred to, unless one stands for two. */
function linkingState(state: ParseState, last: DbtManifest): ParseState | undefined {
  const made = Object.values(state.manifest.nodes);
  const named = new Set(made.flatMap((node) => (node.refs ?? []).map(({ name }) => name)));
  const refs = new RefIndex();
  const sources = new NameIndex<DbtManifest['sources'][string]>();
  const nodes: ManifestNode[] = [];
  for (const id in last.nodes) {
    const node = state.manifest.nodes[id] ?? (last.nodes[id] as ManifestNode);
    if (isRefable(node) && named.has(node.name)) nodes.push(node);
  }
  for (const node of nodes) refs.add(node);
  for (const source of Object.values(last.sources)) sources.set(`${source.source_name}.${source.name}`, source);
  const isOwn = (node: ManifestNode): boolean => refs.find(node.name, node.package_name, node.version ?? null) === node;
  if (!nodes.every(isOwn)) return undefined;
  return { ...state, refs, sources, disabled: new DisabledIndex(last.disabled) };
}

const needsDocs = (node: ManifestNode): boolean =>
  needsRendering(node) || Object.values(node.columns).some(needsRendering);
