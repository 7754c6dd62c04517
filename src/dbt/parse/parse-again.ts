/**
 * A parse that follows another when nothing changed since but a few files, each of which makes nodes or describes them,
 * and in those nothing but what a node has for itself and its tests: code, references, config, properties. All else
 * stays, so that it is neither made nor linked again. Whatever does not fit here is left to a parse of everything;
 * nothing is told before it is known that all fits.
 */
import type { DbtManifest, ManifestNode } from '../manifest-types.ts';
import type { DbtGraph } from '../project-types.ts';
import { buildGraph, buildGraphAgain } from '../select/graph.ts';
import { finishAgain } from './finish-again.ts';
import type { FilesByPackage, WholeParse } from './last-parse.ts';
import { makeAgain } from './make-again.ts';
import { finishMaps } from './manifest.ts';
import type { ParseMemo } from './memo.ts';
import { hasOtherTests, placeNode, type Remade, withRemade } from './remade.ts';
import type { ParseState } from './state.ts';

/** So many changed files are as quickly read with all others. */
const maxChanges = 200;

/**
 * The parse of now, to be put back; undefined: everything has to be parsed. `begin` makes a state that has no nodes
 * yet and is used for nothing else.
 */
export function parseAgain(memo: ParseMemo, files: FilesByPackage, begin: () => ParseState): WholeParse | undefined {
  const { last, changed = [] } = memo.last.take(files) ?? {};
  if (last === undefined || changed.length > maxChanges) return undefined;
  if (changed.length === 0) return last;
  try {
    const state = begin();
    const made = makeAgain({ state, memo, last }, changed);
    if (made === undefined || !finishAgain(state, last, made)) return undefined;
    // What is told once is not told again with the parse that is kept.
    const isQuiet = !memo.last.hasTold && memo.reads.whole !== 'singular';
    return isQuiet ? withNodes(last, made) : undefined;
  } catch {
    return undefined; // what is wrong is told by the parse of everything
  }
}

function withNodes(last: WholeParse, remade: readonly Remade[]): WholeParse | undefined {
  const nodes = withRemade(last.manifest.nodes, remade);
  if (nodes === undefined) return undefined;
  const manifest: DbtManifest = { ...last.manifest, nodes };
  const made = remade.flatMap(({ node, tests }) => [node, ...tests]);
  const moved = made.filter(
    ({ unique_id: id, depends_on: { nodes: now = [] } }) => !isSameSet(now, last.manifest.parent_map[id] ?? []),
  );
  const hasOthers = remade.some(hasOtherTests);
  if (moved.length === 0 && !hasOthers) return { ...last, manifest };
  const graph = hasOthers ? linkedAnew(manifest) : linkedAgain(manifest, last.graph, moved);
  return graph.cycle === undefined ? { ...last, manifest, graph } : undefined;
}

function linkedAnew(manifest: DbtManifest): DbtGraph {
  finishMaps(manifest);
  return buildGraph(manifest);
}

function linkedAgain(manifest: DbtManifest, earlier: DbtGraph, moved: readonly ManifestNode[]): DbtGraph {
  manifest.parent_map = { ...manifest.parent_map };
  manifest.child_map = { ...manifest.child_map };
  const joined = moved.flatMap((node) => placeNode(manifest, node));
  return buildGraphAgain(manifest, earlier, joined);
}

const isSameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((id) => others.includes(id));
