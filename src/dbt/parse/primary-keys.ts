import type { ManifestNode } from '../manifest-types.ts';
import { textsOf } from './columns.ts';
import type { ParseState } from './state.ts';

/** What identifies a row of each model: from constraints, else from tests for unique and null values. */
export function inferPrimaryKeys({ manifest }: ParseState): void {
  const tests = new Map<string, ManifestNode[]>();
  const all = [...Object.values(manifest.nodes), ...Object.values(manifest.disabled).flat()] as ManifestNode[];
  for (const node of all) {
    if (node.resource_type !== 'test' || !node.attached_node) continue;
    const known = tests.get(node.attached_node);
    if (known === undefined) tests.set(node.attached_node, [node]);
    else known.push(node);
  }
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as ManifestNode;
    if (node.resource_type === 'model') node.primary_key = primaryKey(node, tests.get(id) ?? noTests);
  }
}

const noTests: readonly ManifestNode[] = [];

function primaryKey(node: ManifestNode, tests: readonly ManifestNode[]): string[] {
  const inModel = node.constraints?.find(({ type }) => type === 'primary_key');
  if (inModel !== undefined) return inModel.columns;
  for (const name in node.columns)
    if (node.columns[name]?.constraints.some(({ type }) => type === 'primary_key')) return [node.columns[name].name];
  if (tests.length === 0) return [];
  const unique: Record<'enabled' | 'disabled', Set<string>> = { enabled: new Set(), disabled: new Set() };
  const notNull = new Set<string>();
  for (const { test_metadata: metadata, config } of tests) {
    const kwargs = metadata?.kwargs ?? {};
    for (const column of textsOf(kwargs.column_name ?? kwargs.combination_of_columns)) {
      if (metadata?.name === 'not_null') notNull.add(column);
      else if (metadata?.name === 'unique' || metadata?.name === 'unique_combination_of_columns')
        unique[config.enabled ? 'enabled' : 'disabled'].add(column);
    }
  }
  const both = [...notNull].filter((column) => unique.enabled.has(column) || unique.disabled.has(column)).sort();
  if (both.length > 0) return both;
  return [...(unique.enabled.size > 0 ? unique.enabled : unique.disabled)].sort();
}
