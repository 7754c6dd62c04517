import type { ColumnConstraint, ManifestNode } from '../manifest-types.ts';
import { sha256 } from './hash.ts';

/** Of names, types and constraints of the columns, ordered by name; null unless the contract is enforced. */
export function contractChecksum(node: ManifestNode): string | null {
  if (!node.contract.enforced) return null;
  const sorted = Object.values(node.columns).sort((a, b) => (a.name < b.name ? -1 : 1));
  return sha256(
    sorted
      .map(
        ({ name, data_type: type, constraints }) =>
          `|${name}${type ?? 'None'}[${constraints.map(describe).join(', ')}]`,
      )
      .join(''),
  );
}

const text = (value: string | null | undefined): string =>
  value === null || value === undefined ? 'None' : `'${value}'`;
const truth = (value: boolean | undefined): string => (value === false ? 'False' : 'True');

/** The form other implementations hash, so that manifests of theirs compare. */
const describe = (constraint: ColumnConstraint): string =>
  `ColumnLevelConstraint(type=<ConstraintType.${constraint.type}: '${constraint.type}'>, name=${text(constraint.name)}, expression=${text(constraint.expression)}, warn_unenforced=${truth(constraint.warn_unenforced)}, warn_unsupported=${truth(constraint.warn_unsupported)}, to=${text(constraint.to)}, to_columns=[${(constraint.to_columns ?? []).map(text).join(', ')}])`;
