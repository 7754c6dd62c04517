import {
  allOf,
  bytesField,
  bytesOf,
  concat,
  doubleField,
  doubleOf,
  fieldMap,
  intField,
  intOf,
  messageField,
  sfixed64Field,
  textOf,
} from './wire.ts';

/** The values of session options in Flight.proto; undefined = no value, which unsets the option. */
export type SessionOptionValue = undefined | string | boolean | bigint | number | readonly string[];
export type SessionOptions = ReadonlyMap<string, SessionOptionValue>;

/** Why SetSessionOptions refused an option. */
export const sessionOptionErrors = { unspecified: 0, invalidName: 1, invalidValue: 2, error: 3 } as const;
export const closeSessionStatus = { unspecified: 0, closed: 1, closing: 2, notCloseable: 3 } as const;

function encodeValue(value: SessionOptionValue): Uint8Array {
  if (typeof value === 'string') return messageField(1, Buffer.from(value, 'utf8'));
  if (typeof value === 'boolean') return concat([Uint8Array.of(0x10, Number(value))]);
  if (typeof value === 'bigint') return sfixed64Field(3, value);
  if (typeof value === 'number') return doubleField(4, value);
  if (value === undefined) return new Uint8Array(0);
  return messageField(5, concat(value.map((text) => messageField(1, Buffer.from(text, 'utf8')))));
}

function decodeValue(bytes: Uint8Array): SessionOptionValue {
  const fields = fieldMap(bytes);
  const field = [...fields.keys()].at(-1);
  if (field === 1) return textOf(fields, 1);
  if (field === 2) return intOf(fields, 2) !== 0n;
  if (field === 3) return intOf(fields, 3);
  if (field === 4) return doubleOf(fields, 4);
  if (field === 5) return allOf(fieldMap(bytesOf(fields, 5)), 1).map((text) => Buffer.from(text).toString('utf8'));
  return undefined;
}

const encodeMap = <Value>(entries: ReadonlyMap<string, Value>, encode: (value: Value) => Uint8Array): Uint8Array =>
  concat(
    [...entries].map(([key, value]) => messageField(1, concat([bytesField(1, key), messageField(2, encode(value))]))),
  );

const decodeMap = <Value>(bytes: Uint8Array, decode: (value: Uint8Array) => Value): ReadonlyMap<string, Value> =>
  new Map(
    allOf(fieldMap(bytes), 1).map((entry) => {
      const fields = fieldMap(entry);
      return [textOf(fields, 1), decode(bytesOf(fields, 2))];
    }),
  );

/** SetSessionOptionsRequest and GetSessionOptionsResult: one map. */
export const encodeSessionOptions = (options: SessionOptions): Uint8Array => encodeMap(options, encodeValue);
export const decodeSessionOptions = (bytes: Uint8Array): SessionOptions => decodeMap(bytes, decodeValue);

/** SetSessionOptionsResult: what was refused. */
export const encodeOptionErrors = (errors: ReadonlyMap<string, number>): Uint8Array =>
  encodeMap(errors, (error) => intField(1, error));
export const decodeOptionErrors = (bytes: Uint8Array): ReadonlyMap<string, number> =>
  decodeMap(bytes, (error) => Number(intOf(fieldMap(error), 1)));
