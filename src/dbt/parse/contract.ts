import { repr } from '../../jinja/index.ts';
import { sha256 } from '../hash.ts';
import type { ColumnConstraint, ManifestNode, ModelConstraint } from '../manifest-types.ts';

/** Of names, types and constraints of the columns, ordered by name; null unless the contract is enforced. */
export function contractChecksum(node: ManifestNode): string | null {
  if (!node.contract.enforced) return null;
  const sorted = Object.values(node.columns).sort((a, b) => (a.name < b.name ? -1 : 1));
  const columns = sorted.map(
    ({ name, data_type: type, constraints }) => `|${name}${type ?? 'None'}[${constraints.map(ofColumn).join(', ')}]`,
  );
  const { materialized } = node.config;
  const whole = enforcing.has(materialized)
    ? `${materialized}[${(node.constraints ?? []).map(ofModel).join(', ')}]`
    : '';
  return sha256(`${columns.join('')}${whole}`);
}

/** Materializations that hold constraints. */
export const enforcing = new Set(['table', 'incremental']);

const text = (value: string | null | undefined): string => repr(value ?? null);
const truth = (value: boolean | undefined): string => (value === false ? 'False' : 'True');

/** The forms that other implementations hash, so that manifests of theirs compare. */
function common({
  type,
  name,
  expression,
  warn_unenforced: unenforced,
  warn_unsupported: unsupported,
  to,
  to_columns: columns,
}: ColumnConstraint): string {
  return `type=<ConstraintType.${type}: '${type}'>, name=${text(name)}, expression=${text(expression)}, warn_unenforced=${truth(unenforced)}, warn_unsupported=${truth(unsupported)}, to=${text(to)}, to_columns=[${(columns ?? []).map(text).join(', ')}]`;
}

const ofColumn = (constraint: ColumnConstraint): string => `ColumnLevelConstraint(${common(constraint)})`;
const ofModel = (constraint: ModelConstraint): string =>
  `ModelLevelConstraint(${common(constraint)}, columns=[${constraint.columns.map(text).join(', ')}])`;
