import { fixedWidth, offsetReader, viewReader } from './column-access.ts';
import { dateText, decimalText, durationText, intervalText, timestampText, timeText, unitsPerSecond } from './text.ts';
import type { ArrowColumn, ArrowField, ArrowType } from './types.ts';
import { integerReader, isValidAt } from './validate.ts';

export type ValueReader = (row: number) => unknown;

/**
 * Values of a column for printing and JSON, none of them rounded: null, boolean, number (integers of up to 32 bits, floats),
 * bigint (64-bit integers), string (text, decimals, dates, times, timestamps, intervals), Uint8Array (binary), arrays (lists),
 * objects (structs), arrays of {key, value} (maps), the chosen member of a union.
 */
export function valueReader(column: ArrowColumn): ValueReader {
  const read =
    column.dictionary === undefined && column.field.dictionary === undefined
      ? plainReader(column)
      : dictionaryReader(column);
  return (row) => (isValidAt(column, row) ? read(row) : null);
}

function dictionaryReader({ field, data, dictionary }: ArrowColumn): ValueReader {
  const indexAt = integerReader(
    data as Uint8Array,
    (field.dictionary as NonNullable<ArrowField['dictionary']>).indexType,
  );
  const value = dictionary === undefined ? () => null : valueReader(dictionary);
  return (row) => value(indexAt(row));
}

const decoder = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

function plainReader(column: ArrowColumn): ValueReader {
  const { field, data } = column;
  const { type } = field;
  switch (type.id) {
    case 'null':
      return () => null;
    case 'bool':
      return (row) => (((data as Uint8Array)[row >> 3] as number) >> (row & 7)) % 2 === 1;
    case 'utf8':
    case 'largeUtf8':
      return varyingReader(column, repeating(decoder));
    case 'binary':
    case 'largeBinary':
      return varyingReader(column, (bytes) => Uint8Array.from(bytes));
    case 'utf8View':
    case 'binaryView': {
      const at = viewReader(data as Uint8Array, column.variadic);
      return (row) =>
        type.id === 'utf8View' ? decoder(at(row) as Uint8Array) : Uint8Array.from(at(row) as Uint8Array);
    }
    case 'fixedSizeBinary':
      return (row) => Uint8Array.from((data as Uint8Array).subarray(row * type.byteWidth, (row + 1) * type.byteWidth));
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList':
    case 'map':
      return listReader(column);
    case 'struct': {
      const members = column.children.map((child) => [child.field.name, valueReader(child)] as const);
      return (row) => Object.fromEntries(members.map(([name, read]) => [name, read(row)]));
    }
    case 'union':
      return unionReader(column, type);
    case 'runEndEncoded':
      return runEndReader(column);
    default:
      return scalarReader(type, data as Uint8Array);
  }
}

function varyingReader(
  { field, offsets, data, length }: ArrowColumn,
  read: (bytes: Uint8Array) => unknown,
): ValueReader {
  const at = offsetReader(offsets as Uint8Array, length, field.type.id.startsWith('large'));
  return (row) => read((data as Uint8Array).subarray(at(row), at(row + 1)));
}

/** Columns that are sorted or say the same in every row are mostly what stands there already. */
function repeating(decode: (bytes: Uint8Array) => string): (bytes: Uint8Array) => string {
  let last: Uint8Array | undefined;
  let text = '';
  return (bytes) => {
    if (last === undefined || last.byteLength !== bytes.byteLength || Buffer.compare(last, bytes) !== 0)
      text = decode(bytes);
    last = bytes;
    return text;
  };
}

function listReader(column: ArrowColumn): ValueReader {
  const { field, offsets, sizes, length } = column;
  const item = valueReader(column.children[0] as ArrowColumn);
  const items = (start: number, count: number): unknown[] => Array.from({ length: count }, (_, i) => item(start + i));
  if (field.type.id === 'fixedSizeList') {
    const size = field.type.listSize;
    return (row) => items(row * size, size);
  }
  const large = field.type.id.startsWith('large');
  if (sizes !== undefined) {
    const integer = { bitWidth: large ? 64 : 32, signed: true };
    const [offsetAt, sizeAt] = [integerReader(offsets as Uint8Array, integer), integerReader(sizes, integer)];
    return (row) => items(offsetAt(row), sizeAt(row));
  }
  const at = offsetReader(offsets as Uint8Array, length, large);
  return (row) => items(at(row), at(row + 1) - at(row));
}

function unionReader(
  { typeIds, offsets, children }: ArrowColumn,
  type: Extract<ArrowType, { id: 'union' }>,
): ValueReader {
  const members = new Map(type.typeIds.map((id, i) => [id, valueReader(children[i] as ArrowColumn)]));
  const position =
    offsets === undefined ? (row: number) => row : integerReader(offsets, { bitWidth: 32, signed: true });
  return (row) => members.get((typeIds as Uint8Array)[row] as number)?.(position(row));
}

function runEndReader({ children }: ArrowColumn): ValueReader {
  const [runEnds, values] = children as readonly [ArrowColumn, ArrowColumn];
  const endAt = integerReader(runEnds.data as Uint8Array, runEnds.field.type as Extract<ArrowType, { id: 'int' }>);
  const value = valueReader(values);
  return (row) => {
    let low = 0;
    let high = runEnds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (endAt(middle) > row) high = middle;
      else low = middle + 1;
    }
    return value(low);
  };
}

function scalarReader(type: ArrowType, data: Uint8Array): ValueReader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const width = fixedWidth(type);
  const big = (row: number): bigint =>
    width === 4 ? BigInt(view.getInt32(row * 4, true)) : view.getBigInt64(row * 8, true);
  switch (type.id) {
    case 'int':
      if (type.bitWidth < 64) return integerReader(data, type);
      return type.signed ? (row) => view.getBigInt64(row * 8, true) : (row) => view.getBigUint64(row * 8, true);
    case 'floatingPoint':
      if (type.bitWidth === 64) return (row) => view.getFloat64(row * 8, true);
      return type.bitWidth === 32
        ? (row) => view.getFloat32(row * 4, true)
        : (row) => float16(view.getUint16(row * 2, true));
    case 'decimal':
      return (row) => decimalText(signedInteger(view, row * width, width), type.scale);
    case 'date':
      return (row) => dateText(type.unit === 'day' ? big(row) : big(row) / 86_400_000n);
    case 'time':
      return (row) => timeText(big(row), unitsPerSecond(type.unit));
    case 'timestamp':
      return (row) => timestampText(big(row), unitsPerSecond(type.unit)) + (type.timezone === undefined ? '' : '+00');
    case 'duration':
      return (row) => durationText(big(row), unitsPerSecond(type.unit));
    case 'interval':
      return intervalReader(type.unit, view);
    default:
      throw new TypeError(`no values of type ${type.id}`);
  }
}

function intervalReader(unit: 'yearMonth' | 'dayTime' | 'monthDayNano', view: DataView): ValueReader {
  if (unit === 'yearMonth') return (row) => intervalText({ months: view.getInt32(row * 4, true), days: 0, nanos: 0n });
  if (unit === 'dayTime') {
    return (row) =>
      intervalText({
        months: 0,
        days: view.getInt32(row * 8, true),
        nanos: BigInt(view.getInt32(row * 8 + 4, true)) * 1_000_000n,
      });
  }
  return (row) =>
    intervalText({
      months: view.getInt32(row * 16, true),
      days: view.getInt32(row * 16 + 4, true),
      nanos: view.getBigInt64(row * 16 + 8, true),
    });
}

function signedInteger(view: DataView, at: number, width: number): bigint {
  if (width === 4) return BigInt(view.getInt32(at, true));
  let value = view.getBigInt64(at + width - 8, true);
  for (let word = width - 16; word >= 0; word -= 8) value = (value << 64n) | view.getBigUint64(at + word, true);
  return value;
}

function float16(bits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
