import type { ArrowSchema } from '../arrow/index.ts';
import { DuckhouseError } from '../errors.ts';
import { deferred } from './deferred.ts';
import type { BatchMessage, CursorSlabs, Reply, Request, ResultHandle, RunReply } from './protocol.ts';
import type { Statement } from './statement.ts';
import type { EncodedBatch, QueryResult, StatementKind } from './types.ts';

/** Slabs a result may fill ahead of its reader. */
const slabsPerResult = 3;
const keptSlabs: SharedArrayBuffer[] = [];
const keptStates: Int32Array[] = [];
const maxKeptSlabs = 16;
const maxKeptBytes = 4 << 20;

interface CursorOptions {
  readonly statement: Statement;
  /** The request that starts it, given its slabs. */
  readonly start: (slabs: CursorSlabs) => Request;
  readonly rowLimit: number | undefined;
  readonly batchBytes: number | undefined;
  readonly onStarted?: (handle: ResultHandle) => void;
  /** Called when a result that had started has ended and its statement is free. */
  readonly onEnd?: (handle: ResultHandle) => void;
}

/**
 * Runs a statement and resolves with its result once DuckDB has begun to answer. Batches are produced ahead, as many as there
 * are slabs; a reader that stops costs these slabs and a connection, never a thread.
 */
export async function openResult({
  statement,
  start,
  rowLimit,
  batchBytes,
  onStarted,
  onEnd,
}: CursorOptions): Promise<QueryResult> {
  const cursor = createCursor(statement, { start, onEnd, batchBytes });
  const started = await cursor.started;
  onStarted?.(started);
  const schema: ArrowSchema = { fields: started.columns.map(({ field }) => field) };
  return {
    queryId: statement.queryId,
    schema,
    kind: started.kind,
    returnsRows: started.returnsRows,
    rowsChanged: started.rowsChanged,
    batches: limitRows(batchesOf(cursor), rowLimit),
    close: cursor.close,
  };
}

/** The result of a statement without rows; `rowsChanged` undefined where it changes none. */
export const changedResult = (queryId: string, kind: StatementKind, rowsChanged?: number): QueryResult => ({
  queryId,
  schema: noColumns,
  kind,
  returnsRows: false,
  rowsChanged,
  batches: noBatches,
  close: async () => undefined,
});
const noColumns: ArrowSchema = { fields: [] };
const noBatches: AsyncIterable<EncodedBatch> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};

interface Cursor {
  readonly started: Promise<ResultHandle>;
  next(): Promise<EncodedBatch | undefined>;
  close(): Promise<void>;
}

type Phase = 'running' | 'parked' | 'ended';

function createCursor(
  statement: Statement,
  {
    start,
    onEnd,
    batchBytes,
  }: Pick<CursorOptions, 'start' | 'batchBytes'> & {
    readonly onEnd: CursorOptions['onEnd'] | undefined;
  },
): Cursor {
  const states = keptStates.pop()?.fill(0) ?? new Int32Array(new SharedArrayBuffer(4 * (1 + slabsPerResult)));
  // One slab to begin with: most results need no more, and sending memory to a worker has its price.
  const slabs: (SharedArrayBuffer | undefined)[] = Array.from({ length: slabsPerResult }, (_, i) =>
    i === 0 ? keptSlabs.pop() : undefined,
  );
  const views: (Uint8Array | undefined)[] = slabs.map((slab) =>
    slab === undefined ? undefined : new Uint8Array(slab),
  );
  const ready: BatchMessage[] = [];
  let phase: Phase = 'running';
  let startedHandle: ResultHandle | undefined;
  let parkedReply: Extract<RunReply, { end: 'parked' }> | undefined;
  let failure: unknown;
  let closed = false;
  let unread = 0;
  /** Memory is somebody else's by now. */
  let kept = false;
  let wake: (() => void) | undefined;
  // Until its reader has taken one batch a result fills one slab only: many open results must not fill the memory.
  for (let slot = 1; slot < slabsPerResult; slot++) Atomics.store(states, slot + 1, 1);
  let opened = false;
  const openSlots = (): void => {
    if (!opened) for (let slot = 1; slot < slabsPerResult; slot++) Atomics.store(states, slot + 1, 0);
    opened = true;
  };
  const started = deferred<ResultHandle>();
  const ended = deferred<void>();

  const slabSet = (): CursorSlabs => ({
    slabs: [...slabs],
    states: states.buffer as SharedArrayBuffer,
    batchBytes,
  });
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };

  const onReply = (reply: Reply): void => {
    if (reply.type === 'started') {
      startedHandle = reply.started;
      started.resolve(reply.started);
    }
    if (reply.type !== 'batch') return;
    const { slot, slab } = reply.batch;
    if (slab !== undefined) {
      slabs[slot] = slab;
      views[slot] = new Uint8Array(slab);
    }
    ready.push(reply.batch);
    unread++;
    notify();
  };

  const run = (request: Request): void => {
    phase = 'running';
    statement.run(request, onReply).then(
      (value) => settle(value as RunReply),
      (error: unknown) => {
        failure = statement.explain(error);
        end();
        started.reject(failure);
      },
    );
  };

  const settle = (reply: RunReply): void => {
    if (reply.end === 'finished') return end();
    parkedReply = reply;
    phase = 'parked';
    if (closed) releaseParked();
    else resume();
  };

  const resume = (): void => {
    if (phase !== 'parked' || parkedReply === undefined || closed) return;
    if (!slabs.some((_, i) => Atomics.load(states, i + 1) === 0)) return;
    const { statement: handle, transaction, state } = parkedReply;
    parkedReply = undefined;
    run({ op: 'run', statement: handle, transaction, state, slabs: slabSet() });
  };

  const releaseParked = (): void => {
    if (parkedReply === undefined) return;
    const { statement: handle, transaction, state } = parkedReply;
    const { result, pending } = state;
    parkedReply = undefined;
    statement.run({ op: 'release', statement: handle, transaction, result, pending }).then(end, end);
  };

  const end = (): void => {
    if (phase === 'ended') return;
    phase = 'ended';
    notify();
    if (startedHandle !== undefined) onEnd?.(startedHandle);
    statement.finish();
    ended.resolve();
    keepSlabs();
  };

  const keepSlabs = (): void => {
    if (kept || phase !== 'ended' || unread > 0 || (ready.length > 0 && !closed)) return;
    kept = true;
    if (keptStates.length < maxKeptSlabs) keptStates.push(states);
    for (const slab of slabs.splice(0)) {
      if (slab !== undefined && keptSlabs.length < maxKeptSlabs && slab.byteLength <= maxKeptBytes)
        keptSlabs.push(slab);
    }
  };

  const open = (message: BatchMessage): EncodedBatch => {
    const view = views[message.slot] as Uint8Array;
    const { metadataLength, bodyOffset, bodyLength, rows } = message;
    let released = false;
    return {
      metadata: view.subarray(0, metadataLength),
      body: view.subarray(bodyOffset, bodyOffset + bodyLength),
      headroom: bodyOffset,
      rows,
      release() {
        if (released) return;
        released = true;
        unread--;
        if (phase !== 'ended') {
          Atomics.store(states, message.slot + 1, 0);
          openSlots();
          if (phase === 'running') statement.wake();
          resume();
        }
        keepSlabs();
      },
    };
  };

  const close = async (): Promise<void> => {
    if (!closed) {
      closed = true;
      unread -= ready.length;
      ready.length = 0;
      if (phase !== 'ended') Atomics.store(states, 0, 1);
      if (phase === 'running') {
        statement.wake();
        // A result that flows stops at its next batch.
        if (startedHandle === undefined) statement.interrupt();
        else statement.interruptLater();
      } else releaseParked();
      notify();
    }
    await ended.promise;
    keepSlabs();
  };

  /** The next batch, undefined at the end. */
  const next = async (): Promise<EncodedBatch | undefined> => {
    for (;;) {
      const message = ready.shift();
      if (message !== undefined) return open(message);
      if (failure !== undefined) throw failure;
      if (statement.stopReason() !== undefined) throw statement.stopReason();
      if (closed || phase === 'ended') return undefined;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  run(start(slabSet()));
  started.promise.catch(() => undefined); // reported by the caller that awaits it
  statement.onStop(() => void close());
  return { started: started.promise, next, close };
}

/** A function of its own: generators made by one function share their shape, and are quick. */
async function* batchesOf({ next, close }: Cursor): AsyncGenerator<EncodedBatch> {
  try {
    for (let batch = await next(); batch !== undefined; batch = await next()) yield batch;
  } finally {
    await close();
  }
}

const limitRows = (batches: AsyncGenerator<EncodedBatch>, limit: number | undefined): AsyncGenerator<EncodedBatch> =>
  limit === undefined ? batches : limitedRows(batches, limit);

async function* limitedRows(batches: AsyncGenerator<EncodedBatch>, limit: number): AsyncGenerator<EncodedBatch> {
  let rows = 0;
  for await (const batch of batches) {
    rows += batch.rows;
    if (rows > limit) {
      batch.release();
      throw new DuckhouseError('ResourceExhausted', `the result has more than ${limit} rows`, {
        id: 'row-limit',
        context: { limit },
        hint: 'add a LIMIT, or raise the row limit',
      });
    }
    yield batch;
  }
}
