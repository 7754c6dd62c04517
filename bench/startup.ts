import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { median } from './compare.ts';
import { root } from './environment.ts';

const command = path.join(root, 'dist/bin/duckhouse.js');

/** Time of `--help`, of a completion, and until `serve` is ready in an empty workspace. */
export async function run(): Promise<void> {
  await report('--help', () => runOnce(['--help']));
  await report('completion bash', () => runOnce(['completion', 'bash']));
  await report('__complete qu', () => runOnce(['__complete', 'qu']));
  await report('node --version (what Node itself takes)', () => runOnce(['--version'], []));
  await report('serve, ready', serveOnce, 7);
}

async function report(name: string, once: () => number | Promise<number>, times = 15): Promise<void> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) taken.push(await once());
  const sorted = taken.toSorted((a, b) => a - b);
  process.stdout.write(
    `  ${name}: median ${median(taken).toFixed(0)} ms, of ${times} the slowest ${sorted.at(-1)?.toFixed(0)} ms\n`,
  );
}

function runOnce(args: readonly string[], program: readonly string[] = [command]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, [...program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`duckhouse ${args.join(' ')} ended with ${status}`);
  return performance.now() - start;
}

async function serveOnce(): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'duckhouse-bench-'));
  const start = performance.now();
  const child = spawn(
    process.execPath,
    [command, 'serve', '--workspace', folder, '--flight-port', '0', '--http-port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const taken = performance.now() - start;
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
  return taken;
}
