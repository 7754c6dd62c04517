import { type ArrowField, type ArrowSchema, createBatchDecoder, valueReader } from '../../arrow/index.ts';
import type { FlightMessage } from '../../flight/index.ts';

/** The values of each row, batch by batch. */
export async function* readRows(
  schema: ArrowSchema,
  messages: AsyncIterable<FlightMessage>,
): AsyncGenerator<(readonly unknown[])[]> {
  const { decode } = createBatchDecoder(schema);
  for await (const message of messages) {
    const batch = decode(message);
    const readers = (batch?.columns ?? []).map(valueReader);
    yield Array.from({ length: batch?.length ?? 0 }, (_, row) => readers.map((read) => read(row)));
    message.release();
  }
}

/** A value for JSON: integers beyond 2^53 and decimals stay exact as texts, binary is base64. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint')
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonValue(inner)]));
}

/** Digits that a JSON number keeps whoever reads it. */
const exactDigits = 15;

/** A column's value for JSON: decimals are numbers while they are exact as such. */
export function jsonCell({ type }: ArrowField, value: unknown): unknown {
  const exact =
    type.id === 'decimal' &&
    typeof value === 'string' &&
    value.replace(/[-.]/g, '').replace(/^0+/, '').length <= exactDigits;
  return exact ? Number(value) : jsonValue(value);
}

/** A value as one text; nested ones as JSON, binary as DuckDB writes it. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Uint8Array)
    return [...value]
      .map((byte) =>
        byte >= 32 && byte < 127 && byte !== 92
          ? String.fromCharCode(byte)
          : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      )
      .join('');
  return typeof value === 'object' ? JSON.stringify(jsonValue(value)) : String(value);
}
