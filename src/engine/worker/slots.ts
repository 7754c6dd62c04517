import { allocateBlock, type Block, wrapBlock } from '../native/memory.ts';
import type { CursorSlabs } from '../protocol.ts';

/** The slabs of a cursor: some are being read, the others may be filled. */
export interface Slots {
  /** Index of a slab that the reader has given back, or -1. */
  free(): number;
  closed(): boolean;
  block(slot: number, bytes: number): Block;
  /** Marks the slot as the reader's; its memory when it is new to the reader. */
  take(slot: number, slab: Block): SharedArrayBuffer | undefined;
}

const slabGrain = 256 << 10;

export function openSlots({ slabs, states }: CursorSlabs): Slots {
  const words = new Int32Array(states);
  const blocks: (Block | undefined)[] = slabs.map((slab) => (slab === undefined ? undefined : wrapBlock(slab)));
  const known = new Set(slabs);
  return {
    free: () => slabs.findIndex((_, i) => Atomics.load(words, i + 1) === 0),
    closed: () => Atomics.load(words, 0) !== 0,
    block(slot, bytes) {
      const present = blocks[slot];
      if (present !== undefined && present.size >= bytes) return present;
      const fresh = allocateBlock(Math.ceil(bytes / slabGrain) * slabGrain);
      blocks[slot] = fresh;
      return fresh;
    },
    take(slot, slab) {
      Atomics.store(words, slot + 1, 1);
      if (known.has(slab.buffer)) return undefined;
      known.add(slab.buffer);
      return slab.buffer;
    },
  };
}
