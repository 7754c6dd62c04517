import type { ArrowField } from '../arrow/index.ts';
import { quoteIdentifier } from '../sql.ts';
import { formatOf } from './native/arrow-import.ts';
import { duckTypeKey } from './type-map.ts';

/** What a client may name as a column's DuckDB type: it becomes part of a statement, so nothing else gets through. */
const namedType = /^(?:UUID|JSON|HUGEINT|UHUGEINT|TIMETZ|BIT|BIGNUM|ENUM\('(?:[^']|'')*'(?:, ?'(?:[^']|'')*')*\))$/;

const extensionTypes: Readonly<Record<string, string>> = {
  'arrow.uuid': 'UUID',
  'arrow.json': 'JSON',
  'arrow.bool8': 'BOOLEAN',
  'geoarrow.wkb': 'GEOMETRY',
};
const opaqueTypes: Readonly<Record<string, string>> = {
  hugeint: 'HUGEINT',
  uhugeint: 'UHUGEINT',
  bit: 'BIT',
  bignum: 'BIGNUM',
  time_tz: 'TIMETZ',
};

/**
 * The DuckDB type, as SQL, of a column made for an Arrow field: what its metadata names, else what its Arrow type implies.
 * Unsupported for Arrow types without a DuckDB type.
 */
export function columnType(field: ArrowField): string {
  const named = field.metadata?.get(duckTypeKey);
  if (named !== undefined && namedType.test(named)) return named;
  return extensionType(field.metadata) ?? impliedType(field);
}

function extensionType(metadata: ReadonlyMap<string, string> | undefined): string | undefined {
  const name = metadata?.get('ARROW:extension:name');
  if (name === undefined) return undefined;
  if (name !== 'arrow.opaque') return extensionTypes[name];
  const opaque = /"type_name"\s*:\s*"(\w+)"/.exec(metadata?.get('ARROW:extension:metadata') ?? '')?.[1];
  return opaque === undefined ? undefined : opaqueTypes[opaque];
}

const integers: Readonly<Record<number, string>> = { 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' };
const timestamps = {
  second: 'TIMESTAMP_S',
  millisecond: 'TIMESTAMP_MS',
  microsecond: 'TIMESTAMP',
  nanosecond: 'TIMESTAMP_NS',
} as const;

function impliedType(field: ArrowField): string {
  const { type } = field;
  const child = (index: number): string => columnType(field.children[index] as ArrowField);
  const members = (): string =>
    field.children.map((member) => `${quoteIdentifier(member.name)} ${columnType(member)}`).join(', ');
  switch (type.id) {
    case 'null':
      return 'INTEGER';
    case 'bool':
      return 'BOOLEAN';
    case 'int':
      return `${type.signed ? '' : 'U'}${integers[type.bitWidth]}`;
    case 'floatingPoint':
      return type.bitWidth === 64 ? 'DOUBLE' : 'FLOAT';
    case 'decimal':
      formatOf(field);
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return 'VARCHAR';
    case 'binary':
    case 'largeBinary':
    case 'binaryView':
    case 'fixedSizeBinary':
      return 'BLOB';
    case 'date':
      return 'DATE';
    case 'time':
      return type.unit === 'nanosecond' ? 'TIME_NS' : 'TIME';
    case 'timestamp':
      return type.timezone === undefined || type.timezone === '' ? timestamps[type.unit] : 'TIMESTAMPTZ';
    case 'duration':
    case 'interval':
      return 'INTERVAL';
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
      return `${child(0)}[]`;
    case 'fixedSizeList':
      return `${child(0)}[${type.listSize}]`;
    case 'struct':
      return `STRUCT(${members()})`;
    case 'map': {
      const [key, value] = (field.children[0] as ArrowField).children as readonly [ArrowField, ArrowField];
      return `MAP(${columnType(key)}, ${columnType(value)})`;
    }
    case 'union':
      formatOf(field);
      return `UNION(${members()})`;
    case 'runEndEncoded':
      return child(1);
  }
}
