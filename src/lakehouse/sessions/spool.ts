import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { EncodedBatch, QueryResult } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import type { SessionLimits } from './types.ts';

export type SpoolLimits = Pick<SessionLimits, 'spoolMemoryBytes' | 'spoolDiskBytes' | 'spoolDirectory'>;

/** A result whose connection can be freed before its reader is done. */
export interface SpoolableResult {
  readonly result: QueryResult;
  /** Reads what is left into memory, then onto disk; the reader goes on from there. Never throws: the reader is told. */
  spool(): Promise<void>;
}

type Kept = { readonly rows: number } & (
  | { readonly metadata: Uint8Array; readonly body: Uint8Array }
  | { readonly position: number; readonly metadataLength: number; readonly bodyLength: number }
);

export function spoolable(result: QueryResult, limits: SpoolLimits): SpoolableResult {
  const source = result.batches[Symbol.asyncIterator]();
  const kept: Kept[] = [];
  const store = createStore(limits);
  let ended = false;
  let failure: unknown;
  let lock: Promise<unknown> = Promise.resolve();

  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = lock.then(work);
    lock = turn.catch(() => undefined); // told to whoever asked
    return turn;
  };

  const pull = async (): Promise<EncodedBatch | undefined> => {
    if (ended) return undefined;
    try {
      const next = await source.next();
      if (next.done !== true) return next.value;
    } catch (error) {
      failure = error;
    }
    ended = true;
    return undefined;
  };

  const take = (): Promise<EncodedBatch | undefined> =>
    exclusive(async () => {
      const first = kept.shift();
      if (first !== undefined) return store.read(first);
      const batch = await pull();
      if (batch === undefined && failure !== undefined) throw failure;
      return batch;
    });

  const keep = async (batch: EncodedBatch): Promise<void> => {
    try {
      kept.push(await store.write(batch));
    } catch (error) {
      failure = error;
      ended = true;
      await result.close();
    } finally {
      batch.release();
    }
  };

  const close = async (): Promise<void> => {
    ended = true;
    kept.length = 0;
    await result.close();
    await exclusive(store.close);
  };

  async function* batches(): AsyncGenerator<EncodedBatch> {
    try {
      for (let batch = await take(); batch !== undefined; batch = await take()) yield batch;
    } finally {
      await close();
    }
  }

  return {
    result: { ...result, batches: batches(), close },
    spool: () =>
      exclusive(async () => {
        for (let batch = await pull(); batch !== undefined; batch = await pull()) await keep(batch);
      }),
  };
}

interface Store {
  write(batch: EncodedBatch): Promise<Kept>;
  read(kept: Kept): Promise<EncodedBatch>;
  close(): Promise<void>;
}

function createStore({ spoolMemoryBytes, spoolDiskBytes, spoolDirectory }: SpoolLimits): Store {
  let inMemory = 0;
  let onDisk = 0;
  let file: FileHandle | undefined;
  const name = path.join(spoolDirectory, `duckhouse-result-${randomUUID()}.tmp`);

  const writeToDisk = async ({ metadata, body, rows }: EncodedBatch): Promise<Kept> => {
    const position = onDisk;
    onDisk += metadata.byteLength + body.byteLength;
    if (onDisk > spoolDiskBytes) throw tooLarge(spoolDiskBytes);
    file ??= await open(name, 'wx+', 0o600);
    await file.write(metadata, 0, metadata.byteLength, position);
    await file.write(body, 0, body.byteLength, position + metadata.byteLength);
    return { rows, position, metadataLength: metadata.byteLength, bodyLength: body.byteLength };
  };

  return {
    async write(batch) {
      const { metadata, body, rows } = batch;
      if (inMemory + body.byteLength > spoolMemoryBytes) return writeToDisk(batch);
      inMemory += body.byteLength;
      return { rows, metadata: Uint8Array.from(metadata), body: Uint8Array.from(body) };
    },
    async read(kept) {
      const { rows } = kept;
      const release = (): void => undefined;
      if ('metadata' in kept) {
        inMemory -= kept.body.byteLength;
        return { metadata: kept.metadata, body: kept.body, rows, headroom: 0, release };
      }
      const bytes = new Uint8Array(kept.metadataLength + kept.bodyLength);
      await (file as FileHandle).read(bytes, 0, bytes.byteLength, kept.position);
      const metadata = bytes.subarray(0, kept.metadataLength);
      return { metadata, body: bytes.subarray(kept.metadataLength), rows, headroom: 0, release };
    },
    async close() {
      const opened = file;
      file = undefined;
      await opened?.close();
      if (opened !== undefined) await rm(name, { force: true });
    },
  };
}

const tooLarge = (limit: number): DuckhouseError =>
  new DuckhouseError(
    'ResourceExhausted',
    `the rest of the result is larger than ${limit} bytes and could not be kept while the next statement ran`,
    {
      id: 'result-too-large-to-keep',
      context: { limit },
      hint: 'read the result to its end before the next statement of this transaction, or read it in another session',
    },
  );
