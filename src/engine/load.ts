import type { ArrowSchema } from '../arrow/index.ts';
import { DuckhouseError } from '../errors.ts';
import { quoteIdentifier } from '../sql.ts';
import type { EngineCore } from './core.ts';
import { deferred } from './deferred.ts';
import type { LoaderChannel } from './loader-pool.ts';
import type { LoaderReply } from './loader-protocol.ts';
import type { Address } from './native/memory.ts';
import { rebuildError } from './protocol.ts';
import { checkNotAborted } from './statement.ts';
import type { Load, LoadMessage, LoadOptions } from './types.ts';

/** Bytes handed over and not given back: above it `write` waits. More than what gathers before it is loaded. */
const maxOutstandingBytes = 32 << 20;

export interface OpenLoadOptions extends LoadOptions {
  readonly connection: Address;
  /** Waits until no statement runs on the connection; the result gives the turn back. */
  readonly takeTurn: () => Promise<() => void>;
  readonly execute: (sql: string) => Promise<number>;
}

let lastSource = 0;

/**
 * Opens a load on a connection. What `statement` reads is a view that DuckDB makes over the stream; it is dropped at the end,
 * and with an aborted transaction it was never there. While `statement` is asked for, the connection is the caller's.
 */
export async function openLoad(core: EngineCore, options: OpenLoadOptions): Promise<Load> {
  checkNotAborted(options.signal);
  const source = `duckhouse_arrow_${process.pid}_${++lastSource}`;
  const stream = openLoaderStream(core);
  const schema = await onTurn(options, () =>
    stream.open({ connection: options.connection, schema: options.schema, source }),
  );
  try {
    const sql = await options.statement(quoteIdentifier(source), schema);
    const endTurn = await options.takeTurn();
    stream.start(sql);
    return createLoad(core, { options, stream, schema, source, endTurn });
  } catch (error) {
    await stream.abort();
    throw error;
  }
}

async function onTurn<T>({ takeTurn }: OpenLoadOptions, work: () => Promise<T>): Promise<T> {
  const endTurn = await takeTurn();
  try {
    return await work();
  } finally {
    endTurn();
  }
}

interface LoaderStream {
  open(of: {
    readonly connection: Address;
    readonly schema: Uint8Array;
    readonly source: string;
  }): Promise<ArrowSchema>;
  start(sql: string): void;
  write(message: LoadMessage): Promise<void>;
  finish(): Promise<{ readonly rows: number; readonly bytes: number }>;
  /** Resolves when the loader has let go of everything. */
  abort(): Promise<void>;
}

/** The main thread's end of a load: what is outstanding, and what went wrong. */
function openLoaderStream(core: EngineCore): LoaderStream {
  const opened = deferred<ArrowSchema>();
  const finished = deferred<{ rows: number; bytes: number }>();
  const closed = deferred<void>();
  const outstanding = new Map<number, LoadMessage>();
  let outstandingBytes = 0;
  let lastMessage = 0;
  let failure: unknown;
  let room: (() => void) | undefined;
  for (const { promise } of [opened, finished]) promise.catch(() => undefined); // each is also reported by whoever awaits it

  const release = (messages: readonly number[]): void => {
    for (const number of messages) {
      const message = outstanding.get(number);
      outstanding.delete(number);
      outstandingBytes -= message?.body.byteLength ?? 0;
      message?.done?.();
    }
    room?.();
  };
  const fail = (error: unknown): void => {
    failure ??= error;
    opened.reject(failure);
    finished.reject(failure);
    room?.();
  };
  const onReply = (reply: LoaderReply): void => {
    if (reply.type === 'opened') opened.resolve(reply.schema);
    else if (reply.type === 'released') release(reply.messages);
    else if (reply.type === 'finished') finished.resolve(reply);
    else if (reply.type === 'error') fail(rebuildError(reply.error));
    else {
      release([...outstanding.keys()]);
      closed.resolve();
    }
  };
  const channel: LoaderChannel = core.loaders.open(onReply);
  const { id } = channel;

  return {
    open(of) {
      channel.post({ op: 'open', id, ...of });
      return opened.promise;
    },
    start: (sql) => channel.post({ op: 'statement', id, sql }),
    async write(message) {
      if (failure !== undefined) throw failure;
      const number = ++lastMessage;
      const shared: LoadMessage = { ...message, body: sharedBody(message.body) };
      outstanding.set(number, shared);
      outstandingBytes += shared.body.byteLength;
      channel.post({
        op: 'write',
        id,
        message: number,
        metadata: Uint8Array.from(message.metadata),
        body: shared.body,
      });
      while (outstandingBytes > maxOutstandingBytes && failure === undefined)
        await new Promise<void>((resolve) => (room = resolve));
      if (failure !== undefined) throw failure;
    },
    async finish() {
      channel.post({ op: 'finish', id });
      const { rows, bytes } = await finished.promise;
      await closed.promise;
      return { rows, bytes };
    },
    async abort() {
      fail(new DuckhouseError('Cancelled', 'the load was given up', { id: 'cancelled' }));
      channel.post({ op: 'abort', id });
      await closed.promise;
    },
  };
}

function sharedBody(body: Uint8Array): Uint8Array {
  if (body.buffer instanceof SharedArrayBuffer) return body;
  const shared = new Uint8Array(new SharedArrayBuffer(body.byteLength));
  shared.set(body);
  return shared;
}

interface LoadParts {
  readonly options: OpenLoadOptions;
  readonly stream: LoaderStream;
  readonly schema: ArrowSchema;
  readonly source: string;
  readonly endTurn: () => void;
}

function createLoad(core: EngineCore, { options, stream, schema, source, endTurn }: LoadParts): Load {
  const { connection, signal, execute } = options;
  let ended: Promise<void> | undefined;

  const abort = (): Promise<void> => {
    ended ??= (async () => {
      signal?.removeEventListener('abort', onAbort);
      core.duckdb.interrupt(connection);
      await stream.abort();
      endTurn();
    })();
    return ended;
  };
  const onAbort = (): void => void abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort(); // while the load was being opened

  return {
    schema,
    async write(message) {
      if (ended !== undefined) throw new DuckhouseError('Cancelled', 'the load has ended', { id: 'cancelled' });
      try {
        await stream.write(message);
      } catch (error) {
        await abort();
        throw error;
      }
    },
    async finish() {
      if (ended !== undefined) throw new DuckhouseError('Cancelled', 'the load has ended', { id: 'cancelled' });
      try {
        const result = await stream.finish();
        signal?.removeEventListener('abort', onAbort);
        ended = Promise.resolve();
        endTurn();
        await execute(`DROP VIEW ${quoteIdentifier(source)}`);
        return result;
      } catch (error) {
        await abort();
        throw error;
      }
    },
    abort,
  };
}
