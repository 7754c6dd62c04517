import { isBitSet } from '../../arrow/index.ts';
import { type Address, type Block, readBytes } from '../native/memory.ts';
import type { ArrayNode } from './columns.ts';
import { type Piece, readOffsets, rowsOf } from './pieces.ts';
import type { BodyPlan } from './plan.ts';

/** The values of an ENUM, one behind the other; at last one more, empty, that stands for null. */
interface Dictionary {
  readonly offsets: Int32Array;
  readonly data: Uint8Array;
}

/** Positions in a dictionary, the same for every piece of a column, become the texts there. */
export function planDictionary(plan: BodyPlan, indexWidth: 1 | 2 | 4, pieces: readonly Piece[]): void {
  const dictionary = readDictionary((pieces[0] as Piece).node.dictionary as ArrayNode);
  const positions = pieces.map((piece) => readPositions(piece, indexWidth, dictionary.offsets.length - 2));
  const lengths = dictionary.offsets.subarray(1).map((end, i) => end - (dictionary.offsets[i] as number));
  plan.buffers.push(
    {
      byteLength: 4 * (rowsOf(pieces) + 1),
      write: (slab, offset) => writeOffsets(new Int32Array(slab.buffer, offset), positions, lengths),
    },
    {
      byteLength: positions.reduce((sum, some) => sum + totalLength(some, lengths), 0),
      write: (slab, offset) => writeValues(slab, offset, { dictionary, positions }),
    },
  );
}

function readDictionary({ buffers, length }: ArrayNode): Dictionary {
  const ends = readOffsets(buffers[1] as Address, length);
  const offsets = new Int32Array(length + 2);
  offsets.set(ends);
  const end = ends[length] as number;
  offsets[length + 1] = end;
  return { offsets, data: readBytes(buffers[2] as Address, end) };
}

function readPositions({ node, start, count }: Piece, width: 1 | 2 | 4, empty: number): Uint32Array {
  const bytes = readBytes((node.buffers[1] as Address) + start * width, count * width);
  const stored: ArrayLike<number> =
    width === 1 ? bytes : width === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
  const positions = new Uint32Array(stored);
  const validity = node.buffers[0] ?? 0;
  if (validity === 0 || node.nullCount === 0) return positions;
  const valid = readBytes(validity, (start + count + 7) >> 3);
  for (let i = 0; i < count; i++) if (!isBitSet(valid, start + i)) positions[i] = empty;
  return positions;
}

function totalLength(positions: Uint32Array, lengths: Int32Array): number {
  let total = 0;
  for (let i = 0; i < positions.length; i++) total += lengths[positions[i] as number] as number;
  return total;
}

function writeOffsets(target: Int32Array, positions: readonly Uint32Array[], lengths: Int32Array): void {
  let end = 0;
  let at = 0;
  target[at++] = 0;
  for (const some of positions)
    for (let i = 0; i < some.length; i++) {
      end += lengths[some[i] as number] as number;
      target[at++] = end;
    }
}

function writeValues(
  { bytes }: Block,
  offset: number,
  { dictionary, positions }: { readonly dictionary: Dictionary; readonly positions: readonly Uint32Array[] },
): void {
  const { offsets, data } = dictionary;
  let to = offset;
  for (const some of positions)
    for (let i = 0; i < some.length; i++) {
      const position = some[i] as number;
      const end = offsets[position + 1] as number;
      for (let from = offsets[position] as number; from < end; from++) bytes[to++] = data[from] as number;
    }
}
