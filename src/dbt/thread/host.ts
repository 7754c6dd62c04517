import { Worker } from 'node:worker_threads';
import { type Engine, newHandles } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { checkNotReplaced } from '../../version.ts';
import { newBacklog, takeFromBacklog } from './backlog.ts';
import type { ThreadMessage, ThreadOutcome, ThreadRequest, ThreadRun, ThreadStart } from './protocol.ts';

export interface DbtThreadsOptions {
  readonly engine: Engine;
  readonly version: string;
  readonly tableFolders: readonly string[];
}

/** A thread that was told to stop and does not is ended after this: its template may never end. */
const patienceMs = 5000;
/** A thread that parses on its own for longer is ended. */
const warmingMs = 30_000;
/** A thread that nobody needed for this long ends, and gives its memory back. */
const idleMs = 30 * 60_000;
/** Heap of a dbt thread: projects of 10,000 models need a few hundred. */
const memoryMb = 2048;
/** A parse makes some tens of MB that are gone when it ends: they should not get old before that. */
const nurseryMb = 96;

export type ThreadAnswer = { readonly text: string } | ThreadOutcome;

export interface DbtThreads {
  /**
   * Runs one command line of dbt in a thread of its own on an open database: its lines as they come, at last how it
   * ended. Aborting rolls back what is under way.
   */
  run(run: ThreadRun, signal: AbortSignal): AsyncGenerator<ThreadAnswer>;
  close(): Promise<void>;
}

/** One thread stays, with the projects it has parsed; more come for commands at the same time, and go. */
export function createDbtThreads(options: DbtThreadsOptions): DbtThreads {
  const threads = new Set<DbtThread>();
  let resident: DbtThread | undefined;

  const start = (): DbtThread => {
    const thread = new DbtThread(options, () => {
      threads.delete(thread);
      if (resident === thread) resident = undefined;
    });
    threads.add(thread);
    return thread;
  };

  return {
    async *run(run, signal) {
      const thread = resident?.isFree === true ? resident : start();
      resident ??= thread;
      try {
        yield* thread.run(run, signal);
      } finally {
        if (resident !== thread) await thread.end();
      }
    },
    async close() {
      await Promise.all([...threads].map((thread) => thread.end()));
    },
  };
}

class DbtThread {
  readonly #worker: Worker;
  readonly #engine: Engine;
  readonly #handles = newHandles();
  readonly #backlog = newBacklog();
  #isBusy = false;
  #hasEnded = false;
  #isStopping = false;
  #failure: unknown;
  #idle: NodeJS.Timeout | undefined;
  #warming: NodeJS.Timeout | undefined;
  #warmingSince = Number.POSITIVE_INFINITY;
  #pending: ThreadMessage[] = [];
  #wake: (() => void) | undefined;

  constructor({ engine, version, tableFolders }: DbtThreadsOptions, onEnd: () => void) {
    checkNotReplaced();
    this.#engine = engine;
    this.#worker = new Worker(new URL('./main.js', import.meta.url), {
      workerData: {
        share: engine.share(),
        version,
        tableFolders,
        handles: this.#handles,
        backlog: this.#backlog,
      } satisfies ThreadStart,
      // A template that fills the memory ends its thread, not the server.
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: nurseryMb },
      // What a project may see of the environment is told, not inherited.
      env: {},
    });
    this.#worker.on('message', (message: ThreadMessage) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#failure = error;
      this.#notify();
    });
    this.#worker.on('exit', () => {
      this.#hasEnded = true;
      clearTimeout(this.#idle);
      clearTimeout(this.#warming);
      engine.releaseHandles(this.#handles);
      onEnd();
      this.#notify();
    });
  }

  get isFree(): boolean {
    return !this.#isBusy && !this.#hasEnded && performance.now() - this.#warmingSince < patienceMs;
  }

  async *run(run: ThreadRun, signal: AbortSignal): AsyncGenerator<ThreadAnswer> {
    this.#isBusy = true;
    clearTimeout(this.#idle);
    this.#worker.ref();
    this.#pending = [];
    this.#isStopping = false;
    let patience: NodeJS.Timeout | undefined;
    const stop = (): void => {
      this.#isStopping = true;
      this.#dropTexts();
      this.#post({ type: 'cancel' });
      patience ??= setTimeout(() => void this.#terminate(), patienceMs);
    };
    this.#post({ type: 'run', run });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    let isDone = false;
    try {
      for (;;) {
        const message = await this.#next();
        isDone = message.type === 'done';
        if (message.type === 'done') return yield message.outcome;
        if (message.type === 'write') {
          yield { text: message.text };
          takeFromBacklog(this.#backlog, message.text);
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      if (!isDone && !this.#hasEnded) {
        // The reader went away.
        stop();
        await this.#finished();
      }
      clearTimeout(patience);
      this.#isBusy = false;
      this.#worker.unref();
      this.#idle = setTimeout(() => void this.end(), idleMs).unref();
    }
  }

  async end(): Promise<void> {
    if (this.#hasEnded) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    await this.#terminate();
    await exited;
  }

  /** A statement of DuckDB holds the thread until it ends. */
  async #terminate(): Promise<void> {
    await this.#engine.interruptHandles(this.#handles);
    await this.#worker.terminate();
  }

  #post(request: ThreadRequest): void {
    this.#worker.postMessage(request);
  }

  #receive(message: ThreadMessage): void {
    if (message.type === 'warming') {
      clearTimeout(this.#warming);
      this.#warmingSince = message.isBusy ? performance.now() : Number.POSITIVE_INFINITY;
      this.#warming = message.isBusy ? setTimeout(() => void this.#terminate(), warmingMs).unref() : undefined;
    } else {
      this.#pending.push(message);
      if (this.#isStopping) this.#dropTexts();
      this.#notify();
    }
  }

  /** Nobody reads what a command tells that was stopped. */
  #dropTexts(): void {
    const texts = this.#pending.flatMap((message) => (message.type === 'write' ? [message.text] : []));
    this.#pending = this.#pending.filter(({ type }) => type !== 'write');
    for (const text of texts) takeFromBacklog(this.#backlog, text);
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #next(): Promise<ThreadMessage> {
    for (;;) {
      const message = this.#pending.shift();
      if (message !== undefined) return message;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasEnded) throw new DuckhouseError('Cancelled', 'dbt was stopped', { id: 'cancelled' });
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Until the command is done or the thread ended. */
  async #finished(): Promise<void> {
    try {
      while ((await this.#next()).type !== 'done');
    } catch {
      // it ended
    }
  }
}
