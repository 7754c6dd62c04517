import { DuckhouseError } from '../../errors.ts';

/** Protocol buffers by hand: the few messages of Flight, without a copy of the data they carry. */

const broken = (what: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', `malformed protobuf message: ${what}`, {
    id: 'protobuf-malformed',
    context: { what },
  });

export function varint(value: number | bigint): Uint8Array {
  if (typeof value === 'number' && value >= 0 && value < 128) return oneByte[value] as Uint8Array;
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

const oneByte: readonly Uint8Array[] = Array.from({ length: 128 }, (_, value) => Uint8Array.of(value));
const noBytes = new Uint8Array(0);

const tag = (field: number, wireType: number): Uint8Array => varint(field * 8 + wireType);
const utf8 = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? Buffer.from(value, 'utf8') : value;

/** A length-delimited field; nothing when the value is empty or undefined, as proto3 has it. */
export function bytesField(field: number, value: string | Uint8Array | undefined): Uint8Array {
  const bytes = value === undefined ? undefined : utf8(value);
  return bytes === undefined || bytes.byteLength === 0 ? noBytes : messageField(field, bytes);
}

/** A length-delimited field that is there even when empty. */
export const messageField = (field: number, bytes: Uint8Array): Uint8Array =>
  concat([tag(field, 2), varint(bytes.byteLength), bytes]);

export const intField = (field: number, value: number | bigint | boolean): Uint8Array =>
  Number(value) === 0 ? noBytes : concat([tag(field, 0), varint(typeof value === 'boolean' ? Number(value) : value)]);

/** A fixed 64-bit field that is there even when zero. */
const fixed64Field = (field: number, write: (bytes: Buffer) => void): Uint8Array => {
  const bytes = Buffer.alloc(8);
  write(bytes);
  return concat([tag(field, 1), bytes]);
};
export const sfixed64Field = (field: number, value: bigint): Uint8Array =>
  fixed64Field(field, (bytes) => bytes.writeBigInt64LE(value));
export const doubleField = (field: number, value: number): Uint8Array =>
  fixed64Field(field, (bytes) => bytes.writeDoubleLE(value));

export const concat = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

export interface WireField {
  readonly field: number;
  /** Of a varint, or the bits of a fixed number. */
  readonly value: bigint;
  /** Of a length-delimited field: a view; empty otherwise. */
  readonly bytes: Uint8Array;
  /** Where `bytes` starts in the message. */
  readonly offset: number;
}

/** A number and where it ends. Small ones, which is nearly all, are made without a bigint. */
interface Varint {
  readonly value: number | bigint;
  readonly end: number;
}

function readVarint(bytes: Uint8Array, start: number): Varint {
  let low = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) throw broken('it ends inside a number');
    low |= (byte & 127) << (7 * i);
    if (byte < 128) return { value: low, end: start + i + 1 };
  }
  let value = BigInt(low);
  for (let i = 4; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) throw broken('it ends inside a number');
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return { value: BigInt.asUintN(64, value), end: start + i + 1 };
  }
  throw broken('a number of more than 10 bytes');
}

/** The fields of a message in order. InvalidArgument when malformed. */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const key = readVarint(bytes, at);
    const tag = Number(key.value);
    if (tag < 8 || tag > maxTag) throw broken(`field number ${Math.floor(tag / 8)}`);
    const read = readField(bytes, { field: tag >>> 3, wireType: tag & 7, start: key.end });
    at = read.offset + read.length;
    fields.push(read);
  }
  return fields;
}

function readField(
  bytes: Uint8Array,
  { field, wireType, start }: { readonly field: number; readonly wireType: number; readonly start: number },
): WireField & { readonly length: number } {
  const number = wireType === 0 || wireType === 2 ? readVarint(bytes, start) : undefined;
  if (wireType === 0) {
    const { value, end } = number as Varint;
    return { field, value: BigInt(value), bytes: noBytes, offset: end, length: 0 };
  }
  const length = number === undefined ? fixedSizes[wireType] : Number(number.value);
  if (length === undefined) throw broken(`wire type ${wireType}`);
  const offset = number?.end ?? start;
  if (offset + length > bytes.byteLength)
    throw broken(`a field of ${length} bytes where ${bytes.byteLength - offset} are left`);
  const read = bytes.subarray(offset, offset + length);
  if (number !== undefined) return { field, value: 0n, bytes: read, offset, length };
  return { field, value: littleEndian(read), bytes: noBytes, offset, length };
}

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** Field numbers have 29 bits. */
const maxTag = 2 ** 32 - 1;

const fixedSizes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** The message's fields by number; of a repeated field all, in order. */
export function fieldMap(bytes: Uint8Array): ReadonlyMap<number, readonly WireField[]> {
  const fields = new Map<number, WireField[]>();
  for (const field of readFields(bytes)) {
    const earlier = fields.get(field.field);
    if (earlier === undefined) fields.set(field.field, [field]);
    else earlier.push(field);
  }
  return fields;
}

export type Fields = ReadonlyMap<number, readonly WireField[]>;
/** The last of a field wins, as protobuf has it. */
export const bytesOf = (fields: Fields, field: number): Uint8Array => fields.get(field)?.at(-1)?.bytes ?? noBytes;
export const textOf = (fields: Fields, field: number): string => Buffer.from(bytesOf(fields, field)).toString('utf8');
/** undefined when the field is not there, which is not the same as ''. */
export const optionalTextOf = (fields: Fields, field: number): string | undefined =>
  fields.has(field) ? textOf(fields, field) : undefined;
export const intOf = (fields: Fields, field: number): bigint =>
  BigInt.asIntN(64, fields.get(field)?.at(-1)?.value ?? 0n);
/** A repeated number, packed or not. */
export const intsOf = (fields: Fields, field: number): number[] =>
  (fields.get(field) ?? []).flatMap(({ bytes, value }) => (bytes.byteLength === 0 ? [Number(value)] : unpack(bytes)));
function unpack(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const { value, end } = readVarint(bytes, at);
    numbers.push(Number(value));
    at = end;
  }
  return numbers;
}
export const doubleOf = (fields: Fields, field: number): number =>
  new Float64Array(BigInt64Array.of(intOf(fields, field)).buffer)[0] as number;
export const allOf = (fields: Fields, field: number): readonly Uint8Array[] =>
  (fields.get(field) ?? []).map(({ bytes }) => bytes);
