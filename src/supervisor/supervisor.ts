import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { removeServerFile, writeServerFile } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type ConnectionKind, type Listener, listen } from './listeners.ts';
import { lockWorkspace } from './lock.ts';
import { guardMemory } from './memory.ts';
import type { FromChild, ToChild } from './protocol.ts';

export interface SupervisorOptions {
  /** Module of the server process. */
  readonly module: string;
  /** Sent to it over the IPC channel: secrets are in no argument and no environment. */
  readonly childOptions: unknown;
  readonly host: string;
  readonly flightPort: number;
  readonly httpPort: number;
  readonly stateDir: string;
  readonly secure: boolean;
  /** Resident bytes the server process may have. */
  readonly memoryWall: number;
  readonly drainSeconds: number;
  readonly version: string;
  readonly log: Logger;
  readonly onRestart: (reason: string) => void;
}

export interface Supervisor {
  readonly flight: string;
  readonly http: string;
  /** The exit code, when all has ended. */
  readonly done: Promise<number>;
  /** Drains at the first call, kills at the second. */
  stop(): void;
}

const maxFailedStarts = 5;
const maxWaiting = 1024;
/** Threads for DuckDB's INSERTs, beside those that Node needs for files. */
const threadPoolSize = '32';
const killGraceMs = 5000;

/** Runs the server process and keeps it running. Resolves when it is ready; rejects when it cannot start. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const unlock = lockWorkspace(options.stateDir);
  try {
    const keeper = createKeeper(options);
    const listeners = await openListeners(options, keeper.hand);
    try {
      return await supervise(options, { keeper, listeners, unlock });
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openListeners({ host, flightPort, httpPort }: SupervisorOptions, hand: (kind: ConnectionKind, socket: Socket) => void): Promise<Listener[]> {
  const flight = await listen({ host, port: flightPort, kind: 'flight' }, hand);
  try {
    return [flight, await listen({ host, port: httpPort, kind: 'http' }, hand)];
  } catch (error) {
    flight.close();
    throw error;
  }
}

interface Parts {
  readonly keeper: Keeper;
  readonly listeners: readonly Listener[];
  readonly unlock: () => void;
}

async function supervise(options: SupervisorOptions, { keeper, listeners, unlock }: Parts): Promise<Supervisor> {
  const port = (kind: ConnectionKind): number => (listeners.find((listener) => listener.kind === kind) as Listener).port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const flight = `${options.secure ? 'grpc+tls' : 'grpc'}://${host}:${port('flight')}`;
  const http = `http://${host}:${port('http')}`;
  const startedAt = new Date().toISOString();
  keeper.onReady((serverPid) => writeServerFile(options.stateDir, { pid: process.pid, serverPid, flight, http, startedAt, version: options.version }));
  const guard = guardMemory({
    pid: keeper.pid,
    wall: options.memoryWall,
    onAbove(resident) {
      options.log.warn('memory wall reached, interrupting the largest statement', { resident, wall: options.memoryWall });
      keeper.send({ type: 'interrupt' });
    },
    onStuck(resident) {
      options.log.error('memory wall still exceeded, ending the server process', { resident, wall: options.memoryWall });
      keeper.kill('memory wall');
    },
  });
  await keeper.start();
  const done = keeper.done.then((code) => {
    guard.stop();
    for (const listener of listeners) listener.close();
    removeServerFile(options.stateDir);
    unlock();
    return code;
  });
  return { flight, http, done, stop: keeper.stop };
}

interface Keeper {
  /** Resolves at the first `ready`. */
  start(): Promise<void>;
  /** Gives a connection to the server process, or keeps it until there is one. */
  hand(kind: ConnectionKind, socket: Socket): void;
  onReady(listener: (pid: number) => void): void;
  send(message: ToChild): void;
  kill(reason: string): void;
  pid(): number | undefined;
  stop(): void;
  readonly done: Promise<number>;
}

/** Keeps one server process alive: started again after each crash, given up only when it never gets ready. */
function createKeeper(options: SupervisorOptions): Keeper {
  let child: ChildProcess | undefined;
  let ready = false;
  let everReady = false;
  let failedStarts = 0;
  let stopping = 0;
  let killReason: string | undefined;
  let refusal: DuckhouseError | undefined;
  const waiting: { readonly kind: ConnectionKind; readonly socket: Socket }[] = [];
  const readyListeners: ((pid: number) => void)[] = [];
  let settleStart: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  let settleDone: (code: number) => void = () => undefined;
  const done = new Promise<number>((resolve) => (settleDone = resolve));

  const send = (message: ToChild, socket?: Socket): void => {
    if (child?.connected !== true) return;
    child.send(message, socket as never, () => undefined); // a send that fails meets a process that ends: its exit is handled
  };

  const spawn = (): void => {
    killReason = undefined;
    ready = false;
    child = fork(options.module, [], { env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    child.on('message', (message) => receive(message as FromChild));
    child.on('exit', (code, signal) => exited(signal ?? `code ${code}`));
    child.on('error', () => undefined); // an exit follows
    send({ type: 'start', options: options.childOptions });
  };

  const receive = (message: FromChild): void => {
    if (message.type === 'failed') {
      refusal = new DuckhouseError('Unavailable', message.message, { id: message.id, hint: message.hint, context: message.context as never });
    } else if (message.type === 'ready') {
      ready = true;
      everReady = true;
      failedStarts = 0;
      for (const listener of readyListeners) listener(child?.pid as number);
      for (const { kind, socket } of waiting.splice(0)) hand(kind, socket);
      settleStart?.resolve();
    }
  };

  const exited = (reason: string): void => {
    const wasReady = ready;
    ready = false;
    child = undefined;
    if (stopping > 0) return settleDone(0);
    if (!wasReady) failedStarts++;
    if ((refusal !== undefined && !everReady) || failedStarts >= maxFailedStarts) return giveUp(reason);
    const why = killReason ?? reason;
    if (everReady) {
      options.log.warn('server process ended', { reason: why });
      options.onRestart(why);
    }
    refusal = undefined;
    setTimeout(spawn, wasReady ? 0 : 100 * 2 ** failedStarts);
  };

  const giveUp = (reason: string): void => {
    for (const { socket } of waiting.splice(0)) socket.destroy();
    settleStart?.reject(refusal ?? new DuckhouseError('Internal', `the server process does not start: ${reason}`, { id: 'server-failed', context: { reason } }));
    settleDone(1);
  };

  const hand = (kind: ConnectionKind, socket: Socket): void => {
    if (ready && child?.connected === true) return send({ type: 'connection', kind }, socket);
    socket.on('error', () => undefined); // a client that gives up waiting
    if (waiting.length >= maxWaiting) socket.destroy();
    else waiting.push({ kind, socket });
  };

  const kill = (reason: string): void => {
    killReason = reason;
    child?.kill('SIGKILL');
  };

  return {
    start: () =>
      new Promise((resolve, reject) => {
        settleStart = { resolve, reject };
        spawn();
      }),
    hand,
    onReady: (listener) => void readyListeners.push(listener),
    send,
    kill,
    pid: () => (ready ? child?.pid : undefined),
    stop() {
      stopping++;
      if (child === undefined) return settleDone(0);
      if (stopping > 1 || !ready) return void child.kill('SIGKILL');
      send({ type: 'drain', ms: options.drainSeconds * 1000 });
      setTimeout(() => child?.kill('SIGKILL'), options.drainSeconds * 1000 + killGraceMs).unref();
    },
    done,
  };
}
