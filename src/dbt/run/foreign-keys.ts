import type { ColumnInfo, ManifestNode } from '../manifest-types.ts';
import { staticReference } from '../parse/static-ref.ts';
import { relationOfDeferred, relationOfNode, relationOfSource, resolveRef, resolveSource } from './context/refs.ts';
import type { RunSession } from './session.ts';

/** Foreign keys name their target by `ref` or `source`: it becomes the target's name. */
export function nameForeignKeys(session: RunSession, node: ManifestNode): void {
  const named = <T extends { readonly to?: string | null }>(constraint: T): T => {
    const to = constraint.to ? targetName(session, node, constraint.to) : undefined;
    return to === undefined ? constraint : { ...constraint, to };
  };
  const needed = ({ constraints }: ColumnInfo): boolean => constraints?.some(({ to }) => to) === true;
  if (node.constraints?.some(({ to }) => to) === true) node.constraints = node.constraints.map(named);
  for (const [name, column] of Object.entries(node.columns))
    if (needed(column))
      node.columns = { ...node.columns, [name]: { ...column, constraints: column.constraints.map(named) } };
}

const isReference = (to: string): boolean => /^\s*(ref|source)\s*\(/.test(to);

/** The whole of it whatever rows the run reads; of what the run does not make, the deferred one where there is one. */
function targetName(session: RunSession, node: ManifestNode, to: string): string | undefined {
  const found = isReference(to) ? staticReference(to) : undefined;
  const scope = { session, node };
  if (found?.ref !== undefined) {
    const { name, package: packageName, version } = found.ref;
    const target = resolveRef(scope, { name, packageName, version });
    const isDeferred = session.flags.defer && !session.selected.includes(target.unique_id);
    const deferred = isDeferred ? target.defer_relation : undefined;
    return (deferred ? relationOfDeferred(session, deferred) : relationOfNode(session, target)).render();
  }
  const [source, table] = found?.source ?? [];
  return source === undefined || table === undefined
    ? undefined
    : relationOfSource(resolveSource(scope, source, table)).render();
}
