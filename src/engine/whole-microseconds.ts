import { type ArrowColumn, type ArrowField, type ArrowType, isValidAt } from '../arrow/index.ts';
import { DuckhouseError } from '../errors.ts';

/** Where the 64-bit nanoseconds of a value lie that DuckDB keeps as microseconds; undefined for other types. */
function nanosecondsIn(type: ArrowType): { readonly width: number; readonly at: number } | undefined {
  if (type.id === 'timestamp' && type.unit === 'nanosecond' && (type.timezone ?? '') !== '') return { width: 8, at: 0 };
  if (type.id === 'duration' && type.unit === 'nanosecond') return { width: 8, at: 0 };
  if (type.id === 'interval' && type.unit === 'monthDayNano') return { width: 16, at: 8 };
  return undefined;
}

/** Whether DuckDB keeps microseconds of what the field, or one inside it, has in nanoseconds. */
export const keepsMicroseconds = (field: ArrowField): boolean =>
  nanosecondsIn(field.type) !== undefined || field.children.some(keepsMicroseconds);

/** DataInvalid for a value with a part of a microsecond: DuckDB would cut it off. */
export function checkWholeMicroseconds(columns: readonly ArrowColumn[]): void {
  for (const column of columns) {
    const place = column.field.dictionary === undefined ? nanosecondsIn(column.field.type) : undefined;
    if (place !== undefined) checkValues(column, place);
    checkWholeMicroseconds(column.children);
    if (column.dictionary !== undefined) checkWholeMicroseconds([column.dictionary]);
  }
}

function checkValues(column: ArrowColumn, { width, at }: { readonly width: number; readonly at: number }): void {
  const data = column.data ?? new Uint8Array();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let row = 0; row < column.length; row++) {
    const place = row * width + at;
    // 2^32 leaves 296 when it is divided by 1000.
    if (((view.getInt32(place + 4, true) % 1000) * 296 + view.getUint32(place, true)) % 1000 === 0) continue;
    if (isValidAt(column, row)) throw tooFine(column.field.name, view.getBigInt64(place, true));
  }
}

export const tooFine = (name: string, value: bigint): DuckhouseError =>
  new DuckhouseError('DataInvalid', `column "${name}": ${value} ns is no whole number of microseconds`, {
    id: 'value-too-fine',
    context: { name, value: String(value) },
    hint: 'DuckDB keeps microseconds in this type',
  });
