import { isBitSet } from '../../arrow/index.ts';
import { type Address, allocateBlock, type Block, memcpy } from '../native/memory.ts';

/**
 * The strings of one of DuckDB's vectors. Each takes 16 bytes there: its length, then up to 12 bytes in place, or four of them
 * and the address of all.
 */
export interface Strings {
  readonly data: Address;
  /** Where each string begins among all of them, and at last where they end; then what means nothing. Nulls are empty. */
  readonly offsets: Int32Array;
  /** Where the bytes of those that are not in place lie, in order: address, length, address, length … */
  readonly heap: readonly number[];
  /** Some that are not empty lie in place. */
  readonly inPlace: boolean;
}

const stringBytes = 16;
const inPlaceBytes = 12;
/** DuckDB copies the strings of a streamed chunk one behind the other, into a few blocks. */
const maxRuns = 64;
/** Of a vector with strings of both kinds, which are put together here. */
const maxMixedHeap = 256 << 10;

let cells = allocateBlock(2048 * stringBytes);
let cellWords = new Int32Array(cells.buffer);
const heapCopy = allocateBlock(maxMixedHeap + 8);
const heapView = new DataView(heapCopy.buffer);

/** The vector's own words, as signed integers: others would be kept as floating point numbers. */
function loadCells(data: Address, count: number): Int32Array {
  const size = count * stringBytes;
  if (size > cells.size) {
    cells = allocateBlock(size);
    cellWords = new Int32Array(cells.buffer);
  }
  memcpy(cells.address, data, size);
  return cellWords;
}

/** Undefined when they lie scattered, are too many bytes, or would be copied one by one at a high price. */
export function readStrings(data: Address, count: number, valid: Uint8Array | undefined): Strings | undefined {
  const words = loadCells(data, count);
  const offsets = takeOffsets(count);
  const runs = createRuns();
  let inPlace = false;
  let end = 0;
  let onHeap = 0;
  // Where the next string lies if it lies behind the last one.
  let high = 0;
  let low = 0;
  for (let row = 0; row < count; row++) {
    const length = valid === undefined || isBitSet(valid, row) ? (words[4 * row] as number) : 0;
    end = (end + length) | 0;
    if (length < 0 || end < 0) return undefined; // beyond 2 GiB
    offsets[row + 1] = end;
    if (length <= inPlaceBytes) {
      if (length > 0) inPlace = true;
      continue;
    }
    if (words[4 * row + 2] !== low || words[4 * row + 3] !== high) {
      low = words[4 * row + 2] as number;
      high = words[4 * row + 3] as number;
      if (!runs.begin((low >>> 0) + (high >>> 0) * 2 ** 32, onHeap)) return undefined;
    }
    low = (low + length) | 0;
    onHeap += length;
  }
  const heap = runs.end(onHeap);
  return heap === undefined || (inPlace && onHeap > maxMixedHeap) ? undefined : { data, offsets, heap, inPlace };
}

/** Offsets that are used again: memory outside V8's heap has it collect garbage too often. */
const spareOffsets: Int32Array[] = [];
const maxSpare = 256;
const vectorRows = 2048;

function takeOffsets(count: number): Int32Array {
  const spare = count <= vectorRows ? spareOffsets.pop() : undefined;
  return spare ?? new Int32Array(Math.max(count, vectorRows) + 1);
}

/** Nobody reads the strings any more. */
export function forgetStrings({ offsets }: Strings): void {
  if (offsets.length === vectorRows + 1 && spareOffsets.length < maxSpare) spareOffsets.push(offsets);
}

interface Runs {
  /** False when there are too many. */
  begin(address: Address, onHeap: number): boolean;
  /** Undefined when one goes on where only the lower halves of addresses agree. */
  end(onHeap: number): number[] | undefined;
}

function createRuns(): Runs {
  const heap: number[] = [];
  let began = 0;
  const close = (onHeap: number): void => {
    if (heap.length > 0) heap[heap.length - 1] = onHeap - began;
    began = onHeap;
  };
  return {
    begin(address, onHeap) {
      close(onHeap);
      return heap.push(address, 0) <= 2 * maxRuns;
    },
    end(onHeap) {
      close(onHeap);
      for (let i = 0; i < heap.length; i += 2)
        if (((heap[i] as number) % 2 ** 32) + (heap[i + 1] as number) > 2 ** 32) return undefined;
      return heap;
    },
  };
}

/** Writes the bytes of the strings from `start` on at `offset` of the slab, and up to 11 bytes of no meaning behind them. */
export function copyStrings(
  strings: Strings,
  { start, count }: { readonly start: number; readonly count: number },
  to: { readonly slab: Block; readonly offset: number },
): void {
  if (strings.inPlace) return copyEach(strings, { start, count }, to);
  const first = strings.offsets[start] as number;
  const end = strings.offsets[start + count] as number;
  copyHeap(strings.heap, { first, end }, to.slab.address + to.offset);
}

/** The bytes `first` to `end` of what lies on the heap. */
function copyHeap(
  heap: readonly number[],
  { first, end }: { readonly first: number; readonly end: number },
  target: Address,
): void {
  let at = 0;
  for (let i = 0; i < heap.length; i += 2) {
    const length = heap[i + 1] as number;
    const from = Math.max(first - at, 0);
    const to = Math.min(end - at, length);
    if (from < to) memcpy(target + at + from - first, (heap[i] as Address) + from, to - from);
    at += length;
  }
}

function copyEach(
  { data, offsets, heap }: Strings,
  { start, count }: { readonly start: number; readonly count: number },
  { slab, offset }: { readonly slab: Block; readonly offset: number },
): void {
  copyHeap(heap, { first: 0, end: maxMixedHeap }, heapCopy.address);
  let heapAt = 0;
  for (let row = 0; row < start; row++) heapAt += heapLength(offsets, row);
  const words = loadCells(data + stringBytes * start, count);
  const view = new DataView(slab.buffer);
  const base = offset - (offsets[start] as number);
  for (let i = 0; i < count; i++) {
    const at = base + (offsets[start + i] as number);
    const end = base + (offsets[start + i + 1] as number);
    if (end - at > inPlaceBytes) {
      for (let to = at; to < end; to += 4, heapAt += 4) view.setUint32(to, heapView.getUint32(heapAt, true), true);
      heapAt -= (at - end) & 3; // the last four bytes may be more than are left
    } else if (end > at) {
      view.setUint32(at, words[4 * i + 1] as number, true);
      if (end - at <= 4) continue;
      view.setUint32(at + 4, words[4 * i + 2] as number, true);
      view.setUint32(at + 8, words[4 * i + 3] as number, true);
    }
  }
}

function heapLength(offsets: Int32Array, row: number): number {
  const length = (offsets[row + 1] as number) - (offsets[row] as number);
  return length > inPlaceBytes ? length : 0;
}
