import { appendBits, appendOnes, isBitSet } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { type Address, type Block, memcpy, readBytes } from '../native/memory.ts';
import type { Layout } from '../type-map.ts';
import { planDictionary } from './dictionary.ts';
import { countNulls, dataRange, itemPiece, memberPiece, type Piece, rowsOf, scaledPiece } from './pieces.ts';
import type { BodyPlan, PlannedBuffer } from './plan.ts';
import { copyStrings } from './strings.ts';
import { planTexts } from './texts.ts';
import { widenIntegers } from './widen.ts';

const emptyBuffer: PlannedBuffer = { byteLength: 0, write: () => undefined };

/** Adds the field nodes and buffers of one column, depth first as the format wants them. */
export function planColumn(plan: BodyPlan, layout: Layout, pieces: readonly Piece[]): void {
  const rows = rowsOf(pieces);
  if (layout.kind === 'union') return planUnion(plan, layout, pieces);
  planValidity(plan, pieces, rows);
  switch (layout.kind) {
    case 'fixed':
      plan.buffers.push(fixedBuffer(layout, pieces, rows));
      break;
    case 'bits':
      plan.buffers.push(bitBuffer(pieces, rows, 1));
      break;
    case 'bytes':
      planBytes(plan, pieces, rows);
      break;
    case 'text':
      planTexts(plan, layout.from, pieces);
      break;
    case 'dictionary':
      planDictionary(plan, layout.indexWidth, pieces);
      break;
    case 'list':
      plan.buffers.push(offsetBuffer(pieces, rows));
      planColumn(plan, layout.item, pieces.map(itemPiece));
      break;
    case 'map':
      plan.buffers.push(offsetBuffer(pieces, rows));
      planColumn(plan, layout.entries, pieces.map(itemPiece));
      break;
    case 'fixedSizeList':
      planColumn(
        plan,
        layout.item,
        pieces.map((piece) => scaledPiece(piece, layout.size)),
      );
      break;
    case 'struct':
      planMembers(plan, layout.members, pieces);
  }
}

const planMembers = (plan: BodyPlan, members: readonly Layout[], pieces: readonly Piece[]): void =>
  members.forEach((member, i) =>
    planColumn(
      plan,
      member,
      pieces.map((piece) => memberPiece(piece, i)),
    ),
  );

/** Unions have no validity; the type ids are their only buffer. */
function planUnion(plan: BodyPlan, layout: Layout & { kind: 'union' }, pieces: readonly Piece[]): void {
  const rows = rowsOf(pieces);
  plan.nodes.push({ length: rows, nullCount: 0 });
  plan.buffers.push(copyBuffer(pieces, rows, { width: 1, index: 0 }));
  planMembers(plan, layout.members, pieces);
}

function planValidity(plan: BodyPlan, pieces: readonly Piece[], rows: number): void {
  const nullCount = pieces.reduce((sum, piece) => sum + countNulls(piece), 0);
  plan.nodes.push({ length: rows, nullCount });
  plan.buffers.push(nullCount === 0 ? emptyBuffer : bitBuffer(pieces, rows, 0));
}

function bitBuffer(pieces: readonly Piece[], rows: number, index: number): PlannedBuffer {
  const byteLength = (rows + 7) >> 3;
  return {
    byteLength,
    write(slab, offset) {
      const target = slab.bytes.subarray(offset, offset + byteLength);
      target.fill(0);
      let at = 0;
      for (const { node, start, count } of pieces) {
        const source = node.buffers[index] ?? 0;
        if (source === 0) appendOnes(target, at, count);
        else if (index === 1 && node.stored === 1) packBits(target, at, readBytes(source + start, count));
        else appendBits(target, at, readBytes(source + (start >> 3), ((start & 7) + count + 7) >> 3), start & 7, count);
        at += count;
      }
    },
  };
}

/** BOOLEAN as one byte a value, 0 or 1, to bits; those from `targetBit` on are zero. */
function packBits(target: Uint8Array, targetBit: number, values: Uint8Array): void {
  for (let i = 0, bit = targetBit; i < values.length; i++, bit++)
    target[bit >> 3] = (target[bit >> 3] as number) | (((values[i] as number) & 1) << (bit & 7));
}

function copyBuffer(
  pieces: readonly Piece[],
  rows: number,
  from: { readonly width: number; readonly index: number },
): PlannedBuffer {
  const { width, index } = from;
  return {
    byteLength: rows * width,
    write(slab, offset) {
      let at = offset;
      for (const { node, start, count } of pieces) {
        const { stored = width } = node;
        const source = (node.buffers[index] as Address) + start * stored;
        if (stored === width) memcpy(slab.address + at, source, count * width);
        else widenIntegers({ source, stored, count }, slab, at);
        at += count * width;
      }
    },
  };
}

function fixedBuffer(layout: Layout & { kind: 'fixed' }, pieces: readonly Piece[], rows: number): PlannedBuffer {
  const copy = copyBuffer(pieces, rows, { width: layout.width, index: 1 });
  if (layout.check !== 'hugeint' && layout.check !== 'uhugeint') return copy;
  const { check } = layout;
  return {
    byteLength: copy.byteLength,
    write(slab, offset) {
      copy.write(slab, offset);
      checkDigits(slab, offset, { rows, pieces, type: check });
    },
  };
}

const limit = 10n ** 38n;

/** decimal(38, 0) holds 38 digits, HUGEINT has up to 39: the rest is refused, not cut. */
function checkDigits(slab: Block, offset: number, of: { rows: number; pieces: readonly Piece[]; type: string }): void {
  for (let row = 0; row < of.rows; row++) {
    const high = (slab.words[((offset + row * 16) >> 2) + 3] as number) | 0;
    if (high > -0x4b3b4ca8 && high < 0x4b3b4ca8 && (of.type === 'hugeint' || high >= 0)) continue;
    const bytes = Buffer.from(slab.bytes.subarray(offset + row * 16, offset + row * 16 + 16));
    const upper = of.type === 'hugeint' ? bytes.readBigInt64LE(8) : bytes.readBigUInt64LE(8);
    const value = (upper << 64n) | bytes.readBigUInt64LE(0);
    if ((value > -limit && value < limit) || !isValidRow(of.pieces, row)) continue;
    throw new DuckhouseError('Unsupported', `${of.type.toUpperCase()} value ${value} has more than 38 digits`, {
      context: { type: of.type.toUpperCase(), value: String(value) },
      hint: 'cast the column to VARCHAR or DOUBLE',
    });
  }
}

function isValidRow(pieces: readonly Piece[], row: number): boolean {
  let left = row;
  for (const { node, start, count } of pieces) {
    const validity = node.buffers[0] ?? 0;
    if (left < count)
      return validity === 0 || isBitSet(readBytes(validity + ((start + left) >> 3), 1), (start + left) & 7);
    left -= count;
  }
  return false;
}

/** 32-bit offsets of all pieces, each rebased to where the one before it ended. */
function offsetBuffer(pieces: readonly Piece[], rows: number): PlannedBuffer {
  return {
    byteLength: 4 * (rows + 1),
    write(slab, offset) {
      slab.words[offset >> 2] = 0;
      let at = offset;
      let base = 0;
      for (const piece of pieces) {
        const { start, end } = dataRange(piece);
        writeOffsets(new Int32Array(slab.buffer, at, piece.count + 1), slab.address + at, {
          piece,
          shift: base - start,
        });
        at += 4 * piece.count;
        base += end - start;
      }
    },
  };
}

/** `target` lies at `address`. */
function writeOffsets(
  target: Int32Array,
  address: Address,
  { piece, shift }: { readonly piece: Piece; readonly shift: number },
): void {
  const { node, start, count, large } = piece;
  const source = node.buffers[1] as Address;
  if (node.strings !== undefined) return shiftOffsets(target, node.strings.offsets.subarray(start), shift);
  if (large) return shiftLargeOffsets(target, readBytes(source + 8 * start, 8 * (count + 1)), shift);
  memcpy(address, source + 4 * start, 4 * (count + 1));
  if (shift !== 0) shiftOffsets(target, target, shift);
}

function shiftOffsets(target: Int32Array, source: Int32Array, shift: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (source[i] as number) + shift;
}

function shiftLargeOffsets(target: Int32Array, source: Buffer, shift: number): void {
  for (let i = 0; i < target.length; i++) target[i] = Number(source.readBigInt64LE(8 * i)) + shift;
}

function planBytes(plan: BodyPlan, pieces: readonly Piece[], rows: number): void {
  const ranges = pieces.map(dataRange);
  const byteLength = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  plan.buffers.push(offsetBuffer(pieces, rows), {
    byteLength,
    write(slab, offset) {
      let at = offset;
      pieces.forEach((piece, i) => {
        const { start, end } = ranges[i] as { start: number; end: number };
        if (piece.node.strings !== undefined) copyStrings(piece.node.strings, piece, { slab, offset: at });
        else memcpy(slab.address + at, (piece.node.buffers[2] as Address) + start, end - start);
        at += end - start;
      });
    },
  });
}
