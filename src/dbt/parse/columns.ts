import { DuckhouseError } from '../../errors.ts';
import type { ColumnConstraint, ColumnInfo, Dict, ModelConstraint } from '../manifest-types.ts';
import { isDict, isText, put } from '../plain.ts';

/** Keys of a column entry that are not carried through as they are. */
const known = new Set([
  'name',
  'description',
  'meta',
  'data_type',
  'docs',
  'config',
  'constraints',
  'data_tests',
  'tests',
  'tags',
  'quote',
  'granularity',
  'dimension',
  'entity',
]);
const constraintTypes = ['check', 'not_null', 'unique', 'primary_key', 'foreign_key', 'custom'] as const;

export function columnsOf(entries: unknown, owner: string): Dict<ColumnInfo> {
  const columns: Dict<ColumnInfo> = {};
  if (!Array.isArray(entries)) return columns;
  for (const entry of entries as Dict[]) {
    if (!isDict(entry) || !isText(entry.name))
      throw new DuckhouseError('DataInvalid', `${owner}: every column needs a name`, { context: { owner } });
    put(columns, entry.name, columnOf(entry, owner));
  }
  return columns;
}

export const textsOf = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Array.isArray(value) ? value.filter(isText) : [];

function columnOf(entry: Dict, owner: string): ColumnInfo {
  const config = isDict(entry.config) ? entry.config : {};
  const meta = { ...(isDict(entry.meta) ? entry.meta : {}), ...(isDict(config.meta) ? config.meta : {}) };
  const tags = [...new Set([...textsOf(entry.tags), ...textsOf(config.tags)])];
  const column: ColumnInfo = {
    name: entry.name as string,
    description: String(entry.description ?? ''),
    meta,
    data_type: (entry.data_type as string | undefined) ?? null,
    constraints: constraintsOf(entry.constraints, `column ${String(entry.name)} of ${owner}`),
    quote: (entry.quote as boolean | undefined) ?? null,
    config: { meta, tags },
    tags,
    granularity: (entry.granularity as string | undefined) ?? null,
    dimension: meaningOf(entry, entry.dimension, { is_partition: false, validity_params: null }),
    entity: meaningOf(entry, entry.entity, {}),
    doc_blocks: [],
  };
  for (const key in entry) if (!known.has(key)) put(column, key, entry[key]);
  return column;
}

/** A dimension or an entity: what it does not say of itself, its column says. */
function meaningOf({ name, description }: Dict, given: unknown, more: Dict): unknown {
  if (!isDict(given)) return given ?? null;
  const { validity_params: validity } = given;
  return {
    label: null,
    config: {},
    ...more,
    ...given,
    name: given.name || name,
    description: given.description || (description ?? ''),
    ...(isDict(validity) ? { validity_params: { is_start: false, is_end: false, ...validity } } : {}),
  };
}

function constraintsOf(entries: unknown, owner: string): ColumnConstraint[] {
  if (!Array.isArray(entries)) return [];
  return (entries as Dict[]).map((entry) => {
    const type = entry.type as string;
    if (!constraintTypes.includes(type as never))
      throw new DuckhouseError(
        'DataInvalid',
        `${owner}: constraint type '${type}' is not one of ${constraintTypes.join(', ')}`,
        { context: { owner } },
      );
    return {
      type,
      name: (entry.name as string | undefined) ?? null,
      expression: (entry.expression as string | undefined) ?? null,
      warn_unenforced: entry.warn_unenforced !== false,
      warn_unsupported: entry.warn_unsupported !== false,
      to: (entry.to as string | undefined) ?? null,
      to_columns: textsOf(entry.to_columns),
    };
  });
}

export const modelConstraintsOf = (entries: unknown, owner: string): ModelConstraint[] =>
  constraintsOf(entries, owner).map((constraint, index) => ({
    ...constraint,
    columns: textsOf((entries as Dict[])[index]?.columns),
  }));
