import { deserialize, serialize } from 'node:v8';
import { DuckhouseError } from '../../errors.ts';
import { duckDbError } from '../duckdb-error.ts';
import { type ArrayNode, readColumns } from '../encode/columns.ts';
import {
  type BatchEncoder,
  createBatchEncoder,
  type OpenChunk,
  openChunk,
  type PendingChunk,
  splitChunk,
} from '../encode/encoder.ts';
import { forgetStrings } from '../encode/strings.ts';
import { readVectors, type VectorColumn } from '../encode/vectors.ts';
import { arrayStructSize } from '../native/c-data.ts';
import { checkErrorData } from '../native/database.ts';
import type { DuckDb } from '../native/library.ts';
import {
  type Address,
  allocateBlock,
  type Block,
  free,
  malloc,
  memcpy,
  readPointer,
  wrapBlock,
  writePointer,
} from '../native/memory.ts';
import type { BatchMessage, ColumnPlan, CursorSlabs, CursorState } from '../protocol.ts';
import { anyLayout, type Layout, losslessLayout, needsLossless, vectorWidth } from '../type-map.ts';
import { arrowOptions, releaseArray, type WorkerDatabase } from './arrow-options.ts';
import { checkIntervals } from './check-intervals.ts';

/** Bytes of a record batch's body, never exceeded but by a single row; half of it is aimed at. */
const batchLimit = 2 << 20;
const maxChunksPerBatch = 256;

export interface WorkerContext extends WorkerDatabase {
  /** Tasks that wait for a worker: with any, a running cursor makes room when its time is up. */
  readonly waitingTasks: () => number;
  readonly wakeUps: () => number;
  /** Sleeps until there is another wake-up than the last one seen. */
  readonly sleep: (seen: number, ms: number) => void;
  readonly nextCursor: () => number;
}

export type RunEnd = { readonly end: 'finished' } | { readonly end: 'parked'; readonly state: CursorState };

const cells = allocateBlock(64);

/** A cursor may keep its worker this long while others wait for one. */
const sliceMs = 4;
/** A worker waits this long for the reader: longer than a fast one takes, for parking a cursor costs more than a nap. */
const waitForReaderMs = 4;

/** What stays the same from batch to batch. */
export interface OpenResult {
  readonly result: Address;
  readonly columns: readonly ColumnPlan[];
}

interface Run extends OpenResult {
  readonly context: WorkerContext;
  readonly resultWords: object;
  readonly layouts: readonly Layout[];
  readonly lossless: boolean;
  /** Present when no column needs DuckDB's Arrow export. */
  readonly vectors: readonly VectorColumn[] | undefined;
  readonly intervals: boolean;
  readonly encode: BatchEncoder;
  /** Set when it is parked for the first time. */
  parkedAs: { readonly cursor: number; readonly plan: SharedArrayBuffer } | undefined;
  chunks: OpenChunk[];
  exhausted: boolean;
  target: number;
  /** Of a batch's body; half of it is aimed at. */
  limit: number;
}

/** Cursors that were parked here: most come back, and are then not set up anew. */
const parkedHere = new Map<number, Run>();
const maxParkedHere = 256;

/** The first batch is small for a fast first byte. */
const firstTarget = 128 << 10;

/** Begins a result: see `continueCursor`. */
export function startCursor(context: WorkerContext, open: OpenResult, slabs: CursorSlabs, emit: EmitBatch): RunEnd {
  return produce(createRun(context, open), slabs, emit);
}

export type EmitBatch = (batch: BatchMessage, more: boolean) => void;

/**
 * Produces batches until the result ends, the reader is slow, the cursor is closed, or its time is up and another task waits.
 * What is left over is in the returned state, for whichever worker goes on.
 */
export function continueCursor(
  context: WorkerContext,
  state: CursorState,
  slabs: CursorSlabs,
  emit: EmitBatch,
): RunEnd {
  const { cursor, plan, result } = state;
  const run = parkedHere.get(cursor) ?? createRun(context, { result, columns: readPlan(plan) });
  parkedHere.delete(cursor);
  run.parkedAs = { cursor, plan };
  run.chunks = state.pending.map((pending) => reopen(run, pending));
  run.exhausted = state.exhausted;
  run.target = state.target;
  return produce(run, slabs, emit);
}

function produce(run: Run, slabs: CursorSlabs, emit: EmitBatch): RunEnd {
  const { context } = run;
  const slots = openSlots(slabs);
  run.limit = slabs.batchBytes ?? batchLimit;
  run.target = Math.min(run.target, run.limit / 2);
  const sliceEnd = performance.now() + sliceMs;
  try {
    for (;;) {
      const slot = freeSlot(context, slots);
      if (slot === undefined) return parked(run);
      fillGroup(run);
      if (run.chunks.length === 0) return { end: 'finished' };
      const batch = encodeGroup(run, { slots, slot });
      const more = !run.exhausted || run.chunks.length > 0;
      emit(batch, more);
      if (!more) return { end: 'finished' };
      if (context.waitingTasks() > 0 && performance.now() >= sliceEnd) return parked(run);
    }
  } catch (error) {
    for (const chunk of run.chunks) releaseChunk(context.duckdb, chunk);
    throw error;
  }
}

/** A slab that the reader has given back, waited for while nobody else needs this worker; undefined = park. */
function freeSlot(context: WorkerContext, slots: Slots): number | undefined {
  let deadline: number | undefined;
  for (;;) {
    const seen = context.wakeUps();
    if (slots.closed()) return undefined;
    const slot = slots.free();
    if (slot >= 0) return slot;
    deadline ??= performance.now() + waitForReaderMs;
    const left = deadline - performance.now();
    if (left <= 0 || context.waitingTasks() > 0) return undefined;
    context.sleep(seen, left);
  }
}

function createRun(context: WorkerContext, { result, columns }: OpenResult): Run {
  const plain = columns.map((column) => column.layout);
  const lossless = plain.some(needsLossless);
  const layouts = lossless ? columns.map(({ layout, field }) => losslessLayout(layout, field)) : plain;
  return {
    context,
    result,
    resultWords: readResultWords(result),
    columns,
    layouts,
    lossless,
    vectors: vectorColumns(columns),
    intervals: plain.some((layout) => anyLayout(layout, (node) => node.kind === 'fixed' && node.check === 'interval')),
    encode: createBatchEncoder({ fields: columns.map((column) => column.field) }, layouts),
    parkedAs: undefined,
    chunks: [],
    exhausted: false,
    target: firstTarget,
    limit: batchLimit,
  };
}

function vectorColumns(columns: readonly ColumnPlan[]): readonly VectorColumn[] | undefined {
  const found: VectorColumn[] = [];
  for (const { layout, field } of columns) {
    const width = vectorWidth(layout, field);
    if (width === undefined) return undefined;
    found.push({ layout, width });
  }
  return found;
}

const resultBlock = allocateBlock(48);

function readResultWords(result: Address): object {
  memcpy(resultBlock.address, result, 48);
  const word = (i: number): number => readPointer(resultBlock, i * 8);
  return { a: word(0), b: word(1), c: word(2), d: word(3), e: word(4), f: word(5) };
}

function parked(run: Run): RunEnd {
  run.parkedAs ??= { cursor: run.context.nextCursor(), plan: writePlan(run.columns) };
  const { cursor, plan } = run.parkedAs;
  const pending = run.chunks.map(({ address, form, start, count }) => ({ address, form, start, count }));
  const { result, exhausted, target } = run;
  run.chunks = [];
  parkedHere.set(cursor, run);
  if (parkedHere.size > maxParkedHere) parkedHere.delete(parkedHere.keys().next().value as number);
  return { end: 'parked', state: { cursor, result, plan, pending, exhausted, target } };
}

function writePlan(columns: readonly ColumnPlan[]): SharedArrayBuffer {
  const bytes = serialize(columns);
  const plan = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(plan).set(bytes);
  return plan;
}

const readPlan = (plan: SharedArrayBuffer): readonly ColumnPlan[] =>
  deserialize(Uint8Array.from(new Uint8Array(plan))) as ColumnPlan[];

function fillGroup(run: Run): void {
  let bytes = run.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  while (!run.exhausted && bytes < run.target && run.chunks.length < maxChunksPerBatch) {
    const chunk = pullChunk(run);
    if (chunk === undefined) run.exhausted = true;
    else if (chunk.count > 0) {
      run.chunks.push(chunk);
      bytes += chunk.bytes;
    }
  }
}

function pullChunk(run: Run): OpenChunk | undefined {
  const { duckdb } = run.context;
  const chunk = Number(duckdb.fetch_chunk(run.resultWords));
  if (chunk === 0) {
    const error = duckdb.result_error(run.result);
    if (typeof error === 'string' && error !== '') throw duckDbError(error);
    return undefined;
  }
  const count = Number(duckdb.data_chunk_get_size(chunk));
  const columns = run.vectors && readVectors(duckdb, { chunk, count, columns: run.vectors });
  if (columns !== undefined)
    return openChunk({ address: chunk, form: 'vectors', start: 0, count }, { columns, layouts: run.layouts });
  try {
    if (run.intervals) checkIntervals(duckdb, { chunk, count, columns: run.columns });
    return reopen(run, { ...exportChunk(run, chunk), start: 0, count });
  } finally {
    destroyChunk(duckdb, chunk);
  }
}

function reopen({ context, layouts, vectors = [] }: Run, pending: PendingChunk): OpenChunk {
  const { address, form } = pending;
  const columns = form === 'vectors' ? readChunk(context.duckdb, address, vectors) : readColumns(address, layouts);
  return openChunk(pending, { columns, layouts });
}

/** What could be read from its vectors once can be again. */
function readChunk(duckdb: DuckDb, chunk: Address, columns: readonly VectorColumn[]): readonly ArrayNode[] {
  const count = Number(duckdb.data_chunk_get_size(chunk));
  return readVectors(duckdb, { chunk, count, columns }) as readonly ArrayNode[];
}

function destroyChunk(duckdb: DuckDb, chunk: Address): void {
  writePointer(cells, 0, chunk);
  duckdb.destroy_data_chunk(cells.address);
}

/** One chunk's strings can pass 2 GiB: it is then exported with 64-bit offsets and sent in several batches. */
function exportChunk(run: Run, chunk: Address): Pick<PendingChunk, 'address' | 'form'> {
  const address = malloc(arrayStructSize);
  const { duckdb } = run.context;
  const attempt = (mode: 'default' | 'lossless' | 'large'): void =>
    checkErrorData(duckdb, duckdb.data_chunk_to_arrow(arrowOptions(run.context, mode), chunk, address));
  try {
    attempt(run.lossless ? 'lossless' : 'default');
    return { address, form: 'arrow' };
  } catch (error) {
    if (run.lossless || !(error instanceof DuckhouseError) || !/maximum total string size/i.test(error.message)) {
      free(address);
      throw error;
    }
  }
  attempt('large');
  return { address, form: 'large' };
}

function encodeGroup(run: Run, { slots, slot }: { readonly slots: Slots; readonly slot: number }): BatchMessage {
  const group = takeGroup(run);
  const { slab, ...place } = run.encode(group.chunks, (bytes) => slots.block(slot, bytes));
  for (const chunk of group.consumed) {
    for (const { strings } of chunk.columns) if (strings !== undefined) forgetStrings(strings);
    releaseChunk(run.context.duckdb, chunk);
  }
  run.target = run.limit / 2;
  return { slot, slab: slots.take(slot, slab), ...place };
}

/** Whole chunks while they fit, then as much of the next as does. */
function takeGroup(run: Run): { readonly chunks: readonly OpenChunk[]; readonly consumed: readonly OpenChunk[] } {
  const chunks: OpenChunk[] = [];
  const consumed: OpenChunk[] = [];
  let room = run.limit;
  for (let next = run.chunks[0]; next !== undefined; next = run.chunks[0]) {
    if (next.bytes <= room) {
      chunks.push(next);
      consumed.push(next);
      run.chunks.shift();
      room -= next.bytes;
      continue;
    }
    const rows = splitChunk(next, run.layouts, { bytes: room, force: chunks.length === 0 });
    if (rows >= next.count) {
      chunks.push(next);
      consumed.push(next);
      run.chunks.shift();
    } else if (rows > 0) {
      chunks.push({ ...next, count: rows });
      const { columns, start, count } = next;
      run.chunks[0] = openChunk(
        { ...next, start: start + rows, count: count - rows },
        { columns, layouts: run.layouts },
      );
    }
    break;
  }
  return { chunks, consumed };
}

export function releaseChunk(duckdb: DuckDb, { address, form }: PendingChunk): void {
  if (form === 'vectors') return destroyChunk(duckdb, address);
  releaseArray(address);
  free(address);
}

interface Slots {
  /** Index of a slab that the reader has given back, or -1. */
  free(): number;
  closed(): boolean;
  block(slot: number, bytes: number): Block;
  /** Marks the slot as the reader's; its memory when it is new to the reader. */
  take(slot: number, slab: Block): SharedArrayBuffer | undefined;
}

const slabGrain = 256 << 10;

function openSlots({ slabs, states }: CursorSlabs): Slots {
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
