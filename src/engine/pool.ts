import { Worker } from 'node:worker_threads';
import { DuckhouseError } from '../errors.ts';
import { checkNotReplaced } from '../version.ts';
import { pressureWords, type Reply, type Request, rebuildError, type WorkerData } from './protocol.ts';

/** Called for every reply but the last; the last one settles the task. */
export type OnReply = (reply: Exclude<Reply, { type: 'done' | 'error' | 'ready' }>) => void;

interface Task {
  readonly request: Request;
  readonly onReply: OnReply | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface PoolWorker {
  readonly worker: Worker;
  task: Task | undefined;
  isStarting: boolean;
}

export interface WorkerPool {
  /** Wakes the workers that wait for a reader to give memory back. */
  wake(): void;
  run(request: Request, onReply?: OnReply): Promise<unknown>;
  stats(): { readonly workers: number; readonly busyWorkers: number; readonly queuedTasks: number };
  /** Waits for what runs, then ends the threads. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly data: Omit<WorkerData, 'pressure'>;
  /** Threads kept. */
  readonly size: number;
  /** Threads at most: a statement that computes for long holds one, and others must not wait for it. */
  readonly max: number;
}

/**
 * When no task could be begun for this long, and no result has moved, the workers are held by long statements: a new one is
 * started. A result that moves makes room by itself, be the machine so busy that it takes its time.
 */
const growAfterMs = 25;
/** A spare worker that did nothing for this long ends. */
const spareIdleMs = 10_000;

/** Workers that take one task each; any worker can take any task. */
export function createWorkerPool({ data, size, max }: PoolOptions): WorkerPool {
  const pressure = new Int32Array(new SharedArrayBuffer(pressureWords * 4));
  const workers = new Set<PoolWorker>();
  const idle: PoolWorker[] = [];
  const queue: Task[] = [];
  let growTimer: NodeJS.Timeout | undefined;
  let lastMoved = 0;
  let closing = false;
  let onIdle: (() => void) | undefined;

  const start = (): void => {
    checkNotReplaced();
    const worker = new Worker(new URL('./worker/main.js', import.meta.url), {
      workerData: { ...data, pressure: pressure.buffer as SharedArrayBuffer } satisfies WorkerData,
    });
    worker.unref();
    const member: PoolWorker = { worker, task: undefined, isStarting: true };
    workers.add(member);
    worker.on('message', (replies: readonly Reply[]) => replies.forEach((reply) => receive(member, reply)));
    worker.on('error', (error) => lose(member, error));
    worker.on('exit', () => lose(member, new DuckhouseError('Unavailable', 'an engine thread ended')));
  };

  /** Where none can be started the tasks wait for those that are there. */
  const startAnother = (): void => {
    try {
      start();
    } catch (error) {
      if (workers.size > 0) return;
      for (const task of queue.splice(0)) {
        Atomics.sub(pressure, 0, 1);
        task.reject(error);
      }
    }
  };

  const lose = (member: PoolWorker, error: unknown): void => {
    if (!workers.delete(member)) return;
    const at = idle.indexOf(member);
    if (at >= 0) idle.splice(at, 1);
    finish(member)?.reject(error);
  };

  const finish = (member: PoolWorker): Task | undefined => {
    const { task } = member;
    member.task = undefined;
    if (task !== undefined) member.worker.unref();
    return task;
  };

  const receive = (member: PoolWorker, reply: Reply): void => {
    if (reply.type === 'batch') lastMoved = performance.now();
    if (reply.type === 'started' || reply.type === 'batch') return member.task?.onReply?.(reply);
    const task = finish(member);
    member.isStarting = false;
    next(member);
    if (reply.type === 'done') task?.resolve(reply.value);
    else if (reply.type === 'error') task?.reject(rebuildError(reply.error));
  };

  const next = (member: PoolWorker): void => {
    const task = queue.shift();
    if (task !== undefined) {
      Atomics.sub(pressure, 0, 1);
      return give(member, task);
    }
    idle.push(member);
    if (workers.size > size) setTimeout(() => retire(member), spareIdleMs).unref();
    if (closing && idle.length === workers.size) onIdle?.();
  };

  const retire = (member: PoolWorker): void => {
    const at = idle.indexOf(member);
    if (closing || at < 0 || workers.size <= size) return;
    idle.splice(at, 1);
    workers.delete(member);
    void end(member);
  };

  /** It closes what it has open. */
  const end = ({ worker }: PoolWorker): Promise<void> =>
    new Promise((resolve) => {
      worker.ref();
      worker.once('exit', () => resolve());
      worker.postMessage({ op: 'end' } satisfies Request);
    });

  const wake = (): void => {
    Atomics.add(pressure, 1, 1);
    Atomics.notify(pressure, 1);
  };

  const give = (member: PoolWorker, task: Task): void => {
    lastMoved = performance.now();
    member.task = task;
    member.worker.ref();
    member.worker.postMessage(task.request);
  };

  /** Replies that are here already are taken first: this thread may be what is late. */
  const grow = (): void => void setImmediate(growNow);
  const growNow = (): void => {
    growTimer = undefined;
    if (queue.length === 0 || workers.size >= max) return;
    if (performance.now() - lastMoved >= growAfterMs) startAnother();
    growTimer = setTimeout(grow, growAfterMs);
  };

  /** A worker that is about to be there takes a task too: starting one costs more than most tasks. */
  const startFor = (tasks: number): void => {
    const starting = [...workers].filter(({ isStarting }) => isStarting).length;
    if (tasks > starting) startAnother();
  };

  const submit = (task: Task): void => {
    const member = idle.pop();
    if (member !== undefined) return give(member, task);
    queue.push(task);
    Atomics.add(pressure, 0, 1);
    wake();
    if (workers.size < size) startFor(queue.length);
    else growTimer ??= setTimeout(grow, growAfterMs);
  };

  const started = Math.min(size, 1);
  for (let i = 0; i < started; i++) start();
  return {
    wake,
    run: (request, onReply) =>
      new Promise((resolve, reject) => {
        if (closing && request.op !== 'release' && request.op !== 'disconnect')
          reject(new DuckhouseError('Unavailable', 'the engine is closing'));
        else submit({ request, onReply, resolve, reject });
      }),
    stats: () => ({ workers: workers.size, busyWorkers: workers.size - idle.length, queuedTasks: queue.length }),
    async close() {
      closing = true;
      if (growTimer !== undefined) clearTimeout(growTimer);
      if (idle.length < workers.size) await new Promise<void>((resolve) => (onIdle = resolve));
      const all = [...workers];
      workers.clear();
      await Promise.all(all.map(end));
    },
  };
}
