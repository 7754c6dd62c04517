import type { ColumnConstraint, ModelConstraint } from '../manifest-types.ts';

const referenceTarget = (to: string): string => {
  const pieces = to.split('.');
  return pieces.length > 2 ? pieces.slice(1).join('.') : to; // DuckDB takes no database name in REFERENCES
};

/** A column's constraint as DDL; undefined when it says nothing. DuckDB enforces every kind. */
function columnConstraint({ type, expression, to, to_columns }: ColumnConstraint): string | undefined {
  const with_ = (words: string): string => (expression ? `${words} ${expression}` : words);
  switch (type) {
    case 'check':
      return expression ? `check (${expression})` : undefined;
    case 'not_null':
      return with_('not null');
    case 'unique':
      return with_('unique');
    case 'primary_key':
      return with_('primary key');
    case 'foreign_key':
      if (to && to_columns !== undefined && to_columns.length > 0)
        return `references ${referenceTarget(to)} (${to_columns.join(', ')})`;
      return expression ? `references ${expression}` : undefined;
    default:
      return expression || undefined;
  }
}

/** A table's constraint as DDL; undefined when it says nothing. */
export function modelConstraint(constraint: ModelConstraint): string | undefined {
  const { type, name, expression, columns = [], to, to_columns } = constraint;
  const prefix = name ? `constraint ${name} ` : '';
  const list = columns.join(', ');
  const extra = expression ? ` ${expression}` : '';
  switch (type) {
    case 'check':
      return expression ? `${prefix}check (${expression})` : undefined;
    case 'unique':
      return `${prefix}unique${extra} (${list})`;
    case 'primary_key':
      return `${prefix}primary key${extra} (${list})`;
    case 'foreign_key':
      if (to && to_columns !== undefined && to_columns.length > 0)
        return `${prefix}foreign key (${list}) references ${referenceTarget(to)} (${to_columns.join(', ')})`;
      return expression ? `${prefix}foreign key (${list}) references ${expression}` : undefined;
    default:
      return expression ? `${prefix}${expression}` : undefined;
  }
}

export interface ConstrainedColumn {
  readonly name: string;
  readonly data_type: string | null;
  readonly quote?: boolean | null;
  readonly constraints?: readonly ColumnConstraint[];
}

/** `name type constraints` of one column. */
export function columnDefinition({ name, data_type, quote, constraints = [] }: ConstrainedColumn): string {
  const rendered = constraints.map(columnConstraint).filter((text) => text !== undefined);
  return [`${quote ? `"${name}"` : name} ${data_type}`, ...rendered].join(' ');
}
