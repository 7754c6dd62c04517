import type { ArrowSchema } from '../../arrow/index.ts';
import { layoutOf, recordBatchTemplate } from '../../arrow/index.ts';
import type { Address, Block } from '../native/memory.ts';
import type { Layout } from '../type-map.ts';
import { planColumn } from './body.ts';
import type { ArrayNode } from './columns.ts';
import { type Piece, pieceBytes } from './pieces.ts';
import type { BodyPlan } from './plan.ts';

/** Rows of one DuckDB chunk still to be sent. Plain data, so any thread may go on with it. */
export interface PendingChunk {
  /** DuckDB's chunk itself (`vectors`), or the root ArrowArray of its export, in malloc'ed memory. */
  readonly address: Address;
  /** `large` = exported with 64-bit offsets. */
  readonly form: 'vectors' | 'arrow' | 'large';
  readonly start: number;
  readonly count: number;
}

/** A pending chunk with its arrays read. */
export interface OpenChunk extends PendingChunk {
  readonly columns: readonly ArrayNode[];
  readonly bytes: number;
}

/** Where a batch ended up in its slab. */
export interface BatchPlace {
  readonly metadataLength: number;
  readonly bodyOffset: number;
  readonly bodyLength: number;
  readonly rows: number;
}

/** A slab of at least `bytes`, never smaller; throws when the result was closed meanwhile. */
export type SlabSource = (bytes: number) => Block;

const pad64 = (value: number): number => (value + 63) & ~63;
/** Room for the reader's own framing between metadata and body. */
const framingRoom = 64;
/** Strings are copied a few bytes at a time. */
const spareBytes = 16;

export function openChunk(
  { address, form, start, count }: PendingChunk,
  of: { readonly columns: readonly ArrayNode[]; readonly layouts: readonly Layout[] },
): OpenChunk {
  const pending = { address, form, start, count };
  return { ...pending, columns: of.columns, bytes: chunkBytes(pending, of) };
}

const pieceOf = (node: ArrayNode, { start, count, form }: PendingChunk): Piece => ({
  node,
  start,
  count,
  large: form === 'large',
});

function chunkBytes(
  rows: PendingChunk,
  of: { readonly columns: readonly ArrayNode[]; readonly layouts: readonly Layout[] },
): number {
  return of.layouts.reduce((sum, layout, i) => sum + pieceBytes(layout, pieceOf(of.columns[i] as ArrayNode, rows)), 0);
}

/** The largest first part of `chunk` that takes at most `room` bytes: at least one row when `force`, else maybe none. */
export function splitChunk(
  chunk: OpenChunk,
  layouts: readonly Layout[],
  room: { readonly bytes: number; readonly force: boolean },
): number {
  const fits = (count: number): boolean =>
    chunkBytes({ ...chunk, count }, { columns: chunk.columns, layouts }) <= room.bytes;
  let low = 0;
  let high = chunk.count;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return room.force ? Math.max(low, 1) : low;
}

export type BatchEncoder = (chunks: readonly OpenChunk[], slabFor: SlabSource) => BatchPlace & { readonly slab: Block };

/** Encodes chunks of one schema as record batches: the metadata at the slab's start, the body 64-byte aligned after it. */
export function createBatchEncoder(schema: ArrowSchema, layouts: readonly Layout[]): BatchEncoder {
  const counts = layoutOf(schema);
  const template = recordBatchTemplate(counts.nodes, counts.buffers);
  const metadataLength = template.bytes.byteLength;
  const bodyOffset = pad64(metadataLength + framingRoom);
  return (chunks, slabFor) => {
    const plan = planBatch(layouts, chunks);
    const rows = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
    const bodyLength = plan.buffers.reduce((sum, buffer) => sum + pad64(buffer.byteLength), 0);
    const slab = slabFor(bodyOffset + bodyLength + spareBytes);
    writeBuffers(plan, slab, { bodyOffset, setBuffer: template.setBuffer });
    plan.nodes.forEach((node, i) => template.setNode(i, node.length, node.nullCount));
    template.setLength(rows);
    template.setBodyLength(bodyLength);
    slab.bytes.set(template.bytes, 0);
    return { slab, metadataLength, bodyOffset, bodyLength, rows };
  };
}

function planBatch(layouts: readonly Layout[], chunks: readonly OpenChunk[]): BodyPlan {
  const plan: BodyPlan = { nodes: [], buffers: [] };
  layouts.forEach((layout, i) =>
    planColumn(
      plan,
      layout,
      chunks.map((chunk) => pieceOf(chunk.columns[i] as ArrayNode, chunk)),
    ),
  );
  return plan;
}

interface BufferTarget {
  readonly bodyOffset: number;
  readonly setBuffer: (index: number, offset: number, length: number) => void;
}

function writeBuffers(plan: BodyPlan, slab: Block, { bodyOffset, setBuffer }: BufferTarget): void {
  let offset = 0;
  plan.buffers.forEach(({ byteLength, write }, i) => {
    setBuffer(i, offset, byteLength);
    if (byteLength === 0) return;
    write(slab, bodyOffset + offset);
    const end = bodyOffset + offset + byteLength;
    offset += pad64(byteLength);
    slab.bytes.fill(0, end, bodyOffset + offset);
  });
}
