import { Worker } from 'node:worker_threads';
import type { Engine } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import type { ThreadMessage, ThreadStart } from './protocol.ts';

export interface DbtThreadOptions extends Omit<ThreadStart, 'share'> {
  readonly engine: Engine;
  readonly signal: AbortSignal;
}

/** A thread that was told to stop and does not is ended after this: its template may never end. */
const patienceMs = 5000;
/** Heap of a dbt thread: projects of 10,000 models need a few hundred. */
const memoryMb = 2048;

/**
 * Runs one command line of dbt in a thread of its own on an open database: its lines as they come, at last the exit
 * code, or `elsewhere` when the project's database is another file. Aborting rolls back what is under way.
 */
export async function* runDbtThread({ engine, signal, ...start }: DbtThreadOptions): AsyncGenerator<ThreadMessage> {
  const worker = new Worker(new URL('./main.js', import.meta.url), {
    workerData: { ...start, share: engine.share() } satisfies ThreadStart,
    // A template that fills the memory ends its thread, not the server.
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    // What the project may see of the environment is told, not inherited.
    env: start.env.TZ === undefined ? {} : { TZ: start.env.TZ },
  });
  const connections = new Set<number>();
  const pending: ThreadMessage[] = [];
  let wake: (() => void) | undefined;
  let failure: unknown;
  let ended = false;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  worker.on('message', (message: ThreadMessage) => {
    if (message.type === 'connection') {
      if (message.isOpen) connections.add(message.connection);
      else connections.delete(message.connection);
      return;
    }
    pending.push(message);
    notify();
  });
  worker.on('error', (error) => {
    failure = error;
    notify();
  });
  worker.on('exit', () => {
    ended = true;
    notify();
  });
  let patience: NodeJS.Timeout | undefined;
  const stop = (): void => {
    worker.postMessage('cancel');
    patience ??= setTimeout(() => void worker.terminate(), patienceMs);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const message = pending.shift();
      if (message !== undefined) {
        yield message;
        if (message.type === 'done') return;
      } else if (failure !== undefined) throw failure;
      else if (ended) throw new DuckhouseError('Cancelled', 'dbt was stopped', { id: 'cancelled' });
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    signal.removeEventListener('abort', stop);
    if (!ended) await end(worker, stop);
    clearTimeout(patience);
    engine.releaseConnections([...connections]);
  }
}

/** Lets the thread end by itself, or by force when it does not. */
async function end(worker: Worker, stop: () => void): Promise<void> {
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  stop();
  await exited;
}
