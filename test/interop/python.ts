import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '../../..');
const cache = path.join(root, '.cache', 'python');
const programs = path.join(root, 'test', 'interop', 'programs');
/** An installation that has taken this long hangs. */
const installMs = 600_000;

/** A Python with packages, or why there is none: give `skip` to the test. */
export interface Python {
  readonly skip: string | false;
  /** The path of a program that the packages brought. */
  program(name: string): string;
  /** Runs `test/interop/programs/NAME` with `input` as JSON on its standard input; resolves with the JSON it prints. */
  run<T>(name: string, input: unknown, options?: RunOptions): Promise<T>;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A virtual environment with these packages (`name==version`), made once and kept in `.cache/python`.
 * Where python3 or a package cannot be had the tests are skipped, save when DUCKHOUSE_INTEROP=required.
 */
export async function pythonWith(...requirements: readonly string[]): Promise<Python> {
  const problem = await environment(requirements);
  if (problem !== undefined && process.env.DUCKHOUSE_INTEROP === 'required') throw new Error(problem);
  const folder = folderOf(requirements);
  const program = (name: string): string => path.join(folder, 'bin', name);
  return {
    skip: problem ?? false,
    program,
    run: (name, input, options = {}) => runProgram(program('python'), path.join(programs, name), input, options),
  };
}

/** The pins of `test/interop/requirements/NAME`, for `pythonWith`: installed as they are, nothing is resolved. */
export const pinnedIn = (name: string): string[] => [
  '--no-deps',
  ...readFileSync(path.join(root, 'test', 'interop', 'requirements', name), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')),
];

const folderOf = (requirements: readonly string[]): string =>
  path.join(cache, createHash('sha256').update(requirements.join('\n')).update(root).digest('hex').slice(0, 16));

/** Makes what is missing; resolves with the reason when that cannot be done. */
async function environment(requirements: readonly string[]): Promise<string | undefined> {
  const folder = folderOf(requirements);
  const done = path.join(folder, 'requirements.txt');
  if (existsSync(done)) return undefined;
  mkdirSync(cache, { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  try {
    return existsSync(done) ? undefined : make(folder, requirements);
  } finally {
    unlock();
  }
}

function make(folder: string, requirements: readonly string[]): string | undefined {
  rmSync(folder, { recursive: true, force: true });
  const venv = spawnSync('python3', ['-m', 'venv', folder], { encoding: 'utf8', timeout: installMs });
  if (venv.error !== undefined) return 'python3 is not installed';
  if (venv.status !== 0) return `python3 -m venv failed: ${lastLine(venv.stdout + venv.stderr)}`;
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements];
  const pip = spawnSync(path.join(folder, 'bin', 'python'), install, { encoding: 'utf8', timeout: installMs });
  if (pip.status !== 0) return `pip cannot install ${requirements.slice(0, 4).join(' ')}: ${lastLine(pip.stderr)}`;
  writeFileSync(path.join(folder, 'requirements.txt'), `${requirements.join('\n')}\n`);
  return undefined;
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** Test files run beside each other: the second waits. A lock older than any installation was left behind. */
async function lock(file: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch {
      if (isStale(file)) rmSync(file, { force: true });
      else await pause(200);
    }
  }
}

function isStale(file: string): boolean {
  try {
    const { mtimeMs } = statSync(file);
    if (Date.now() - mtimeMs > 2 * installMs) return true;
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function runProgram<T>(
  python: string,
  file: string,
  input: unknown,
  { timeoutMs = 120_000, env = {} }: RunOptions,
): Promise<T> {
  const child = spawn(python, ['-X', 'utf8', file], {
    cwd: programs,
    env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: programs, ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString('utf8');
    });
  child.stdin.on('error', () => undefined); // a program that does not read its input
  child.stdin.end(JSON.stringify(input));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0)
    throw new Error(
      `${path.basename(file)} ended with ${signal === 'SIGKILL' ? `no answer in ${timeoutMs} ms` : code}:\n${texts.stderr.slice(-4000)}`,
    );
  return JSON.parse(texts.stdout) as T;
}
