import type { ArrowType } from './types.ts';
import { int32View, int64View } from './validate.ts';

/** Bytes of a value. */
export function fixedWidth(type: ArrowType): number {
  switch (type.id) {
    case 'int':
    case 'floatingPoint':
    case 'decimal':
    case 'time':
      return type.bitWidth / 8;
    case 'fixedSizeBinary':
      return type.byteWidth;
    case 'date':
      return type.unit === 'day' ? 4 : 8;
    case 'interval':
      return { yearMonth: 4, dayTime: 8, monthDayNano: 16 }[type.unit];
    default:
      return 8;
  }
}

/** Offset of a row, up to `length` included. */
export function offsetReader(offsets: Uint8Array, length: number, large: boolean): (row: number) => number {
  if (large) {
    const view = int64View(offsets, length + 1);
    return (row) => Number(view[row]);
  }
  const view = int32View(offsets, length + 1);
  return (row) => view[row] as number;
}

/** The bytes of a row of a view column; undefined when the view points outside its buffers. */
export function viewReader(data: Uint8Array, variadic: readonly Uint8Array[]): (row: number) => Uint8Array | undefined {
  const words = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return (row) => {
    const at = row * 16;
    const length = words.getInt32(at, true);
    if (length < 0) return undefined;
    if (length <= 12) return data.subarray(at + 4, at + 4 + length);
    const buffer = variadic[words.getInt32(at + 8, true)];
    const offset = words.getInt32(at + 12, true);
    return buffer === undefined || offset < 0 || offset + length > buffer.byteLength
      ? undefined
      : buffer.subarray(offset, offset + length);
  };
}
