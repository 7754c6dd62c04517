import { type ChildProcess, fork } from 'node:child_process';
import { DuckhouseError, type ErrorContext, toDuckhouseError } from '../errors.ts';
import type { FromChild, ToChild } from './protocol.ts';
import { createRestartPolicy } from './restart-policy.ts';

export interface KeeperOptions {
  /** Module of the server process. */
  readonly module: string;
  /** Sent to it over the IPC channel: secrets are in no argument and no environment. */
  readonly childOptions: unknown;
  /** It takes connections from now on. */
  readonly onReady: (child: ChildProcess) => void;
  readonly onMessage: (message: FromChild) => void;
  /** It has ended, and takes no more connections. `again` = another one follows. */
  readonly onEnded: (end: { readonly reason: string; readonly wasReady: boolean; readonly again: boolean }) => void;
}

/** Keeps one server process alive. */
export interface Keeper {
  /** Resolves at the first `ready`; rejects when the process cannot start. */
  start(): Promise<void>;
  send(message: ToChild): void;
  /** Ends the process, which is started again. */
  kill(reason: string): void;
  /** Of a process that is ready. */
  pid(): number | undefined;
  /** Ends the process for good when what runs has finished, after `ms` at the latest; at once when it is not ready. */
  drain(ms: number): void;
  /** Ends the process for good, now. */
  end(): void;
  /** Resolves when it was stopped, rejects when it was given up. */
  readonly done: Promise<void>;
}

/** Threads for DuckDB's INSERTs, beside those that Node needs for files. */
const threadPoolSize = '32';
/** Each call leaves short-lived objects: a larger nursery saves a fifth of the processor time of small statements. */
const heapFlags = ['--max-semi-space-size=32', '--min-semi-space-size=16'];
const drainGraceMs = 5000;
/** They reach the process over its channel only. */
const secretVariables = ['DUCKHOUSE_PASSWORD', 'DUCKHOUSE_TOKEN'];

/** Its standard output is our standard error: on ours there is nothing but the ready line. */
function forkServer(module: string): ChildProcess {
  const env: NodeJS.ProcessEnv = { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize };
  for (const name of secretVariables) delete env[name];
  const execArgv = [...process.execArgv, ...heapFlags];
  return fork(module, [], { env, execArgv, stdio: ['ignore', 2, 2, 'ipc'], serialization: 'advanced' });
}

const refusalOf = ({ kind, message, id, hint, context }: FromChild & { readonly type: 'failed' }): DuckhouseError =>
  new DuckhouseError(kind, message, { id, hint, context: context as ErrorContext });

const neverReady = (reason: string): DuckhouseError =>
  new DuckhouseError('Internal', `the server process does not start: ${reason}`, {
    id: 'server-failed',
    context: { reason },
  });

/** A promise that others settle. */
function settleable(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: DuckhouseError) => void;
} {
  let resolve: () => void = () => undefined;
  let reject: (error: DuckhouseError) => void = () => undefined;
  const promise = new Promise<void>((whenGood, whenBad) => {
    resolve = whenGood;
    reject = whenBad;
  });
  promise.catch(() => undefined); // whoever waits for it sees the error
  return { promise, resolve, reject };
}

export function createKeeper({ module, childOptions, onReady, onMessage, onEnded }: KeeperOptions): Keeper {
  const policy = createRestartPolicy();
  const started = settleable();
  const done = settleable();
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let readyAt: number | undefined;
  let everReady = false;
  let stopping = false;
  let killReason: string | undefined;
  let refusal: DuckhouseError | undefined;

  const send = (message: ToChild): void => {
    if (child?.connected === true) child.send(message, () => undefined); // not sent: the process ends, which is seen below
  };

  const spawn = (): void => {
    restart = killReason = refusal = readyAt = undefined;
    try {
      child = forkServer(module);
    } catch (error) {
      ended(toDuckhouseError(error).message); // out of memory or of processes
      return;
    }
    const current = child;
    current.on('message', (message) => receive(current, message as FromChild));
    const once = oneCall(ended);
    current.once('exit', (code, signal) => once(signal ?? `exit code ${String(code)}`));
    current.once('error', (error) => once(error.message));
    send({ type: 'start', options: childOptions });
  };

  const receive = (from: ChildProcess, message: FromChild): void => {
    if (message.type === 'failed') refusal = refusalOf(message);
    if (message.type === 'ready' && from === child) {
      readyAt = Date.now();
      everReady = true;
      onReady(from);
      started.resolve();
    }
    onMessage(message);
  };

  const ended = (how: string): void => {
    const wasReady = readyAt !== undefined;
    const reason = killReason ?? how;
    const delay =
      stopping || (refusal !== undefined && !everReady)
        ? undefined
        : policy.afterEnd({ becameReady: wasReady, livedMs: wasReady ? Date.now() - (readyAt as number) : 0 });
    child = readyAt = undefined;
    onEnded({ reason, wasReady, again: delay !== undefined });
    if (delay !== undefined) restart = setTimeout(spawn, delay);
    else if (stopping) finish();
    else finish(refusal ?? neverReady(reason));
  };

  const finish = (error?: DuckhouseError): void => {
    started.reject(error ?? new DuckhouseError('Cancelled', 'stopped before the server was ready'));
    if (error === undefined) done.resolve();
    else done.reject(error);
  };

  const end = (): void => {
    stopping = true;
    clearTimeout(restart);
    if (restart !== undefined) finish();
    else child?.kill('SIGKILL');
  };

  return {
    start() {
      spawn();
      return started.promise;
    },
    send,
    kill(reason) {
      killReason = reason;
      child?.kill('SIGKILL');
    },
    pid: () => (readyAt === undefined ? undefined : child?.pid),
    drain(ms) {
      if (readyAt === undefined) return end();
      stopping = true;
      send({ type: 'drain', ms });
      setTimeout(end, ms + drainGraceMs).unref();
    },
    end,
    done: done.promise,
  };
}

/** The first call counts. */
function oneCall(call: (text: string) => void): (text: string) => void {
  let called = false;
  return (text) => {
    if (!called) call(text);
    called = true;
  };
}
