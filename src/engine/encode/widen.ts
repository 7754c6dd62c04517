import { type Address, allocateBlock, type Block, memcpy } from '../native/memory.ts';

let values = allocateBlock(2048 * 8);

/** Writes signed integers of 2, 4 or 8 bytes with 16 bytes each: DuckDB keeps a DECIMAL in as few as it needs. */
export function widenIntegers(
  { source, stored, count }: { readonly source: Address; readonly stored: number; readonly count: number },
  slab: Block,
  offset: number,
): void {
  if (count * stored > values.size) values = allocateBlock(count * stored);
  memcpy(values.address, source, count * stored);
  const target = new Int32Array(slab.buffer, offset, 4 * count);
  if (stored === 8) widenPairs(target, new Int32Array(values.buffer), count);
  else if (stored === 4) widen(target, new Int32Array(values.buffer), count);
  else widen(target, new Int16Array(values.buffer), count);
}

function widenPairs(target: Int32Array, words: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const upper = words[2 * i + 1] as number;
    target[4 * i] = words[2 * i] as number;
    target[4 * i + 1] = upper;
    target[4 * i + 2] = upper >> 31;
    target[4 * i + 3] = upper >> 31;
  }
}

function widen(target: Int32Array, integers: Int32Array | Int16Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = integers[i] as number;
    target[4 * i] = value;
    target[4 * i + 1] = value >> 31;
    target[4 * i + 2] = value >> 31;
    target[4 * i + 3] = value >> 31;
  }
}
