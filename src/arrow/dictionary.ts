import { DuckhouseError } from '../errors.ts';
import { fixedWidth, offsetReader } from './column-access.ts';
import type { ArrowColumn } from './types.ts';

/** A dictionary with a delta's values after its own. */
export function appendDictionary(first: ArrowColumn, second: ArrowColumn): ArrowColumn {
  const { field } = first;
  const length = first.length + second.length;
  const base = {
    ...first,
    length,
    nullCount: first.nullCount + second.nullCount,
    validity: joinValidity(first, second),
  };
  switch (field.type.id) {
    case 'utf8':
    case 'binary':
    case 'largeUtf8':
    case 'largeBinary':
      return { ...base, ...joinVarying(first, second) };
    case 'int':
    case 'floatingPoint':
    case 'decimal':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'duration':
    case 'interval':
    case 'fixedSizeBinary': {
      const width = fixedWidth(field.type);
      return { ...base, data: concat(usedBytes(first, width), usedBytes(second, width)) };
    }
    default:
      throw new DuckhouseError('Unsupported', `delta dictionaries of ${field.type.id} values are not supported`);
  }
}

const usedBytes = ({ data, length }: ArrowColumn, width: number): Uint8Array =>
  (data as Uint8Array).subarray(0, length * width);

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(new ArrayBuffer(first.byteLength + second.byteLength));
  joined.set(first);
  joined.set(second, first.byteLength);
  return joined;
}

function joinValidity(first: ArrowColumn, second: ArrowColumn): Uint8Array | undefined {
  if (first.validity === undefined && second.validity === undefined) return undefined;
  const length = first.length + second.length;
  const joined = new Uint8Array(new ArrayBuffer((length + 7) >> 3));
  const bit = (bits: Uint8Array | undefined, row: number): number =>
    bits === undefined ? 1 : ((bits[row >> 3] as number) >> (row & 7)) & 1;
  for (let row = 0; row < length; row++) {
    const valid = row < first.length ? bit(first.validity, row) : bit(second.validity, row - first.length);
    joined[row >> 3] = (joined[row >> 3] as number) | (valid << (row & 7));
  }
  return joined;
}

function joinVarying(first: ArrowColumn, second: ArrowColumn): Pick<ArrowColumn, 'offsets' | 'data'> {
  const large = first.field.type.id.startsWith('large');
  const parts = [first, second].map((column) => {
    const at = offsetReader(column.offsets as Uint8Array, column.length, large);
    return { at, length: column.length, data: (column.data as Uint8Array).subarray(at(0), at(column.length)) };
  });
  const offsets = new Uint8Array(new ArrayBuffer((first.length + second.length + 1) * (large ? 8 : 4)));
  const view = new DataView(offsets.buffer);
  let row = 0;
  let base = 0;
  const put = (value: number): void =>
    large ? view.setBigInt64(8 * row++, BigInt(value), true) : view.setInt32(4 * row++, value, true);
  put(0);
  for (const { at, length, data } of parts) {
    for (let i = 1; i <= length; i++) put(base + at(i) - at(0));
    base += data.byteLength;
  }
  return { offsets, data: concat((parts[0] as { data: Uint8Array }).data, (parts[1] as { data: Uint8Array }).data) };
}
