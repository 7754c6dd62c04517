import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The built command line beside the built tests. */
export const commandFile = fileURLToPath(new URL('../src/bin/duckhouse.js', import.meta.url));

/** Servers started in a folder; one that a failed test left running would keep its file from ending. */
const started = new Map<string, ChildProcess[]>();

export function endWithFolder(folder: string, child: ChildProcess): void {
  started.set(folder, [...(started.get(folder) ?? []), child]);
}

export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'duckhouse-test-'));
  try {
    return await work(folder);
  } finally {
    for (const child of started.get(folder) ?? []) child.kill('SIGKILL');
    started.delete(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** User to run as. */
  readonly uid?: number | undefined;
}

/** A user who is not the superuser, where one can be had: the superuser may read and write everything. Undefined = as we are. */
export const plainUser = (uid = 65534): number | undefined =>
  process.getuid?.() === 0 && isOpenToAll(path.dirname(commandFile)) ? uid : undefined;

/** Nobody special may come here, through all the folders above. */
function isOpenToAll(folder: string): boolean {
  if ((statSync(folder).mode & 0o5) !== 0o5) return false;
  return folder === path.dirname(folder) || isOpenToAll(path.dirname(folder));
}

/** False for the superuser where nobody else can be had. */
export const permissionsCount = (): boolean => process.getuid?.() !== 0 || plainUser() !== undefined;

const environment = (env: CommandOptions['env']): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  DUCKHOUSE_LANG: 'en',
  NODE_NO_WARNINGS: '1',
  ...env,
});

/** Runs `duckhouse ARGS` to its end. */
export async function duckhouse(
  args: readonly string[],
  { cwd, env, input, uid }: CommandOptions,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [commandFile, ...args], {
    cwd,
    env: environment(env),
    ...(uid === undefined ? {} : { uid }),
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') };
}

export interface ServerFileContent {
  readonly pid: number;
  readonly serverPid: number;
  readonly flight: string;
  readonly http: string;
}

export interface RunningServe {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly flight: string;
  readonly http: string;
  readonly stderr: () => string;
  serverFile(): Promise<ServerFileContent>;
  /** Resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `duckhouse serve` on free ports and waits for its ready line. */
export async function serve(
  folder: string,
  args: readonly string[] = [],
  env: CommandOptions['env'] = {},
): Promise<RunningServe> {
  const child = spawn(process.execPath, [commandFile, 'serve', '--flight-port', '0', '--http-port', '0', ...args], {
    cwd: folder,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithFolder(folder, child);
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const stderr = (): string => Buffer.concat(err).toString('utf8');
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')));
    child.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${stderr()}`)));
  });
  const match = /^ready flight=(\S+) http=(\S+)\n$/.exec(line);
  if (match === null) throw new Error(`not a ready line: ${line}`);
  return {
    child,
    flight: match[1] as string,
    http: match[2] as string,
    stderr,
    serverFile: async () =>
      JSON.parse(await readFile(path.join(folder, '.duckhouse', 'server.json'), 'utf8')) as ServerFileContent,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
  };
}

/** Waits until `condition` holds; an error names what was waited for. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  ms = 10_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
