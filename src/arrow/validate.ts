import { isAscii, isUtf8 } from 'node:buffer';
import { DuckhouseError } from '../errors.ts';
import type { ArrowColumn, ArrowField } from './types.ts';

export const columnError = (field: ArrowField, what: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `Arrow column "${field.name}" (${field.type.id}): ${what}`, {
    id: 'arrow-column-invalid',
    context: { column: field.name, what },
  });

export const isValidAt = ({ validity }: Pick<ArrowColumn, 'validity'>, row: number): boolean =>
  validity === undefined || (((validity[row >> 3] as number) >> (row & 7)) & 1) === 1;

export function countNulls(validity: Uint8Array, length: number): number {
  let valid = 0;
  for (let i = 0; i < length >> 3; i++) valid += bitCounts[validity[i] as number] as number;
  for (let row = length & ~7; row < length; row++) if (isValidAt({ validity }, row)) valid++;
  return length - valid;
}

const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

export const int32View = (bytes: Uint8Array, length: number): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, length);
export const int64View = (bytes: Uint8Array, length: number): BigInt64Array =>
  new BigInt64Array(bytes.buffer, bytes.byteOffset, length);

/** Offsets must not fall and must end inside the `limit` bytes or items they point into. Returns first and last. */
export function checkOffsets(
  field: ArrowField,
  offsets: Uint8Array,
  of: { readonly length: number; readonly limit: number; readonly large: boolean },
): { readonly first: number; readonly last: number } {
  const [first, last] = of.large
    ? checkOffsets64(field, offsets, of)
    : checkOffsets32(field, int32View(offsets, of.length + 1));
  if (last > of.limit) throw columnError(field, `offset ${last} is beyond the ${of.limit} that are there`);
  return { first, last };
}

function checkOffsets32(field: ArrowField, offsets: Int32Array): readonly [number, number] {
  let previous = offsets[0] as number;
  if (previous < 0) throw columnError(field, `offset ${previous} is negative`);
  const first = previous;
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (offset < previous) throw columnError(field, `offset ${i} falls from ${previous} to ${offset}`);
    previous = offset;
  }
  return [first, previous];
}

function checkOffsets64(
  field: ArrowField,
  bytes: Uint8Array,
  { length }: { readonly length: number },
): readonly [number, number] {
  const offsets = int64View(bytes, length + 1);
  let previous = offsets[0] as bigint;
  if (previous < 0n) throw columnError(field, `offset ${previous} is negative`);
  const first = previous;
  for (let i = 1; i <= length; i++) {
    const offset = offsets[i] as bigint;
    if (offset < previous) throw columnError(field, `offset ${i} falls from ${previous} to ${offset}`);
    previous = offset;
  }
  if (previous > BigInt(Number.MAX_SAFE_INTEGER)) throw columnError(field, `offset ${previous} is too large`);
  return [Number(first), Number(previous)];
}

interface TextRows {
  readonly data: Uint8Array;
  readonly offsetAt: (row: number) => number;
  readonly length: number;
  readonly column: Pick<ArrowColumn, 'validity'>;
}

/** DuckDB takes text to be UTF-8 and fails badly later if it is not. Null rows may hold anything. */
export function checkUtf8(field: ArrowField, { data, offsetAt, length, column }: TextRows): void {
  const start = offsetAt(0);
  const end = offsetAt(length);
  const used = data.subarray(start, end);
  if (isAscii(used)) return;
  const whole = isUtf8(used);
  for (let row = 0; row < length; row++) {
    const from = offsetAt(row);
    const to = offsetAt(row + 1);
    // In valid text a value is valid when it starts and ends between characters.
    const onBorder = whole && !isContinuation(data, from, end) && !isContinuation(data, to, end);
    if (!onBorder && isValidAt(column, row) && !isUtf8(data.subarray(from, to)))
      throw columnError(field, `row ${row} is not valid UTF-8`);
  }
}

const isContinuation = (data: Uint8Array, at: number, end: number): boolean =>
  at < end && ((data[at] as number) & 0xc0) === 0x80;

/** Indices of valid rows must be below `limit`. */
export function checkIndices(
  field: ArrowField,
  column: Pick<ArrowColumn, 'validity'>,
  of: { readonly at: (row: number) => number; readonly length: number; readonly limit: number },
): void {
  for (let row = 0; row < of.length; row++) {
    const index = of.at(row);
    if ((index < 0 || index >= of.limit) && isValidAt(column, row))
      throw columnError(field, `row ${row} points at ${index} of ${of.limit} dictionary values`);
  }
}

/** Integers of any width and sign, read one at a time. */
export function integerReader(
  bytes: Uint8Array,
  type: { readonly bitWidth: number; readonly signed: boolean },
): (row: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type.bitWidth) {
    case 8:
      return type.signed ? (row) => view.getInt8(row) : (row) => view.getUint8(row);
    case 16:
      return type.signed ? (row) => view.getInt16(row * 2, true) : (row) => view.getUint16(row * 2, true);
    case 32:
      return type.signed ? (row) => view.getInt32(row * 4, true) : (row) => view.getUint32(row * 4, true);
    default:
      return type.signed
        ? (row) => Number(view.getBigInt64(row * 8, true))
        : (row) => Number(view.getBigUint64(row * 8, true));
  }
}
