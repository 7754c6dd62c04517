import { countZeros } from '../../arrow/index.ts';
import { type Address, allocateBlock, memcpy, readBytes } from '../native/memory.ts';
import type { Layout } from '../type-map.ts';
import type { ArrayNode } from './columns.ts';
import { textWriters } from './text.ts';

/** Rows `start` to `start + count` of one array. `large` arrays have 64-bit offsets. */
export interface Piece {
  readonly node: ArrayNode;
  readonly start: number;
  readonly count: number;
  readonly large: boolean;
}

export const rowsOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, piece) => sum + piece.count, 0);

const cell = allocateBlock(8);

export function offsetAt(piece: Piece, row: number): number {
  if (row === 0) return 0; // DuckDB's exports start at zero
  if (piece.node.strings !== undefined) return piece.node.strings.offsets[row] as number;
  const width = piece.large ? 8 : 4;
  memcpy(cell.address, (piece.node.buffers[1] as Address) + width * row, width);
  const low = cell.words[0] as number;
  return piece.large ? low + (cell.words[1] as number) * 2 ** 32 : low;
}

/** The 32-bit offsets at `address`, one more than `count`. */
export function readOffsets(address: Address, count: number): Int32Array {
  const copy = readBytes(address, 4 * (count + 1));
  return new Int32Array(copy.buffer, copy.byteOffset, count + 1);
}

export function dataRange(piece: Piece): { readonly start: number; readonly end: number } {
  return { start: offsetAt(piece, piece.start), end: offsetAt(piece, piece.start + piece.count) };
}

/** Null rows of the piece, exact. */
export function countNulls({ node, start, count }: Piece): number {
  const validity = node.buffers[0] ?? 0;
  if (validity === 0 || node.nullCount === 0) return 0;
  if (start === 0 && count === node.length) return node.nullCount;
  return countZeros(readBytes(validity + (start >> 3), ((start & 7) + count + 7) >> 3), start & 7, count);
}

/** The piece of a list's items that belongs to the piece of the list. */
export function itemPiece(piece: Piece): Piece {
  const { start, end } = dataRange(piece);
  return { node: piece.node.children[0] as ArrayNode, start, count: end - start, large: piece.large };
}

export const scaledPiece = (piece: Piece, size: number): Piece => ({
  node: piece.node.children[0] as ArrayNode,
  start: piece.start * size,
  count: piece.count * size,
  large: piece.large,
});

export const memberPiece = (piece: Piece, i: number): Piece => ({
  ...piece,
  node: piece.node.children[i] as ArrayNode,
});

/** Bytes the piece takes in a record batch, padding left out; text made here is estimated. */
export function pieceBytes(layout: Layout, piece: Piece): number {
  const { count, node } = piece;
  const validity = node.nullCount === 0 ? 0 : count / 8;
  switch (layout.kind) {
    case 'fixed':
      return validity + count * layout.width;
    case 'bits':
      return validity + count / 8;
    case 'bytes': {
      const { start, end } = dataRange(piece);
      return validity + 4 * count + end - start;
    }
    case 'text':
      return validity + count * (textWriters[layout.from].width === undefined ? 40 : 4 + 36);
    case 'dictionary':
      return validity + count * (4 + averageLength(node.dictionary as ArrayNode));
    case 'list':
      return validity + 4 * count + pieceBytes(layout.item, itemPiece(piece));
    case 'map':
      return validity + 4 * count + pieceBytes(layout.entries, itemPiece(piece));
    case 'fixedSizeList':
      return validity + pieceBytes(layout.item, scaledPiece(piece, layout.size));
    case 'struct':
      return validity + layout.members.reduce((sum, member, i) => sum + pieceBytes(member, memberPiece(piece, i)), 0);
    case 'union':
      return count + layout.members.reduce((sum, member, i) => sum + pieceBytes(member, memberPiece(piece, i)), 0);
  }
}

function averageLength(dictionary: ArrayNode): number {
  if (dictionary.length === 0) return 0;
  return offsetAt({ node: dictionary, start: 0, count: 0, large: false }, dictionary.length) / dictionary.length;
}
