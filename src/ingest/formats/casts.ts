import { quoteIdentifier } from '../../sql.ts';

/** The select list of all columns, those of `types` cast. */
export function replacing(types: ReadonlyMap<string, string>): string {
  const casts = [...types].map(([name, type]) => `${quoteIdentifier(name)}::${type} AS ${quoteIdentifier(name)}`);
  return casts.length === 0 ? '*' : `* REPLACE (${casts.join(', ')})`;
}
