import { type ArrowField, type ArrowSchema, type ArrowType, buildBatch, encodeSchema } from '../arrow/index.ts';
import type { ArrowParams } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';

/** Rows of parameters as a record batch. Their Arrow types follow from the values; the server casts where it must. */
export function paramsOf(rows: readonly (readonly unknown[])[], names?: readonly string[]): ArrowParams {
  const width = rows[0]?.length ?? 0;
  const odd = rows.find((row) => row.length !== width);
  if (odd !== undefined)
    throw new DuckhouseError('InvalidArgument', `a row of ${odd.length} parameters among rows of ${width}`, {
      id: 'parameter-count',
      context: { expected: width, given: odd.length },
    });
  const columns = Array.from({ length: width }, (_, i) => column(rows.map((row) => row[i] ?? null)));
  const schema: ArrowSchema = {
    fields: columns.map(
      ({ type }, i): ArrowField => ({
        name: names?.[i] ?? String(i + 1),
        type,
        nullable: true,
        children: [],
      }),
    ),
  };
  const batch = buildBatch(
    schema,
    columns.map(({ values }) => values),
  );
  return { schema: encodeSchema(schema), messages: [batch] };
}

interface Column {
  readonly type: ArrowType;
  readonly values: readonly unknown[];
}

const isInteger = (value: unknown): boolean => typeof value === 'bigint' || Number.isSafeInteger(value);

function column(values: readonly unknown[]): Column {
  const present = values.filter((value) => value !== null);
  const all = (test: (value: unknown) => boolean): boolean => present.every(test);
  if (present.length === 0) return { type: { id: 'utf8' }, values };
  if (all((value) => typeof value === 'boolean')) return { type: { id: 'bool' }, values };
  if (all(isInteger))
    return {
      type: { id: 'int', bitWidth: 64, signed: true },
      values: values.map((value) => (value === null ? null : BigInt(value as number))),
    };
  if (all((value) => typeof value === 'number')) return { type: { id: 'floatingPoint', bitWidth: 64 }, values };
  if (all((value) => value instanceof Uint8Array)) return { type: { id: 'binary' }, values };
  return { type: { id: 'utf8' }, values: values.map(text) };
}

function text(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  throw new DuckhouseError('InvalidArgument', `a parameter of type ${typeof value} beside text`, {
    id: 'parameter-type',
    hint: 'give texts, numbers, booleans, dates, bytes or null',
  });
}
