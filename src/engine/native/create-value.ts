import { type ArrowColumn, type ArrowField, type ArrowType, isValidAt } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { tooFine } from '../whole-microseconds.ts';
import { createType, destroyType, isUuid, pointers, tooWide } from './create-type.ts';
import { halfFloat } from './half-float.ts';
import type { DuckDb } from './library.ts';
import { type Address, addressOf, allocateBlock, writePointer } from './memory.ts';

/** A duckdb_value of a row, which the caller destroys. */
export type ValueMaker = (row: number) => Address;

export interface ValueFactory {
  /** `as`: whole numbers that fit are made values of this type. DuckDB plans a statement anew for a value of another one. */
  maker(column: ArrowColumn, as?: ArrowField): ValueMaker;
  /** Frees the types made on the way; makers are not called any more. */
  close(): void;
}

const cell = allocateBlock(8);

export function destroyValue(duckdb: DuckDb, value: Address): void {
  writePointer(cell, 0, value);
  duckdb.destroy_value(cell.address);
}

/**
 * Arrow values as DuckDB's own, type by type, none of them rounded. A null has the type of its column with `typedNulls`, and
 * else none: it then goes where a value of its type would not.
 */
export function openValueFactory(duckdb: DuckDb, { typedNulls = false } = {}): ValueFactory {
  const types: Address[] = [];
  const typeOf = (field: ArrowField): Address => {
    const type = createType(duckdb, field);
    types.push(type);
    return type;
  };
  const maker = (column: ArrowColumn, as?: ArrowField): ValueMaker => {
    const make = integerMaker(duckdb, column, as?.type) ?? presentMaker(duckdb, column, { maker, typeOf });
    const none = typedNulls ? typedNull(duckdb, typeOf(column.field)) : () => Number(duckdb.create_null_value());
    return (row) => (isValidAt(column, row) ? make(row) : none());
  };
  return {
    maker,
    close() {
      for (const type of types.splice(0)) destroyType(duckdb, type);
    },
  };
}

/** The C interface makes nulls without a type only: as an item of a list they take the list's. */
const typedNull = (duckdb: DuckDb, type: Address) => (): Address => {
  const list = collected(duckdb, [Number(duckdb.create_null_value())], (items) =>
    duckdb.create_list_value(type, items, 1),
  );
  const item = Number(duckdb.get_list_child(list, 0));
  destroyValue(duckdb, list);
  return item;
};

interface Context {
  readonly maker: (column: ArrowColumn) => ValueMaker;
  readonly typeOf: (field: ArrowField) => Address;
}

function presentMaker(duckdb: DuckDb, column: ArrowColumn, context: Context): ValueMaker {
  const { field, data } = column;
  if (column.dictionary !== undefined && field.dictionary !== undefined) {
    const value = context.maker(column.dictionary);
    const index = integerAt(data as Uint8Array, field.dictionary.indexType);
    return (row) => value(Number(index(row)));
  }
  switch (field.type.id) {
    case 'null':
      return () => Number(duckdb.create_null_value());
    case 'bool':
      return (row) => Number(duckdb.create_bool((((data as Uint8Array)[row >> 3] as number) >> (row & 7)) % 2 === 1));
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return bytesMaker(column, duckdb.create_varchar_length);
    case 'binary':
    case 'largeBinary':
    case 'binaryView':
      return bytesMaker(column, duckdb.create_blob);
    case 'fixedSizeBinary':
      return isUuid(field) ? uuidMaker(duckdb, data as Uint8Array) : bytesMaker(column, duckdb.create_blob);
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList':
      return listMaker(duckdb, column, context);
    case 'map':
      return mapMaker(duckdb, column, context);
    case 'struct':
      return structMaker(duckdb, column, context);
    case 'union':
      return unionMaker(duckdb, column, context);
    case 'runEndEncoded':
      return runEndMaker(column, context);
    default:
      return scalarMaker(duckdb, field, data as Uint8Array);
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function integerAt(
  bytes: Uint8Array,
  { bitWidth, signed }: { readonly bitWidth: number; readonly signed: boolean },
): (row: number) => number | bigint {
  const view = viewOf(bytes);
  if (bitWidth === 8) return (row) => (signed ? view.getInt8(row) : view.getUint8(row));
  if (bitWidth === 16) return (row) => (signed ? view.getInt16(row * 2, true) : view.getUint16(row * 2, true));
  if (bitWidth === 32) return (row) => (signed ? view.getInt32(row * 4, true) : view.getUint32(row * 4, true));
  return (row) => (signed ? view.getBigInt64(row * 8, true) : view.getBigUint64(row * 8, true));
}

/** Undefined where nothing is to be changed. */
function integerMaker(duckdb: DuckDb, column: ArrowColumn, as: ArrowType | undefined): ValueMaker | undefined {
  const { type } = column.field;
  if (as?.id !== 'int' || type.id !== 'int' || column.dictionary !== undefined) return undefined;
  if (as.bitWidth === type.bitWidth && as.signed === type.signed) return undefined;
  const read = integerAt(column.data as Uint8Array, type);
  const fit = as.signed ? BigInt.asIntN : BigInt.asUintN;
  const [own, wanted] = [type, as].map(
    ({ signed, bitWidth }) => duckdb[`create_${signed ? '' : 'u'}int${bitWidth}`],
  ) as [DuckDb['create_int8'], DuckDb['create_int8']];
  return (row) => {
    const value = read(row);
    if (fit(as.bitWidth, BigInt(value)) !== BigInt(value)) return Number(own(value));
    return Number(wanted(as.bitWidth === 64 ? BigInt(value) : Number(value)));
  };
}

type Range = (row: number) => { readonly start: number; readonly count: number };

/** Where a row's items, or its bytes, lie. */
function rangeOf({ field: { type }, offsets, sizes }: ArrowColumn): Range {
  if (type.id === 'fixedSizeList') return (row) => ({ start: row * type.listSize, count: type.listSize });
  if (type.id === 'fixedSizeBinary') return (row) => ({ start: row * type.byteWidth, count: type.byteWidth });
  const width = { bitWidth: type.id.startsWith('large') ? 64 : 32, signed: true };
  const offset = integerAt(offsets as Uint8Array, width);
  if (sizes !== undefined) {
    const size = integerAt(sizes, width);
    return (row) => ({ start: Number(offset(row)), count: Number(size(row)) });
  }
  return (row) => ({ start: Number(offset(row)), count: Number(offset(row + 1)) - Number(offset(row)) });
}

const empty = allocateBlock(8);

function bytesMaker(column: ArrowColumn, create: DuckDb['create_blob']): ValueMaker {
  const at = column.field.type.id.endsWith('View') ? viewBytes(column) : plainBytes(column);
  return (row) => {
    const bytes = at(row);
    return Number(create(bytes.byteLength === 0 ? empty.address : addressOf(bytes), bytes.byteLength));
  };
}

function plainBytes(column: ArrowColumn): (row: number) => Uint8Array {
  const range = rangeOf(column);
  return (row) => {
    const { start, count } = range(row);
    return (column.data ?? empty.bytes).subarray(start, start + count);
  };
}

function viewBytes({ data, variadic }: ArrowColumn): (row: number) => Uint8Array {
  const bytes = data as Uint8Array;
  const view = viewOf(bytes);
  return (row) => {
    const length = view.getInt32(row * 16, true);
    if (length <= 12) return bytes.subarray(row * 16 + 4, row * 16 + 4 + length);
    const start = view.getInt32(row * 16 + 12, true);
    return (variadic[view.getInt32(row * 16 + 8, true)] as Uint8Array).subarray(start, start + length);
  };
}

function uuidMaker(duckdb: DuckDb, data: Uint8Array): ValueMaker {
  const view = viewOf(data);
  return (row) =>
    Number(duckdb.create_uuid({ upper: view.getBigUint64(row * 16), lower: view.getBigUint64(row * 16 + 8) }));
}

function collected(duckdb: DuckDb, values: readonly Address[], create: (values: Address) => unknown): Address {
  try {
    return Number(create(pointers(values)));
  } finally {
    for (const value of values) destroyValue(duckdb, value);
  }
}

function listMaker(duckdb: DuckDb, column: ArrowColumn, { maker, typeOf }: Context): ValueMaker {
  const [item] = column.children as readonly [ArrowColumn];
  const value = maker(item);
  const type = typeOf(item.field);
  const range = rangeOf(column);
  const create = column.field.type.id === 'fixedSizeList' ? duckdb.create_array_value : duckdb.create_list_value;
  return (row) => {
    const { start, count } = range(row);
    const values = Array.from({ length: count }, (_, i) => value(start + i));
    return collected(duckdb, values, (list) => create(type, list, count));
  };
}

function mapMaker(duckdb: DuckDb, column: ArrowColumn, { maker, typeOf }: Context): ValueMaker {
  const [entries] = column.children as readonly [ArrowColumn];
  const [keyAt, valueAt] = entries.children.map(maker) as [ValueMaker, ValueMaker];
  const type = typeOf(column.field);
  const range = rangeOf(column);
  return (row) => {
    const { start, count } = range(row);
    const values = Array.from({ length: count * 2 }, (_, i) =>
      i < count ? keyAt(start + i) : valueAt(start + i - count),
    );
    return collected(duckdb, values, (all) => duckdb.create_map_value(type, all, all + count * 8, count));
  };
}

function structMaker(duckdb: DuckDb, column: ArrowColumn, { maker, typeOf }: Context): ValueMaker {
  const members = column.children.map(maker);
  const type = typeOf(column.field);
  return (row) =>
    collected(
      duckdb,
      members.map((member) => member(row)),
      (values) => duckdb.create_struct_value(type, values),
    );
}

function unionMaker(duckdb: DuckDb, column: ArrowColumn, { maker, typeOf }: Context): ValueMaker {
  const { typeIds, offsets, children, field } = column;
  const ids = (field.type as Extract<ArrowType, { id: 'union' }>).typeIds;
  const members = children.map(maker);
  const type = typeOf(field);
  const position = offsets === undefined ? (row: number) => row : integerAt(offsets, { bitWidth: 32, signed: true });
  return (row) => {
    const tag = ids.indexOf((typeIds as Uint8Array)[row] as number);
    const value = (members[tag] as ValueMaker)(Number(position(row)));
    const union = Number(duckdb.create_union_value(type, tag, value));
    destroyValue(duckdb, value);
    return union;
  };
}

function runEndMaker({ children }: ArrowColumn, { maker }: Context): ValueMaker {
  const [runEnds, values] = children as readonly [ArrowColumn, ArrowColumn];
  const end = integerAt(runEnds.data as Uint8Array, runEnds.field.type as Extract<ArrowType, { id: 'int' }>);
  const value = maker(values);
  return (row) => {
    let run = 0;
    while (run < runEnds.length - 1 && Number(end(run)) <= row) run++;
    return value(run);
  };
}

const perSecond = { second: 1n, millisecond: 1000n, microsecond: 1_000_000n, nanosecond: 1_000_000_000n } as const;

/** Microseconds of a value in another unit. DataInvalid when it is finer than that: nothing is cut off. */
function micros(value: bigint, unit: keyof typeof perSecond, field: ArrowField): bigint {
  const scale = perSecond[unit];
  if (scale <= 1_000_000n) return value * (1_000_000n / scale);
  if (value % 1000n === 0n) return value / 1000n;
  throw tooFine(field.name, value);
}

function scalarMaker(duckdb: DuckDb, field: ArrowField, data: Uint8Array): ValueMaker {
  const { type } = field;
  const view = viewOf(data);
  const big = (row: number, bitWidth = 64): bigint => BigInt(integerAt(data, { bitWidth, signed: true })(row));
  switch (type.id) {
    case 'int': {
      const read = integerAt(data, type);
      const create = duckdb[`create_${type.signed ? '' : 'u'}int${type.bitWidth}`];
      return (row) => Number(create(read(row)));
    }
    case 'floatingPoint':
      if (type.bitWidth === 16) return (row) => Number(duckdb.create_float(halfFloat(view.getUint16(row * 2, true))));
      return type.bitWidth === 64
        ? (row) => Number(duckdb.create_double(view.getFloat64(row * 8, true)))
        : (row) => Number(duckdb.create_float(view.getFloat32(row * 4, true)));
    case 'decimal':
      return decimalMaker(duckdb, field, type, view);
    case 'date':
      return (row) =>
        Number(duckdb.create_date(type.unit === 'day' ? view.getInt32(row * 4, true) : Number(big(row) / 86_400_000n)));
    case 'time':
      if (type.unit === 'nanosecond') return (row) => Number(duckdb.create_time_ns(big(row)));
      return (row) => Number(duckdb.create_time(micros(big(row, type.bitWidth), type.unit, field)));
    case 'timestamp':
      return timestampMaker(duckdb, field, type, big);
    case 'duration':
      return (row) =>
        Number(duckdb.create_interval({ months: 0, days: 0, micros: micros(big(row), type.unit, field) }));
    case 'interval':
      return (row) => Number(duckdb.create_interval(intervalAt(view, row, { unit: type.unit, field })));
    default:
      throw new DuckhouseError(
        'Unsupported',
        `column "${field.name}": parameters of type ${type.id} are not supported`,
      );
  }
}

type Type<Id extends ArrowType['id']> = Extract<ArrowType, { id: Id }>;

function timestampMaker(
  duckdb: DuckDb,
  field: ArrowField,
  { unit, timezone }: Type<'timestamp'>,
  read: (row: number) => bigint,
): ValueMaker {
  if (timezone !== undefined && timezone !== '')
    return (row) => Number(duckdb.create_timestamp_tz(micros(read(row), unit, field)));
  const create = {
    second: duckdb.create_timestamp_s,
    millisecond: duckdb.create_timestamp_ms,
    microsecond: duckdb.create_timestamp,
    nanosecond: duckdb.create_timestamp_ns,
  }[unit];
  return (row) => Number(create(read(row)));
}

function decimalMaker(duckdb: DuckDb, field: ArrowField, type: Type<'decimal'>, view: DataView): ValueMaker {
  if (type.precision > 38) throw tooWide(field, type.precision);
  const width = type.bitWidth / 8;
  const read = (row: number): bigint => {
    if (width === 4) return BigInt(view.getInt32(row * 4, true));
    if (width === 8) return view.getBigInt64(row * 8, true);
    // Of 256 bits with at most 38 digits the upper half is only the sign.
    return (view.getBigInt64(row * width + 8, true) << 64n) | view.getBigUint64(row * width, true);
  };
  return (row) => {
    const value = read(row);
    return Number(
      duckdb.create_decimal({
        width: type.precision,
        scale: type.scale,
        value: { lower: BigInt.asUintN(64, value), upper: BigInt.asIntN(64, value >> 64n) },
      }),
    );
  };
}

function intervalAt(
  view: DataView,
  row: number,
  { unit, field }: { readonly unit: Type<'interval'>['unit']; readonly field: ArrowField },
): { readonly months: number; readonly days: number; readonly micros: bigint } {
  if (unit === 'yearMonth') return { months: view.getInt32(row * 4, true), days: 0, micros: 0n };
  if (unit === 'dayTime') {
    const milliseconds = view.getInt32(row * 8 + 4, true);
    return { months: 0, days: view.getInt32(row * 8, true), micros: BigInt(milliseconds) * 1000n };
  }
  return {
    months: view.getInt32(row * 16, true),
    days: view.getInt32(row * 16 + 4, true),
    micros: micros(view.getBigInt64(row * 16 + 8, true), 'nanosecond', field),
  };
}
