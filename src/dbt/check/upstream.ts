import type { ManifestNode } from '../manifest-types.ts';
import { isEphemeral } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';

/** What a node reads: relations of nodes and sources, those behind ephemeral models too. */
export function upstreamsOf({ parsed: { manifest } }: RunSession, node: ManifestNode): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  // Seeds depend on macros only.
  const stack = [...((node.depends_on as Partial<ManifestNode['depends_on']>).nodes ?? [])];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const parent = manifest.nodes[id];
    if (parent !== undefined && isEphemeral(parent)) stack.push(...parent.depends_on.nodes);
    else if (parent !== undefined || manifest.sources[id] !== undefined) found.add(id);
  }
  return [...found];
}

/** Whether anything of `ids` comes before a node. */
export function createAncestry({ parsed: { graph } }: RunSession, ids: ReadonlySet<string>): (id: string) => boolean {
  const known = new Map<string, boolean>();
  const has = (id: string): boolean => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const found = (graph.parents.get(id) ?? []).some((parent) => ids.has(parent) || has(parent));
    known.set(id, found);
    return found;
  };
  return has;
}
