import { appendBits, appendOnes, countZeros } from './bits.ts';
import { fixedWidth } from './column-access.ts';
import type { ArrowColumn, ArrowField, ArrowSchema, RecordBatch } from './types.ts';
import { int32View, int64View } from './validate.ts';

/** Rows `start` to `start + count` of a batch. */
export interface Rows {
  readonly batch: RecordBatch;
  readonly start: number;
  readonly count: number;
}

/** Gives out memory at addresses that are multiples of 8; its bytes may be anything. */
export type JoinMemory = (bytes: number) => Uint8Array;

const joinable = (field: ArrowField): boolean => {
  if (field.dictionary !== undefined) return true;
  switch (field.type.id) {
    case 'union':
    case 'runEndEncoded':
    case 'utf8View':
    case 'binaryView':
    case 'listView':
    case 'largeListView':
      return false;
    default:
      return field.children.every(joinable);
  }
};

/** Whether batches of this schema can be joined: views and unions cannot, their buffers refer to each other. */
export const canJoin = (schema: ArrowSchema): boolean => schema.fields.every(joinable);

/**
 * One batch of all rows in order; nothing in it points into the batches it came from, but for dictionaries.
 * Undefined when a column's dictionary is not the same in all.
 */
export function joinBatches(parts: readonly Rows[], memory: JoinMemory): RecordBatch | undefined {
  const schema = (parts[0] as Rows).batch.schema;
  const columns: ArrowColumn[] = [];
  for (let i = 0; i < schema.fields.length; i++) {
    const pieces = parts.map(({ batch, start, count }) => ({ column: batch.columns[i] as ArrowColumn, start, count }));
    const column = joinColumn(pieces, memory);
    if (column === undefined) return undefined;
    columns.push(column);
  }
  return { schema, length: parts.reduce((sum, { count }) => sum + count, 0), columns };
}

interface Piece {
  readonly column: ArrowColumn;
  readonly start: number;
  readonly count: number;
}

function joinColumn(pieces: readonly Piece[], memory: JoinMemory): ArrowColumn | undefined {
  const [{ column: first }] = pieces as [Piece];
  const { field } = first;
  const length = pieces.reduce((sum, { count }) => sum + count, 0);
  if (field.dictionary === undefined && field.type.id === 'null') return { ...first, length, nullCount: length };
  const base: ArrowColumn = { ...first, length, ...joinValidity(pieces, { length, memory }) };
  if (field.dictionary !== undefined) {
    if (pieces.some(({ column }) => column.dictionary !== first.dictionary)) return undefined;
    return { ...base, data: joinFixed(pieces, field.dictionary.indexType.bitWidth / 8, memory) };
  }
  switch (field.type.id) {
    case 'bool':
      return { ...base, data: joinBits(pieces, { length, memory, bitsOf: ({ column }) => column.data }) };
    case 'utf8':
    case 'binary':
    case 'largeUtf8':
    case 'largeBinary':
      return { ...base, ...joinVarying(pieces, { length, memory }) };
    case 'list':
    case 'map':
    case 'largeList': {
      const { offsets, ranges } = joinOffsets(pieces, { length, memory });
      return withChildren(base, [ranges.map(({ column, start, count }) => childPiece(column, 0, { start, count }))], {
        offsets,
        memory,
      });
    }
    case 'fixedSizeList': {
      const size = field.type.listSize;
      const items = pieces.map(({ column, start, count }) =>
        childPiece(column, 0, { start: start * size, count: count * size }),
      );
      return withChildren(base, [items], { memory });
    }
    case 'struct':
      return withChildren(
        base,
        field.children.map((_, i) => pieces.map(({ column, start, count }) => childPiece(column, i, { start, count }))),
        { memory },
      );
    default:
      return { ...base, data: joinFixed(pieces, fixedWidth(field.type), memory) };
  }
}

const childPiece = (
  column: ArrowColumn,
  index: number,
  rows: { readonly start: number; readonly count: number },
): Piece => ({ column: column.children[index] as ArrowColumn, ...rows });

function withChildren(
  base: ArrowColumn,
  pieces: readonly (readonly Piece[])[],
  { offsets, memory }: { readonly offsets?: Uint8Array; readonly memory: JoinMemory },
): ArrowColumn | undefined {
  const children: ArrowColumn[] = [];
  for (const child of pieces) {
    const joined = joinColumn(child, memory);
    if (joined === undefined) return undefined;
    children.push(joined);
  }
  return { ...base, ...(offsets === undefined ? {} : { offsets }), children };
}

interface Target {
  readonly length: number;
  readonly memory: JoinMemory;
}

function joinValidity(pieces: readonly Piece[], target: Target): Pick<ArrowColumn, 'validity' | 'nullCount'> {
  if (pieces.every(({ column }) => column.validity === undefined)) return { validity: undefined, nullCount: 0 };
  const validity = joinBits(pieces, { ...target, bitsOf: ({ column }) => column.validity });
  const nullCount = pieces.reduce(
    (sum, { column, start, count }) =>
      sum + (column.validity === undefined ? 0 : countZeros(column.validity, start, count)),
    0,
  );
  return { validity, nullCount };
}

/** Bits that are absent count as set. */
function joinBits(
  pieces: readonly Piece[],
  { length, memory, bitsOf }: Target & { readonly bitsOf: (piece: Piece) => Uint8Array | undefined },
): Uint8Array {
  const target = memory((length + 7) >> 3).fill(0);
  let at = 0;
  for (const piece of pieces) {
    const bits = bitsOf(piece);
    if (bits === undefined) appendOnes(target, at, piece.count);
    else appendBits(target, at, bits, piece.start, piece.count);
    at += piece.count;
  }
  return target;
}

function joinFixed(pieces: readonly Piece[], width: number, memory: JoinMemory): Uint8Array {
  const target = memory(pieces.reduce((sum, { count }) => sum + count, 0) * width);
  let at = 0;
  for (const { column, start, count } of pieces) {
    target.set((column.data as Uint8Array).subarray(start * width, (start + count) * width), at);
    at += count * width;
  }
  return target;
}

const isLarge = ({ field }: ArrowColumn): boolean => field.type.id.startsWith('large');

/** Offsets that begin at zero, and the range of values that belongs to each piece. */
function joinOffsets(
  pieces: readonly Piece[],
  { length, memory }: Target,
): { readonly offsets: Uint8Array; readonly ranges: readonly Piece[] } {
  return isLarge((pieces[0] as Piece).column)
    ? joinOffsets64(pieces, memory((length + 1) * 8), length)
    : joinOffsets32(pieces, memory((length + 1) * 4), length);
}

function joinOffsets32(pieces: readonly Piece[], offsets: Uint8Array, length: number) {
  const target = int32View(offsets, length + 1);
  let row = 0;
  let base = 0;
  target[0] = 0;
  const ranges = pieces.map(({ column, start, count }): Piece => {
    const source = int32View(column.offsets as Uint8Array, count === 0 ? 1 : start + count + 1);
    const first = (count === 0 ? 0 : source[start]) as number;
    const shift = base - first;
    for (let i = start + 1; i <= start + count; i++) target[++row] = (source[i] as number) + shift;
    const items = (target[row] as number) - base;
    base += items;
    return { column, start: first, count: items };
  });
  return { offsets, ranges };
}

function joinOffsets64(pieces: readonly Piece[], offsets: Uint8Array, length: number) {
  const target = int64View(offsets, length + 1);
  let row = 0;
  let base = 0n;
  target[0] = 0n;
  const ranges = pieces.map(({ column, start, count }): Piece => {
    const source = int64View(column.offsets as Uint8Array, count === 0 ? 1 : start + count + 1);
    const first = (count === 0 ? 0n : source[start]) as bigint;
    const shift = base - first;
    for (let i = start + 1; i <= start + count; i++) target[++row] = (source[i] as bigint) + shift;
    const items = (target[row] as bigint) - base;
    base += items;
    return { column, start: Number(first), count: Number(items) };
  });
  return { offsets, ranges };
}

function joinVarying(pieces: readonly Piece[], target: Target): Pick<ArrowColumn, 'offsets' | 'data'> {
  const { offsets, ranges } = joinOffsets(pieces, target);
  const data = target.memory(ranges.reduce((sum, { count }) => sum + count, 0));
  let at = 0;
  for (const { column, start, count } of ranges) {
    data.set((column.data as Uint8Array).subarray(start, start + count), at);
    at += count;
  }
  return { offsets, data };
}
