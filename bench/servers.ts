import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { python, pythonFolder, root } from './environment.ts';

/** A server process under test, with a database of its own. */
export interface BenchServer {
  readonly name: string;
  readonly port: number;
  /** Of the process that answers. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Copied; none = an empty database. */
  readonly database?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

function freshFolder(database: string | undefined): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'duckhouse-bench-'));
  mkdirSync(path.join(folder, 'data'));
  if (database !== undefined) copyFileSync(database, path.join(folder, 'data/bench.duckdb'));
  return folder;
}

async function stopChild(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
  rmSync(folder, { recursive: true, force: true });
}

export async function startDuckhouse({ database, env }: StartOptions = {}): Promise<BenchServer> {
  const folder = freshFolder(database);
  const args = ['serve', '--workspace', folder, '--database', path.join(folder, 'data/bench.duckdb')];
  const child = spawn(
    process.execPath,
    [path.join(root, 'dist/bin/duckhouse.js'), ...args, '--flight-port', '0', '--http-port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`duckhouse serve ended with ${code}`)));
  });
  const state = JSON.parse(readFileSync(path.join(folder, '.duckhouse/server.json'), 'utf8')) as {
    readonly serverPid: number;
    readonly flight: string;
  };
  const port = Number(/:(\d+)$/.exec(state.flight)?.[1]);
  return { name: 'duckhouse', port, pid: state.serverPid, stop: () => stopChild(child, folder) };
}

/** The Python design to compare with: pyarrow.flight over DuckDB. */
export async function startPeer({ database }: StartOptions = {}): Promise<BenchServer> {
  const folder = freshFolder(database);
  const port = await freePort();
  const child = spawn(
    python(),
    [path.join(pythonFolder, 'peer_server.py'), String(port), path.join(folder, 'data/bench.duckdb')],
    { stdio: ['ignore', 'inherit', 'ignore'] },
  );
  await connectable(port, child);
  return { name: 'peer', port, pid: child.pid as number, stop: () => stopChild(child, folder) };
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function connectable(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`the peer ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the peer does not answer');
}

/** Both servers, fresh, for the time of `work`. */
export async function withServers<T>(
  options: StartOptions,
  work: (servers: readonly BenchServer[]) => T | Promise<T>,
): Promise<T> {
  const servers = [await startDuckhouse(options), await startPeer(options)];
  try {
    return await work(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}
