/** Names of relations as SQL, quoted as project and node say. */
import type { Dict, Quoting } from '../manifest-types.ts';

export interface RelationParts {
  readonly database: string | null;
  readonly schema: string | null;
  readonly identifier: string | null;
}

type Part = keyof RelationParts;

/** DuckDB quotes all parts unless told otherwise. */
export const quotingOf = (...levels: readonly (Readonly<Dict> | Quoting | undefined)[]): Record<Part, boolean> => {
  const quoting = { database: true, schema: true, identifier: true };
  for (const level of levels)
    for (const part of ['database', 'schema', 'identifier'] as const) {
      const value = (level as Dict | undefined)?.[part];
      if (typeof value === 'boolean') quoting[part] = value;
    }
  return quoting;
};

export const renderRelation = (parts: RelationParts, quoting: Readonly<Record<Part, boolean>>): string =>
  (['database', 'schema', 'identifier'] as const)
    .filter((part) => parts[part] !== null && parts[part] !== '')
    .map((part) => (quoting[part] ? `"${parts[part]}"` : String(parts[part])))
    .join('.');
