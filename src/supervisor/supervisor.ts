import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { orphanedServer, removeServerFile, writeServerFile } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createHandover, type Handover } from './handover.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import { type Listener, listen } from './listeners.ts';
import { lockWorkspace } from './lock.ts';
import { residentBytes } from './memory.ts';
import { guardMemory, type MemoryGuard } from './memory-guard.ts';
import type { ConnectionKind, FromChild } from './protocol.ts';

export interface SupervisorOptions {
  /** Module of the server process. */
  readonly module: string;
  /** Sent to it over the IPC channel: secrets are in no argument and no environment. */
  readonly childOptions: unknown;
  readonly host: string;
  readonly flightPort: number;
  readonly httpPort: number;
  readonly stateDir: string;
  /** TLS on the Flight port. */
  readonly certificate: string | undefined;
  /** Resident bytes the server process may have. */
  readonly memoryWall: number;
  readonly drainSeconds: number;
  readonly version: string;
  readonly log: Logger;
  /** The process ended and is started again. */
  readonly onRestart: (reason: string) => void;
  /** Aborting it gives up a start that is not done yet. */
  readonly signal?: AbortSignal;
}

export interface Supervisor {
  readonly flight: string;
  readonly http: string;
  /** Resolves with the exit code when all has ended; rejects when the server process cannot be started again. */
  readonly done: Promise<number>;
  /** Drains at the first call, kills at the second. */
  stop(): void;
  isStopping(): boolean;
}

/** Runs the server process and keeps it running. Resolves when it is ready; rejects when it cannot start. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const unlock = lockWorkspace(options.stateDir);
  const handover = createHandover();
  const listeners: Listener[] = [];
  const closeAll = (): void => {
    for (const listener of listeners) listener.close();
    handover.close();
    unlock();
  };
  try {
    for (const kind of ['flight', 'http'] as const) {
      const port = kind === 'flight' ? options.flightPort : options.httpPort;
      listeners.push(await listen({ kind, host: options.host, port, onConnection: handover.add }));
    }
    await orphanEnded(options.stateDir);
    return await supervise(options, { handover, addresses: addressesOf(options, listeners), closeAll });
  } catch (error) {
    closeAll();
    throw error;
  }
}

const orphanPatienceMs = 6000;
const orphanCheckMs = 20;

/** The server process of a supervisor that was killed closes its database and ends: until then the file is not to be had. */
async function orphanEnded(stateDir: string): Promise<void> {
  const deadline = Date.now() + orphanPatienceMs;
  while (orphanedServer(stateDir) !== undefined && Date.now() < deadline) await sleep(orphanCheckMs);
}

interface Addresses {
  readonly flight: string;
  readonly http: string;
}

function addressesOf({ host, certificate }: SupervisorOptions, listeners: readonly Listener[]): Addresses {
  const name = host.includes(':') ? `[${host}]` : host;
  const at = (kind: ConnectionKind): string =>
    `${name}:${listeners.find((listener) => listener.kind === kind)?.port ?? 0}`;
  return {
    flight: `${certificate !== undefined ? 'grpc+tls' : 'grpc'}://${at('flight')}`,
    http: `http://${at('http')}`,
  };
}

interface Parts {
  readonly handover: Handover;
  readonly addresses: Addresses;
  readonly closeAll: () => void;
}

async function supervise(options: SupervisorOptions, { handover, addresses, closeAll }: Parts): Promise<Supervisor> {
  const { log, stateDir, version, certificate, drainSeconds, signal } = options;
  const startedAt = new Date().toISOString();
  let reported: number | undefined;
  const onMessage = (message: FromChild): void => {
    if (message.type === 'taken') handover.taken(message.id);
    else if (message.type === 'resident') reported = message.bytes;
  };
  const onReady = (child: ChildProcess): void => {
    handover.attach(child);
    try {
      const serverPid = child.pid as number;
      writeServerFile(stateDir, { pid: process.pid, serverPid, ...addresses, certificate, startedAt, version });
    } catch (error) {
      log.error('cannot write server.json: commands of this workspace may not find the server', { error }); // a full disk: serving goes on
    }
  };
  const keeper = createKeeper({
    ...options,
    onMessage,
    onReady,
    onEnded({ reason, wasReady, again }) {
      handover.detach();
      reported = undefined;
      if (!again) return;
      log.warn('server process ended', { reason, wasReady });
      if (wasReady) options.onRestart(reason);
    },
  });
  await startUnless(signal, keeper);
  const guard = watchMemory(options, keeper, () => reported);
  const done = keeper.done
    .then(() => 0)
    .finally(() => {
      guard.stop();
      removeServerFile(stateDir);
      closeAll();
    });
  done.catch(() => undefined); // whoever waits for it sees the error
  let stops = 0;
  return {
    ...addresses,
    done,
    stop: () => (stops++ === 0 ? keeper.drain(drainSeconds * 1000) : keeper.end()),
    isStopping: () => stops > 0,
  };
}

async function startUnless(signal: AbortSignal | undefined, keeper: Keeper): Promise<void> {
  const cancel = (): void => keeper.end();
  if (signal?.aborted) throw new DuckhouseError('Cancelled', 'stopped before the server was ready');
  signal?.addEventListener('abort', cancel, { once: true });
  await keeper.start();
  signal?.removeEventListener('abort', cancel);
}

function watchMemory(
  { memoryWall: wall, log }: SupervisorOptions,
  keeper: Keeper,
  reported: () => number | undefined,
): MemoryGuard {
  return guardMemory({
    wall,
    resident() {
      const pid = keeper.pid();
      return pid === undefined ? undefined : (residentBytes(pid) ?? reported());
    },
    onAbove(resident) {
      log.warn('memory wall reached, interrupting a statement', { resident, wall });
      keeper.send({ type: 'interrupt' });
    },
    onStuck(resident) {
      log.error('memory wall still exceeded, ending the server process', { resident, wall });
      keeper.kill('memory wall');
    },
  });
}
