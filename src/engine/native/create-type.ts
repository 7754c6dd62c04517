import type { ArrowField } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import type { DuckDb } from './library.ts';
import { type Address, addressOf, allocateBlock, writePointer } from './memory.ts';

/** DuckDB's type ids as in duckdb.h. */
const ids = {
  BOOLEAN: 1,
  FLOAT: 10,
  DOUBLE: 11,
  TIMESTAMP: 12,
  DATE: 13,
  TIME: 14,
  INTERVAL: 15,
  VARCHAR: 17,
  BLOB: 18,
  TIMESTAMP_S: 20,
  TIMESTAMP_MS: 21,
  TIMESTAMP_NS: 22,
  UUID: 27,
  TIMESTAMPTZ: 31,
  TIME_NS: 39,
  SQLNULL: 36,
} as const;

const integerIds: Readonly<Record<number, readonly [number, number]>> = {
  8: [6, 2],
  16: [7, 3],
  32: [8, 4],
  64: [9, 5],
};
const timestampIds = {
  second: ids.TIMESTAMP_S,
  millisecond: ids.TIMESTAMP_MS,
  microsecond: ids.TIMESTAMP,
  nanosecond: ids.TIMESTAMP_NS,
} as const;

const cell = allocateBlock(8);

export function destroyType(duckdb: DuckDb, type: Address): void {
  writePointer(cell, 0, type);
  duckdb.destroy_logical_type(cell.address);
}

export const isUuid = ({ type, metadata }: ArrowField): boolean =>
  type.id === 'fixedSizeBinary' && type.byteWidth === 16 && metadata?.get('ARROW:extension:name') === 'arrow.uuid';

/** The DuckDB type handle of an Arrow field's values; the caller destroys it. Unsupported where there is none. */
export function createType(duckdb: DuckDb, field: ArrowField): Address {
  const { type, children } = field;
  const simple = (id: number): Address => Number(duckdb.create_logical_type(id));
  const child = (index: number): ArrowField => children[index] as ArrowField;
  switch (type.id) {
    case 'null':
      return simple(ids.SQLNULL);
    case 'bool':
      return simple(ids.BOOLEAN);
    case 'int':
      return simple((integerIds[type.bitWidth] as readonly [number, number])[type.signed ? 1 : 0]);
    case 'floatingPoint':
      return simple(type.bitWidth === 64 ? ids.DOUBLE : ids.FLOAT);
    case 'decimal':
      if (type.precision > 38) throw tooWide(field, type.precision);
      return Number(duckdb.create_decimal_type(type.precision, type.scale));
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return simple(ids.VARCHAR);
    case 'date':
      return simple(ids.DATE);
    case 'time':
      return simple(type.unit === 'nanosecond' ? ids.TIME_NS : ids.TIME);
    case 'timestamp':
      return simple(type.timezone === undefined || type.timezone === '' ? timestampIds[type.unit] : ids.TIMESTAMPTZ);
    case 'duration':
    case 'interval':
      return simple(ids.INTERVAL);
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
      return withChildren(duckdb, [child(0)], ([item]) => duckdb.create_list_type(item as Address));
    case 'fixedSizeList':
      return withChildren(duckdb, [child(0)], ([item]) => duckdb.create_array_type(item as Address, type.listSize));
    case 'map':
      return withChildren(duckdb, child(0).children, ([key, value]) =>
        duckdb.create_map_type(key as Address, value as Address),
      );
    case 'struct':
      return withMembers(duckdb, children, (types, names) => duckdb.create_struct_type(types, names, children.length));
    case 'union':
      return withMembers(duckdb, children, (types, names) => duckdb.create_union_type(types, names, children.length));
    case 'runEndEncoded':
      return createType(duckdb, child(1));
    default:
      return simple(isUuid(field) ? ids.UUID : ids.BLOB);
  }
}

export const tooWide = ({ name }: ArrowField, precision: number): DuckhouseError =>
  new DuckhouseError('Unsupported', `column "${name}" has decimals of ${precision} digits, DuckDB holds at most 38`, {
    id: 'decimal-too-wide',
    context: { name, precision },
    hint: 'cast it to decimal128 or to text before sending',
  });

function withChildren(
  duckdb: DuckDb,
  fields: readonly ArrowField[],
  create: (types: readonly Address[]) => unknown,
): Address {
  const types = fields.map((field) => createType(duckdb, field));
  try {
    return Number(create(types));
  } finally {
    for (const type of types) destroyType(duckdb, type);
  }
}

function withMembers(
  duckdb: DuckDb,
  fields: readonly ArrowField[],
  create: (types: Address, names: Address) => unknown,
): Address {
  const names = fields.map(({ name }) => Buffer.from(`${name}\0`, 'utf8'));
  return withChildren(duckdb, fields, (types) => create(pointers(types), pointers(names.map(addressOf))));
}

/** The addresses one after another in memory. Good until the next garbage collection that finds nobody using the block. */
export function pointers(addresses: readonly Address[]): Address {
  const block = allocateBlock(Math.max(8, addresses.length * 8));
  addresses.forEach((address, i) => writePointer(block, i * 8, address));
  held[next] = block;
  next = (next + 1) % held.length;
  return block.address;
}

/** The last blocks stay referenced: native code reads them after the JavaScript value is gone. */
const held: unknown[] = new Array<unknown>(64).fill(undefined);
let next = 0;
