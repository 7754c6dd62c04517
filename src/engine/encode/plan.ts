import type { Block } from '../native/memory.ts';

/** A buffer of the batch to come: its length in bytes, and how to write it at `offset` of the slab. */
export interface PlannedBuffer {
  readonly byteLength: number;
  write(slab: Block, offset: number): void;
}

/** What a record batch will hold, in the order of its metadata. */
export interface BodyPlan {
  readonly nodes: { readonly length: number; readonly nullCount: number }[];
  readonly buffers: PlannedBuffer[];
}
