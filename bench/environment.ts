import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');
export const pythonFolder = path.join(root, 'bench/python');
/** What is made once and kept: the virtual environment, the data. Git ignores it. */
export const workFolder = path.join(root, 'bench/.work');

const requirements = path.join(pythonFolder, 'requirements.txt');

/** Python with the packages of the peer and the clients, installed at the first call. */
export function python(): string {
  const venv = path.join(workFolder, '.venv');
  const stamp = path.join(venv, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  const command = path.join(venv, 'bin/python');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return command;
  process.stderr.write('bench: installing the Python packages …\n');
  mkdirSync(workFolder, { recursive: true });
  execFileSync('python3', ['-m', 'venv', venv], { stdio: ['ignore', 2, 2] });
  execFileSync(command, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, wanted);
  return command;
}

/** Runs a program of bench/python and gives back what it printed. */
export function runPython(program: string, args: readonly string[]): string {
  const { status, stdout, error } = spawnSync(python(), [path.join(pythonFolder, program), ...args], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`, { cause: error });
  return stdout;
}

/** A file of the work folder, made at the first call. */
export function kept(name: string, make: (file: string) => void): string {
  const file = path.join(workFolder, name);
  if (!existsSync(file)) {
    process.stderr.write(`bench: making ${name} …\n`);
    mkdirSync(workFolder, { recursive: true });
    make(`${file}.part`);
    copyFileSync(`${file}.part`, file);
    rmSync(`${file}.part`);
  }
  return file;
}

/** The database with the table `li`, 6,000,000 rows of 9 columns, 652 MB as Arrow. */
export const liDatabase = (): string => kept('li.duckdb', (file) => void runPython('mkdata.py', [file]));

export function machine(): string {
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown processor';
  const versions = JSON.parse(
    execFileSync(
      python(),
      ['-c', 'import json, duckdb, pyarrow; print(json.dumps([duckdb.__version__, pyarrow.__version__]))'],
      { encoding: 'utf8' },
    ),
  ) as [string, string];
  const load = os.loadavg()[0]?.toFixed(1);
  return [
    `${os.cpus().length} x ${cpu}, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()} ${os.release()}`,
    `Node ${process.versions.node}, peer: DuckDB ${versions[0]}, pyarrow ${versions[1]}, load ${load}`,
  ].join('; ');
}
