import type { DbtManifest, GraphMember } from '../manifest-types.ts';

/** Whatever of the graph has this id. Manifests of earlier versions may lack whole parts. */
export function graphMemberOf(manifest: Partial<DbtManifest>, id: string): GraphMember | undefined {
  return (
    manifest.nodes?.[id] ??
    manifest.sources?.[id] ??
    manifest.exposures?.[id] ??
    manifest.unit_tests?.[id] ??
    manifest.metrics?.[id] ??
    manifest.semantic_models?.[id] ??
    manifest.saved_queries?.[id] ??
    manifest.functions?.[id]
  );
}
