import { Worker } from 'node:worker_threads';
import { DuckhouseError } from '../errors.ts';
import { checkNotReplaced } from '../version.ts';
import type { LoaderData, LoaderReply, LoaderRequest } from './loader-protocol.ts';
import { errorMessage } from './protocol.ts';

export interface LoaderChannel {
  readonly id: number;
  post(request: LoaderRequest): void;
}

export interface LoaderPool {
  /** A load's channel to the thread with the fewest loads; `onReply` until it is closed. */
  open(onReply: (reply: LoaderReply) => void): LoaderChannel;
  close(): Promise<void>;
}

interface Loader {
  readonly worker: Worker;
  readonly bell: Int32Array;
  readonly listeners: Map<number, (reply: LoaderReply) => void>;
  idle: NodeJS.Timeout | undefined;
}

/** A load that has a thread to itself may wait there for its sender. */
const minLoaders = 8;
/** A thread that has nothing to do keeps the memory of its last load; another one is started in some milliseconds. */
const idleMs = 5000;

/** Threads for loads, started when needed. */
export function createLoaderPool({ libraryPath, clock, handles }: Omit<LoaderData, 'bell'>, size: number): LoaderPool {
  const loaders: Loader[] = [];
  let lastId = 0;

  const start = (): Loader => {
    checkNotReplaced();
    const bell = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(new URL('./worker/loader.js', import.meta.url), {
      workerData: { libraryPath, clock, handles, bell: bell.buffer as SharedArrayBuffer } satisfies LoaderData,
    });
    const loader: Loader = { worker, bell, listeners: new Map(), idle: undefined };
    worker.on('message', (reply: LoaderReply) => {
      loader.listeners.get(reply.id)?.(reply);
      if (reply.type === 'closed') release(loader, reply.id);
    });
    worker.on('error', (error) => lose(loader, error));
    worker.on('exit', () => lose(loader, new Error('it ended')));
    worker.unref();
    loaders.push(loader);
    return loader;
  };

  const release = (loader: Loader, id: number): void => {
    // A load that failed is closed twice: when it fails, and when it is given up. Two timers would end a thread that is in use.
    if (!loader.listeners.delete(id) || loader.listeners.size > 0) return;
    loader.worker.unref();
    loader.idle = setTimeout(() => dismiss(loader), idleMs).unref();
  };

  const forget = (loader: Loader): void => {
    clearTimeout(loader.idle);
    if (loaders.includes(loader)) loaders.splice(loaders.indexOf(loader), 1);
  };

  const dismiss = (loader: Loader): void => {
    forget(loader);
    void loader.worker.terminate();
  };

  const lose = (loader: Loader, cause: unknown): void => {
    forget(loader);
    const error = errorMessage(new DuckhouseError('Unavailable', 'a loader thread ended', { cause }));
    for (const [id, listener] of loader.listeners) {
      listener({ type: 'error', id, error });
      listener({ type: 'closed', id });
    }
    loader.listeners.clear();
  };

  const pick = (): Loader => {
    const least = loaders.toSorted((a, b) => a.listeners.size - b.listeners.size)[0];
    return least === undefined || (least.listeners.size > 0 && loaders.length < Math.max(size, minLoaders))
      ? start()
      : least;
  };

  return {
    open(onReply) {
      const loader = pick();
      const id = ++lastId;
      clearTimeout(loader.idle);
      loader.listeners.set(id, onReply);
      loader.worker.ref();
      return {
        id,
        post(request) {
          loader.worker.postMessage(request);
          Atomics.add(loader.bell, 0, 1);
          Atomics.notify(loader.bell, 0);
        },
      };
    },
    async close() {
      await Promise.all(loaders.splice(0).map(({ worker }) => worker.terminate()));
    },
  };
}
