/** Arrow types that DuckDB does not read, as the nearest that it reads: half floats, and decimals of 256 bits whose values fit into 128. */
import {
  type ArrowColumn,
  type ArrowField,
  type ArrowSchema,
  type ArrowType,
  isValidAt,
  type RecordBatch,
} from '../arrow/index.ts';
import { DuckhouseError } from '../errors.ts';
import { halfFloat } from './native/half-float.ts';
import { checkWholeMicroseconds, keepsMicroseconds } from './whole-microseconds.ts';

/** Digits of DuckDB's widest DECIMAL. */
const maxPrecision = 38;

/** Fields that need no change stay the same objects, and the schema too when its batches need no look. */
export function narrowSchema(schema: ArrowSchema): ArrowSchema {
  const fields = schema.fields.map(narrowField);
  const same = fields.every((field, i) => field === schema.fields[i]);
  return same && !fields.some(keepsMicroseconds) ? schema : { ...schema, fields };
}

/** The batch in the types of `narrowSchema` of its own. An error names a decimal or a time that DuckDB would not keep whole. */
export function narrowBatch(batch: RecordBatch, schema: ArrowSchema): RecordBatch {
  if (batch.schema === schema) return batch;
  checkWholeMicroseconds(batch.columns);
  const columns = batch.columns.map((column, i) => narrowColumn(column, schema.fields[i] as ArrowField));
  return { ...batch, schema, columns };
}

function narrowField(field: ArrowField): ArrowField {
  const type = narrowType(field.type);
  const children = field.children.map(narrowField);
  const same = type === field.type && children.every((child, i) => child === field.children[i]);
  return same ? field : { ...field, type, children };
}

function narrowType(type: ArrowType): ArrowType {
  if (type.id === 'floatingPoint' && type.bitWidth === 16) return { ...type, bitWidth: 32 };
  if (type.id !== 'decimal' || type.bitWidth !== 256 || type.scale > maxPrecision) return type;
  return { ...type, bitWidth: 128, precision: Math.min(type.precision, maxPrecision) };
}

function narrowColumn(column: ArrowColumn, field: ArrowField): ArrowColumn {
  const { field: before, dictionary, children } = column;
  if (before === field) return column;
  return {
    ...column,
    field,
    data: before.dictionary === undefined && before.type !== field.type ? narrowData(column) : column.data,
    children: children.map((child, i) => narrowColumn(child, field.children[i] as ArrowField)),
    dictionary: dictionary && narrowColumn(dictionary, narrowField(dictionary.field)),
  };
}

function narrowData(column: ArrowColumn): Uint8Array {
  const data = column.data ?? new Uint8Array();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return column.field.type.id === 'decimal' ? narrowDecimals(column, view) : widenHalfFloats(column, view);
}

function widenHalfFloats({ length }: ArrowColumn, view: DataView): Uint8Array {
  const values = Float32Array.from({ length }, (_, row) => halfFloat(view.getUint16(2 * row, true)));
  return new Uint8Array(values.buffer);
}

function narrowDecimals(column: ArrowColumn, view: DataView): Uint8Array {
  const target = new BigInt64Array(2 * column.length);
  for (let row = 0; row < column.length; row++) {
    if (!isValidAt(column, row)) continue;
    target[2 * row] = view.getBigInt64(32 * row, true);
    target[2 * row + 1] = view.getBigInt64(32 * row + 8, true);
    if (!fits(view, 32 * row)) throw doesNotFit(column.field, view, row);
  }
  return new Uint8Array(target.buffer);
}

const limit = 10n ** BigInt(maxPrecision);

function fits(view: DataView, at: number): boolean {
  const value = (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
  const sign = value < 0n ? -1n : 0n;
  const isWithin = value < limit && value > -limit;
  return isWithin && view.getBigInt64(at + 16, true) === sign && view.getBigInt64(at + 24, true) === sign;
}

function doesNotFit({ name }: ArrowField, view: DataView, row: number): DuckhouseError {
  const value = [24, 16, 8, 0].reduce(
    (all, at) =>
      (all << 64n) | (at === 24 ? view.getBigInt64(32 * row + at, true) : view.getBigUint64(32 * row + at, true)),
    0n,
  );
  return new DuckhouseError(
    'InvalidArgument',
    `column "${name}" holds a decimal with the digits ${value}: DuckDB has at most ${maxPrecision}`,
    { id: 'decimal-value-too-wide', context: { name, value: String(value) }, hint: 'send it as a text or a double' },
  );
}
