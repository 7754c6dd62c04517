import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '../../src/log.ts';
import { type Supervisor, type SupervisorOptions, startSupervisor } from '../../src/supervisor/index.ts';
import type { Life } from './child-program.ts';

export interface Supervised {
  readonly supervisor: Supervisor;
  readonly reasons: readonly string[];
  /** The pids of all processes there were, in order. */
  lives(): number[];
}

/** A supervisor of the little child program. */
export async function supervise(
  folder: string,
  lives: readonly Life[],
  options: Partial<SupervisorOptions> = {},
): Promise<Supervised> {
  const livesFile = path.join(folder, 'lives');
  const reasons: string[] = [];
  const supervisor = await startSupervisor({
    module: fileURLToPath(new URL('./child-program.js', import.meta.url)),
    childOptions: { livesFile, lives },
    host: '127.0.0.1',
    flightPort: 0,
    httpPort: 0,
    stateDir: path.join(folder, '.duckhouse'),
    certificate: undefined,
    memoryWall: 8e9,
    drainSeconds: 5,
    version: '0',
    log: silentLogger,
    onRestart: (reason) => void reasons.push(reason),
    ...options,
  });
  return { supervisor, reasons, lives: () => livesOf(folder) };
}

export const livesOf = (folder: string): number[] =>
  readFileSync(path.join(folder, 'lives'), 'utf8').trim().split('\n').map(Number);

export const portOf = (uri: string): number => Number(new URL(uri).port);

export interface Visit {
  readonly socket: Socket;
  /** The child's first line; undefined when the connection ended without one. */
  readonly greeting: string | undefined;
}

/** Connects and waits for the greeting. */
export async function visit(uri: string): Promise<Visit> {
  const socket = net.connect(portOf(uri), '127.0.0.1');
  const line = new Promise<string | undefined>((resolve) => {
    socket.once('data', (data) => resolve(data.toString().trim()));
    socket.once('close', () => resolve(undefined));
    socket.on('error', () => resolve(undefined));
  });
  return { socket, greeting: await line };
}

export async function echo({ socket }: Visit, text: string): Promise<string> {
  socket.write(text);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}
