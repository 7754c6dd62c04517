import type { DuckDb } from './library.ts';
import { type Address, allocateBlock, readCString, writePointer } from './memory.ts';

/** DuckDB's type ids as in duckdb.h. */
const typeIds = {
  1: 'BOOLEAN',
  2: 'TINYINT',
  3: 'SMALLINT',
  4: 'INTEGER',
  5: 'BIGINT',
  6: 'UTINYINT',
  7: 'USMALLINT',
  8: 'UINTEGER',
  9: 'UBIGINT',
  10: 'FLOAT',
  11: 'DOUBLE',
  12: 'TIMESTAMP',
  13: 'DATE',
  14: 'TIME',
  15: 'INTERVAL',
  16: 'HUGEINT',
  17: 'VARCHAR',
  18: 'BLOB',
  19: 'DECIMAL',
  20: 'TIMESTAMP_S',
  21: 'TIMESTAMP_MS',
  22: 'TIMESTAMP_NS',
  23: 'ENUM',
  24: 'LIST',
  25: 'STRUCT',
  26: 'MAP',
  27: 'UUID',
  28: 'UNION',
  29: 'BIT',
  30: 'TIMETZ',
  31: 'TIMESTAMPTZ',
  32: 'UHUGEINT',
  33: 'ARRAY',
  34: 'ANY',
  35: 'BIGNUM',
  36: 'NULL',
  37: 'VARCHAR',
  38: 'BIGINT',
  39: 'TIME_NS',
  40: 'GEOMETRY',
  41: 'VARIANT',
} as const;

export type DuckTypeName = (typeof typeIds)[keyof typeof typeIds];

/** A DuckDB type as plain data, readable in any thread. */
export interface DuckType {
  readonly name: DuckTypeName | 'UNKNOWN';
  /** JSON and user types. */
  readonly alias?: string;
  readonly width?: number;
  readonly scale?: number;
  /** Members of STRUCT and UNION, `key` and `value` of MAP, `item` of LIST and ARRAY. */
  readonly children?: readonly { readonly name: string; readonly type: DuckType }[];
  readonly size?: number;
  /** Values of an ENUM, in order. */
  readonly values?: readonly string[];
}

/** Reads a type handle; the handle stays the caller's. */
function readLogicalType(duckdb: DuckDb, handle: Address): DuckType {
  const id = Number(duckdb.get_type_id(handle));
  const name = (typeIds as Readonly<Record<number, DuckTypeName>>)[id] ?? 'UNKNOWN';
  const alias = takeText(duckdb, duckdb.logical_type_get_alias(handle));
  return { name, ...(alias === '' ? {} : { alias }), ...details(duckdb, name, handle) };
}

function details(duckdb: DuckDb, name: DuckType['name'], handle: Address): Partial<DuckType> {
  const child = (label: string, type: unknown) => ({ name: label, type: takeType(duckdb, type) });
  const members = (count: number, nameOf: (i: number) => unknown, typeOf: (i: number) => unknown) =>
    Array.from({ length: count }, (_, i) => child(takeText(duckdb, nameOf(i)), typeOf(i)));
  switch (name) {
    case 'DECIMAL':
      return { width: Number(duckdb.decimal_width(handle)), scale: Number(duckdb.decimal_scale(handle)) };
    case 'ENUM':
      return { values: enumValues(duckdb, handle) };
    case 'LIST':
      return { children: [child('item', duckdb.list_type_child_type(handle))] };
    case 'ARRAY':
      return {
        children: [child('item', duckdb.array_type_child_type(handle))],
        size: Number(duckdb.array_type_array_size(handle)),
      };
    case 'MAP':
      return {
        children: [child('key', duckdb.map_type_key_type(handle)), child('value', duckdb.map_type_value_type(handle))],
      };
    case 'STRUCT':
      return {
        children: members(
          Number(duckdb.struct_type_child_count(handle)),
          (i) => duckdb.struct_type_child_name(handle, i),
          (i) => duckdb.struct_type_child_type(handle, i),
        ),
      };
    case 'UNION':
      return {
        children: members(
          Number(duckdb.union_type_member_count(handle)),
          (i) => duckdb.union_type_member_name(handle, i),
          (i) => duckdb.union_type_member_type(handle, i),
        ),
      };
    default:
      return {};
  }
}

const enumValues = (duckdb: DuckDb, handle: Address): string[] =>
  Array.from({ length: Number(duckdb.enum_dictionary_size(handle)) }, (_, i) =>
    takeText(duckdb, duckdb.enum_dictionary_value(handle, i)),
  );

function takeText(duckdb: DuckDb, address: unknown): string {
  const text = readCString(Number(address));
  if (Number(address) !== 0) duckdb.free(Number(address));
  return text;
}

const handleCell = allocateBlock(8);

/** Reads a type handle and destroys it. */
export function takeType(duckdb: DuckDb, handle: unknown): DuckType {
  const type = readLogicalType(duckdb, Number(handle));
  writePointer(handleCell, 0, Number(handle));
  duckdb.destroy_logical_type(handleCell.address);
  return type;
}
