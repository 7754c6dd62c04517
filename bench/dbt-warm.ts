import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { median } from './compare.ts';
import { writeLayered } from './dbt-project.ts';
import { root } from './environment.ts';

const command = path.join(root, 'dist/bin/duckhouse.js');
const tickMs = 10;

/** CPU of `dbt parse` in a process of its own, and in a server that has parsed the project before, one file changed each time. */
export async function run(): Promise<void> {
  for (const models of [2000, 10_000]) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'duckhouse-bench-'));
    try {
      const project = path.join(folder, 'transform/dbt_project');
      writeLayered(project, models);
      const cold = [1, 2, 3].map(() => ownProcess(project));
      process.stdout.write(`  ${models} models, own process: median ${median(cold).toFixed(0)} ms of CPU\n`);
      await inServer(folder, project, models);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function ownProcess(project: string): number {
  const line = `"$0" "$1" dbt parse --quiet && times`;
  const { stdout, status } = spawnSync('sh', ['-c', line, process.execPath, command], {
    cwd: project,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`dbt parse ended with ${status}`);
  const parts = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000, 0);
}

async function inServer(workspace: string, project: string, models: number): Promise<void> {
  const server = spawn(
    process.execPath,
    [command, 'serve', '--workspace', workspace, '--flight-port', '0', '--http-port', '0'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => server.once('exit', resolve));
  await new Promise((resolve) => server.stdout.once('data', resolve));
  const { serverPid } = JSON.parse(readFileSync(path.join(workspace, '.duckhouse/server.json'), 'utf8')) as {
    serverPid: number;
  };
  const idle = residentMb(serverPid);
  const cpu: number[] = [];
  for (let i = 0; i < 8; i++) {
    appendFileSync(path.join(project, 'models/layer0/g00000/m0_00001.sql'), `-- ${i}\n`);
    const before = cpuMs(serverPid);
    const { status } = spawnSync(process.execPath, [command, 'dbt', 'parse', '--quiet', '--workspace', workspace]);
    if (status !== 0) throw new Error(`dbt parse ended with ${status}`);
    cpu.push(cpuMs(serverPid) - before);
    await new Promise((resolve) => setTimeout(resolve, 2500));
  }
  const [first, ...warm] = cpu;
  process.stdout.write(
    `  ${models} models, in the server: first ${first} ms of CPU, then median ${median(warm)} ms; ${(residentMb(serverPid) - idle).toFixed(0)} MB over the idle server\n`,
  );
  server.kill('SIGTERM');
  await ended;
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
