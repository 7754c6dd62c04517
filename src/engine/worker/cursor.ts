import { deserialize, serialize } from 'node:v8';
import { type BatchEncoder, createBatchEncoder, type OpenChunk, openChunk, splitChunk } from '../encode/encoder.ts';
import { forgetStrings } from '../encode/strings.ts';
import type { BatchMessage, ColumnPlan, CursorSlabs, CursorState } from '../protocol.ts';
import type { WorkerDatabase } from './arrow-options.ts';
import {
  type ChunkSource,
  type OpenResult,
  openChunkSource,
  pullChunk,
  releaseChunk,
  reopenChunk,
} from './chunk-source.ts';
import { openSlots, type Slots } from './slots.ts';

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

/** A cursor may keep its worker this long while others wait for one. */
const sliceMs = 4;
/** A worker waits this long for the reader: longer than a fast one takes, for parking a cursor costs more than a nap. */
const waitForReaderMs = 4;

interface Run {
  readonly context: WorkerContext;
  readonly source: ChunkSource;
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
  run.chunks = state.pending.map((pending) => reopenChunk(run.source, pending));
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

function createRun(context: WorkerContext, open: OpenResult): Run {
  const source = openChunkSource(context, open);
  return {
    context,
    source,
    encode: createBatchEncoder({ fields: open.columns.map(({ field }) => field) }, source.layouts),
    parkedAs: undefined,
    chunks: [],
    exhausted: false,
    target: firstTarget,
    limit: batchLimit,
  };
}

function parked(run: Run): RunEnd {
  run.parkedAs ??= { cursor: run.context.nextCursor(), plan: writePlan(run.source.columns) };
  const { cursor, plan } = run.parkedAs;
  const pending = run.chunks.map(({ address, form, start, count }) => ({ address, form, start, count }));
  const { source, exhausted, target } = run;
  run.chunks = [];
  parkedHere.set(cursor, run);
  if (parkedHere.size > maxParkedHere) parkedHere.delete(parkedHere.keys().next().value as number);
  return { end: 'parked', state: { cursor, result: source.result, plan, pending, exhausted, target } };
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
    const chunk = pullChunk(run.source);
    if (chunk === undefined) run.exhausted = true;
    else if (chunk.count > 0) {
      run.chunks.push(chunk);
      bytes += chunk.bytes;
    }
  }
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
    const rows = splitChunk(next, run.source.layouts, { bytes: room, force: chunks.length === 0 });
    if (rows >= next.count) {
      chunks.push(next);
      consumed.push(next);
      run.chunks.shift();
    } else if (rows > 0) {
      chunks.push({ ...next, count: rows });
      const { columns, start, count } = next;
      run.chunks[0] = openChunk(
        { ...next, start: start + rows, count: count - rows },
        { columns, layouts: run.source.layouts },
      );
    }
    break;
  }
  return { chunks, consumed };
}
