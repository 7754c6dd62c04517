import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const parse = async (): Promise<number> => {
    const before = cpuMs(serverPid);
    const { status } = spawnSync(process.execPath, [command, 'dbt', 'parse', '--quiet', '--workspace', workspace]);
    if (status !== 0) throw new Error(`dbt parse ended with ${status}`);
    const cpu = cpuMs(serverPid) - before;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    return cpu;
  };
  process.stdout.write(`  ${models} models, in the server: first ${await parse()} ms of CPU\n`);
  for (const [what, edit] of Object.entries(edits)) {
    const cpu: number[] = [];
    for (let i = 0; i < 5; i++) {
      edit(path.join(project, 'models/layer0/g00000'), i);
      cpu.push(await parse());
    }
    process.stdout.write(
      `    then ${what} changed: median ${median(cpu)} ms, ${Math.min(...cpu)}-${Math.max(...cpu)}\n`,
    );
  }
  process.stdout.write(`    ${(residentMb(serverPid) - idle).toFixed(0)} MB over the idle server\n`);
  server.kill('SIGTERM');
  await ended;
}

type Edit = (folder: string, n: number) => void;

const inModel =
  (add: (n: number) => string): Edit =>
  (folder, n) =>
    replace(path.join(folder, 'm0_00001.sql'), /(-- \d.*)?\n?$/, `-- ${n} ${add(n)}\n`);
const inProperties =
  (of: RegExp, now: (n: number) => string): Edit =>
  (folder, n) =>
    replace(path.join(folder, 'schema.yml'), of, now(n));

const replace = (file: string, of: RegExp, now: string): void =>
  writeFileSync(file, readFileSync(file, 'utf8').replace(of, now));

/** One file is another each time. */
const edits: Readonly<Record<string, Edit>> = {
  'the text of a model': inModel(() => ''),
  'its source': inModel((n) => `{{ source('raw', 'src_${n + 2}') }}`),
  'its config': inModel((n) => `{{ config(tags=['t${n}']) }}`),
  'a description in YAML': inProperties(/Model 2.* of/, (n) => `Model 2 (${n}) of`),
  'a config in YAML': inProperties(/(- name: m0_00003\n)(?: *config.*\n)?/, (n) => `$1    config: {meta: {n: ${n}}}\n`),
  'a test in YAML': inProperties(
    /description: key.*\}/,
    (n) => `description: key, data_tests: [{unique: {name: u${n}}}]}`,
  ),
};

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
