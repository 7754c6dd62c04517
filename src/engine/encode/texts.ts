import { isBitSet } from '../../arrow/index.ts';
import { type Address, readBytes } from '../native/memory.ts';
import type { TextSource } from '../type-map.ts';
import { dataRange, type Piece, readOffsets, rowsOf } from './pieces.ts';
import type { BodyPlan } from './plan.ts';
import { textWriters } from './text.ts';

type TextReader = (piece: Piece) => (row: number) => string;

/** ASCII texts, written here from the values' bytes; null rows take none. */
export function planTexts(plan: BodyPlan, from: TextSource, pieces: readonly Piece[]): void {
  const rows = rowsOf(pieces);
  const reader = textReader(from);
  const offsets = new Int32Array(rows + 1);
  const texts: string[] = [];
  let at = 0;
  let end = 0;
  for (const piece of pieces) {
    const textAt = reader(piece);
    const validity = piece.node.buffers[0] ?? 0;
    const valid = validity === 0 ? undefined : readBytes(validity, (piece.start + piece.count + 7) >> 3);
    for (let row = piece.start; row < piece.start + piece.count; row++) {
      if (valid === undefined || isBitSet(valid, row)) {
        const text = textAt(row);
        texts.push(text);
        end += text.length;
      }
      offsets[++at] = end;
    }
  }
  plan.buffers.push(
    {
      byteLength: offsets.byteLength,
      write: (slab, offset) => new Int32Array(slab.buffer, offset, rows + 1).set(offsets),
    },
    {
      byteLength: end,
      write: (slab, offset) => void Buffer.from(slab.buffer, offset, end).write(texts.join(''), 'latin1'),
    },
  );
}

function textReader(from: TextSource): TextReader {
  const { width, write } = textWriters[from];
  if (width !== undefined) {
    return ({ node, start, count }) => {
      const data = readBytes((node.buffers[1] as Address) + start * width, count * width);
      return (row) => write(data.subarray((row - start) * width, (row - start + 1) * width));
    };
  }
  return (piece) => {
    const { start, end } = dataRange(piece);
    const offsets = readOffsets((piece.node.buffers[1] as Address) + 4 * piece.start, piece.count);
    const data = readBytes((piece.node.buffers[2] as Address) + start, end - start);
    return (row) => {
      const i = row - piece.start;
      return write(data.subarray((offsets[i] as number) - start, (offsets[i + 1] as number) - start));
    };
  };
}
