import type { ArrowField, ArrowType, TimeUnit } from '../arrow/index.ts';
import { DuckhouseError } from '../errors.ts';
import { quoteIdentifier, quoteLiteral } from '../sql.ts';
import type { DuckType } from './native/logical-type.ts';

/**
 * The type matrix, published as docs/types.md. `duckType` in a field's metadata names the DuckDB type wherever the
 * Arrow type alone does not give it back.
 */
export const duckTypeKey = 'duckhouse.type';
/** Longer ENUM declarations are left out of the metadata: the column comes back as VARCHAR. */
const maxTypeText = 64 * 1024;

/** How the values of a column get from DuckDB's Arrow arrays into ours. */
export type Layout =
  | { readonly kind: 'fixed'; readonly width: number; readonly check?: 'hugeint' | 'uhugeint' | 'interval' }
  | { readonly kind: 'bits'; readonly from?: 'int8' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'text'; readonly from: TextSource }
  | { readonly kind: 'dictionary'; readonly indexWidth: 1 | 2 | 4 }
  | { readonly kind: 'list'; readonly item: Layout }
  | { readonly kind: 'map'; readonly entries: Layout }
  | { readonly kind: 'fixedSizeList'; readonly size: number; readonly item: Layout }
  | { readonly kind: 'struct'; readonly members: readonly Layout[] }
  | { readonly kind: 'union'; readonly members: readonly Layout[] };

/** Types whose default Arrow export loses something are written as text from their raw bytes. */
export type TextSource = 'timetz' | 'bit' | 'bignum' | 'uuid';

interface Mapping {
  readonly arrow: ArrowType;
  readonly layout: Layout;
  /** The Arrow type alone does not tell this DuckDB type. */
  readonly named?: true;
  /** The Arrow extension type that stands for it: clients that do not know it read the plain Arrow type. */
  readonly extension?: string;
}

const int = (bitWidth: 8 | 16 | 32 | 64, signed: boolean): Mapping => ({
  arrow: { id: 'int', bitWidth, signed },
  layout: { kind: 'fixed', width: bitWidth / 8 },
});
const timestamp = (unit: TimeUnit, timezone?: string): Mapping => ({
  arrow: { id: 'timestamp', unit, ...(timezone === undefined ? {} : { timezone }) },
  layout: { kind: 'fixed', width: 8 },
});
const hugeint = (check: 'hugeint' | 'uhugeint'): Mapping => ({
  arrow: { id: 'decimal', precision: 38, scale: 0, bitWidth: 128 },
  layout: { kind: 'fixed', width: 16, check },
  named: true,
});
const textOf = (from: TextSource): Mapping => ({ arrow: { id: 'utf8' }, layout: { kind: 'text', from }, named: true });

const scalars: Readonly<Record<string, Mapping>> = {
  BOOLEAN: { arrow: { id: 'bool' }, layout: { kind: 'bits' } },
  TINYINT: int(8, true),
  SMALLINT: int(16, true),
  INTEGER: int(32, true),
  BIGINT: int(64, true),
  UTINYINT: int(8, false),
  USMALLINT: int(16, false),
  UINTEGER: int(32, false),
  UBIGINT: int(64, false),
  HUGEINT: hugeint('hugeint'),
  UHUGEINT: hugeint('uhugeint'),
  FLOAT: { arrow: { id: 'floatingPoint', bitWidth: 32 }, layout: { kind: 'fixed', width: 4 } },
  DOUBLE: { arrow: { id: 'floatingPoint', bitWidth: 64 }, layout: { kind: 'fixed', width: 8 } },
  DATE: { arrow: { id: 'date', unit: 'day' }, layout: { kind: 'fixed', width: 4 } },
  TIME: { arrow: { id: 'time', unit: 'microsecond', bitWidth: 64 }, layout: { kind: 'fixed', width: 8 } },
  TIME_NS: { arrow: { id: 'time', unit: 'nanosecond', bitWidth: 64 }, layout: { kind: 'fixed', width: 8 } },
  TIMETZ: textOf('timetz'),
  TIMESTAMP: timestamp('microsecond'),
  TIMESTAMP_S: timestamp('second'),
  TIMESTAMP_MS: timestamp('millisecond'),
  TIMESTAMP_NS: timestamp('nanosecond'),
  TIMESTAMPTZ: timestamp('microsecond', 'UTC'),
  INTERVAL: {
    arrow: { id: 'interval', unit: 'monthDayNano' },
    layout: { kind: 'fixed', width: 16, check: 'interval' },
  },
  VARCHAR: { arrow: { id: 'utf8' }, layout: { kind: 'bytes' } },
  JSON: { arrow: { id: 'utf8' }, layout: { kind: 'bytes' }, named: true },
  BLOB: { arrow: { id: 'binary' }, layout: { kind: 'bytes' } },
  UUID: { arrow: { id: 'utf8' }, layout: { kind: 'bytes' }, named: true },
  BIT: textOf('bit'),
  BIGNUM: textOf('bignum'),
  NULL: { arrow: { id: 'int', bitWidth: 32, signed: true }, layout: { kind: 'fixed', width: 4 } },
  GEOMETRY: { arrow: { id: 'binary' }, layout: { kind: 'bytes' }, extension: 'geoarrow.wkb' },
};

/** The Arrow field and the layout of a DuckDB column. Unsupported, with a hint, for types without an Arrow form. */
export function mapColumn(name: string, type: DuckType): { readonly field: ArrowField; readonly layout: Layout } {
  const { arrow, layout, children, ...naming } = mapType(name, type);
  const metadata = typeMetadata(type, naming);
  return {
    field: {
      name,
      type: arrow,
      nullable: true,
      children: children ?? [],
      ...(metadata.length > 0 ? { metadata: new Map(metadata) } : {}),
    },
    layout,
  };
}

function typeMetadata(type: DuckType, { named, extension }: Pick<Mapping, 'named' | 'extension'>): [string, string][] {
  if (extension !== undefined)
    return [
      ['ARROW:extension:name', extension],
      ['ARROW:extension:metadata', '{}'],
    ];
  const text = named ? typeSql(type) : '';
  return text !== '' && text.length <= maxTypeText ? [[duckTypeKey, text]] : [];
}

type Mapped = Mapping & { readonly children?: readonly ArrowField[] };

function mapType(column: string, type: DuckType): Mapped {
  const scalar = type.alias === 'JSON' ? scalars.JSON : scalars[type.name];
  if (scalar !== undefined) return scalar;
  const children = (type.children ?? []).map((child) => mapColumn(child.name, child.type));
  const fields = children.map((child) => child.field);
  const layouts = children.map((child) => child.layout);
  switch (type.name) {
    case 'DECIMAL':
      return {
        arrow: { id: 'decimal', precision: type.width ?? 18, scale: type.scale ?? 0, bitWidth: 128 },
        layout: { kind: 'fixed', width: 16 },
      };
    case 'ENUM':
      return {
        arrow: { id: 'utf8' },
        layout: { kind: 'dictionary', indexWidth: enumIndexWidth(type.values?.length ?? 0) },
        named: true,
      };
    case 'LIST':
      return { arrow: { id: 'list' }, layout: { kind: 'list', item: layouts[0] as Layout }, children: fields };
    case 'ARRAY':
      return {
        arrow: { id: 'fixedSizeList', listSize: type.size ?? 0 },
        layout: { kind: 'fixedSizeList', size: type.size ?? 0, item: layouts[0] as Layout },
        children: fields,
      };
    case 'STRUCT':
      return { arrow: { id: 'struct' }, layout: { kind: 'struct', members: layouts }, children: fields };
    case 'MAP':
      return mapOf(fields, layouts);
    case 'UNION':
      return {
        arrow: { id: 'union', mode: 'sparse', typeIds: fields.map((_, i) => i) },
        layout: { kind: 'union', members: layouts },
        children: fields,
      };
    default:
      throw new DuckhouseError('Unsupported', `column "${column}" has type ${type.name}, which has no Arrow form`, {
        context: { column, type: type.name },
        hint:
          type.name === 'VARIANT'
            ? `cast it, e.g. ${quoteIdentifier(column)}::JSON`
            : `cast it, e.g. ${quoteIdentifier(column)}::VARCHAR`,
      });
  }
}

function mapOf(fields: readonly ArrowField[], layouts: readonly Layout[]): Mapped {
  const [key, value] = fields as readonly [ArrowField, ArrowField];
  const entries: ArrowField = {
    name: 'entries',
    type: { id: 'struct' },
    nullable: false,
    children: [{ ...key, nullable: false }, value],
  };
  return {
    arrow: { id: 'map', keysSorted: false },
    layout: { kind: 'map', entries: { kind: 'struct', members: layouts } },
    children: [entries],
  };
}

/** As DuckDB picks it: the smallest unsigned integer that holds every position. */
const enumIndexWidth = (values: number): 1 | 2 | 4 => (values <= 255 ? 1 : values <= 65535 ? 2 : 4);

/** True when some column must be exported with `arrow_lossless_conversion`, which changes BOOLEAN, UUID and HUGEINT. */
export const needsLossless = (layout: Layout): boolean =>
  anyLayout(layout, (node) => node.kind === 'text' && node.from === 'timetz');

export function anyLayout(layout: Layout, test: (node: Layout) => boolean): boolean {
  if (test(layout)) return true;
  switch (layout.kind) {
    case 'list':
    case 'fixedSizeList':
      return anyLayout(layout.item, test);
    case 'map':
      return anyLayout(layout.entries, test);
    case 'struct':
    case 'union':
      return layout.members.some((member) => anyLayout(member, test));
    default:
      return false;
  }
}

/** The layouts of the same columns when exported lossless: BOOLEAN as int8, UUID as 16 bytes. */
export function losslessLayout(layout: Layout, field: ArrowField): Layout {
  const child = (node: Layout, i: number): Layout => losslessLayout(node, field.children[i] as ArrowField);
  switch (layout.kind) {
    case 'bits':
      return { kind: 'bits', from: 'int8' };
    case 'bytes':
      return field.metadata?.get(duckTypeKey) === 'UUID' ? { kind: 'text', from: 'uuid' } : layout;
    case 'list':
    case 'fixedSizeList':
      return { ...layout, item: child(layout.item, 0) };
    case 'map':
      return { ...layout, entries: child(layout.entries, 0) };
    case 'struct':
    case 'union':
      return { ...layout, members: layout.members.map(child) };
    default:
      return layout;
  }
}

/** Bytes of a value in DuckDB's own vectors, for columns that can be taken from there; undefined for the others. */
export function vectorWidth(layout: Layout, { type, metadata }: ArrowField): number | undefined {
  switch (layout.kind) {
    case 'bits':
      return 1;
    case 'bytes':
      return metadata?.get(duckTypeKey) === 'UUID' || metadata?.has('ARROW:extension:name') ? undefined : 16;
    case 'fixed':
      if (layout.check === 'interval') return undefined;
      return type.id === 'decimal' ? decimalWidth(type.precision) : layout.width;
    default:
      return undefined;
  }
}

/** As DuckDB picks it. */
const decimalWidth = (precision: number): number =>
  precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;

/** SQL text of a DuckDB type. */
function typeSql(type: DuckType): string {
  const [first, second] = (type.children ?? []).map((child) => typeSql(child.type));
  const members = () => (type.children ?? []).map((child) => `${quoteIdentifier(child.name)} ${typeSql(child.type)}`);
  if (type.alias === 'JSON') return 'JSON';
  switch (type.name) {
    case 'DECIMAL':
      return `DECIMAL(${type.width},${type.scale})`;
    case 'ENUM':
      return `ENUM(${(type.values ?? []).map(quoteLiteral).join(', ')})`;
    case 'LIST':
      return `${first}[]`;
    case 'ARRAY':
      return `${first}[${type.size}]`;
    case 'MAP':
      return `MAP(${first}, ${second})`;
    case 'STRUCT':
      return `STRUCT(${members().join(', ')})`;
    case 'UNION':
      return `UNION(${members().join(', ')})`;
    case 'NULL':
      return 'INTEGER';
    default:
      return type.name;
  }
}
