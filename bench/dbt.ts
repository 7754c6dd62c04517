import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { median } from './compare.ts';
import { writeLayered, writeViews } from './dbt-project.ts';
import { pythonFolder, root, workFolder } from './environment.ts';

// Real dbt and us in turn on the same projects: CPU seconds of the process tree, and time on the clock.

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

interface Taken {
  readonly cpu: number;
  readonly wall: number;
  readonly exitCode: number;
}

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  /** The project, or none: then the current folder does not matter. */
  readonly project?: string;
  readonly rounds: number;
  readonly only?: readonly string[];
}

const folder = path.join(workFolder, 'dbt');
const ours: Contender = {
  name: 'duckhouse',
  command: [process.execPath, path.join(root, 'dist/bin/duckhouse.js'), 'dbt'],
};

export async function run(): Promise<void> {
  const core = install('core', ['--no-deps', '-r', path.join(root, 'test/interop/requirements/dbt.txt')]);
  const next = install('v2', ['--only-binary=:all:', 'dbt==2.0.0rc196']);
  const contenders = [ours, ...named('dbt-core', core), ...named('dbt v2', next)];
  const small = made('parse-2000', (to) => writeLayered(to, 2000));
  const large = made('parse-10000', (to) => writeLayered(to, 10_000));
  const views = made('views-500', (to) => writeViews(to, 500));
  const empty = made('empty', (to) => writeViews(to, 0));
  const parse = ['parse', '--no-partial-parse'];
  const both = ['duckhouse', 'dbt-core'];
  const cases: readonly Case[] = [
    { name: '--version', args: ['--version'], rounds: 5 },
    { name: 'parse, no model', args: parse, project: empty, rounds: 3 },
    { name: 'parse, 2,000 models, cold', args: parse, project: small, rounds: 3 },
    { name: 'parse, 10,000 models, cold', args: parse, project: large, rounds: 1 },
    { name: 'run, 500 views, 1 thread', args: ['run', '--threads', '1'], project: views, rounds: 1, only: both },
    { name: 'run, 500 views, 4 threads', args: ['run', '--threads', '4'], project: views, rounds: 1, only: both },
    { name: 'build, kitchen sink', args: ['build'], project: kitchenSink(), rounds: 2, only: both },
    ...ownProjects().map((project) => ({
      name: `build, ${path.basename(project)}`,
      args: ['build'],
      project,
      rounds: 1,
      only: both,
    })),
  ];
  for (const one of cases) report(one, contenders);
  reportViews(
    contenders.filter(({ name }) => both.includes(name)),
    { views, empty: made('views-1', (to) => writeViews(to, 1)) },
  );
  if (core !== undefined) reportDuckDb(path.join(path.dirname(core), 'python'));
}

/** What each of 500 views costs beyond a run of one. */
function reportViews(
  contenders: readonly Contender[],
  { views, empty }: { readonly views: string; readonly empty: string },
): void {
  for (const contender of contenders) {
    const [one, all] = [empty, views].map((project) => measure(contender, ['run', '--threads', '1'], project).cpu);
    const each = (((all ?? 0) - (one ?? 0)) / 499) * 1000;
    process.stdout.write(`  run, each of 500 views, 1 thread: ${contender.name} CPU ${each.toFixed(1)} ms\n`);
  }
}

/** What DuckDB itself takes for the statements of 500 such views, in a Python that does nothing else. */
function reportDuckDb(python: string): void {
  const program = path.join(pythonFolder, 'views.py');
  const { stdout, stderr } = spawnSync(python, [program, path.join(folder, 'views.duckdb')], { encoding: 'utf8' });
  process.stdout.write(`  the statements of each of 500 views in DuckDB alone: ${stdout.trim() || stderr.trim()}\n`);
}

function report({ name, args, project, rounds, only }: Case, contenders: readonly Contender[]): void {
  const taking = contenders.filter((contender) => only === undefined || only.includes(contender.name));
  const taken = new Map<string, Taken[]>(taking.map((contender) => [contender.name, []]));
  for (let round = 0; round < rounds; round++)
    for (const contender of taking) taken.get(contender.name)?.push(measure(contender, args, project));
  const middle = (who: string, what: 'cpu' | 'wall'): number => median((taken.get(who) ?? []).map((one) => one[what]));
  const codes = taking.map(
    (contender) =>
      `${taken
        .get(contender.name)
        ?.map(({ exitCode }) => exitCode)
        .join(' ')}`,
  );
  const ends = codes.every((code) => /^0( 0)*$/.test(code)) ? '' : `; exit codes ${codes.join(', ')}`;
  const [mine, clock] = [middle(ours.name, 'cpu'), middle(ours.name, 'wall')];
  const others = taking.slice(1).map((other) => {
    const [cpu, wall] = [middle(other.name, 'cpu'), middle(other.name, 'wall')];
    return `${other.name} ${cpu.toFixed(2)} s (${(cpu / mine).toFixed(1)}x), clock ${wall.toFixed(2)} s (${(wall / clock).toFixed(1)}x)`;
  });
  process.stdout.write(
    `  ${name}: CPU ${mine.toFixed(2)} s, clock ${clock.toFixed(2)} s; ${others.join('; ')}${ends}\n`,
  );
}

/** ext4 looks longer for room for a file while the places of deleted ones are not free yet: five seconds. */
const settleMs = 6000;

/** One run in a project that nothing was made in yet. */
function measure({ name, command }: Contender, args: readonly string[], project: string | undefined): Taken {
  const cwd = project ?? folder;
  for (const left of project === undefined ? [] : readdirSync(cwd))
    if (left === 'target' || left === 'logs' || /\.duckdb(\.wal)?$/.test(left))
      rmSync(path.join(cwd, left), { recursive: true, force: true });
  if (project !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, settleMs);
  const profiles =
    project !== undefined && existsSync(path.join(cwd, 'profiles')) ? ['--profiles-dir', 'profiles'] : [];
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="%U %S %R"; time "$@" >/dev/null 2>&1; echo $?', 'bash', ...command, ...args, ...profiles],
    {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DBT_VERSION_CHECK: 'false' },
    },
  );
  const [user, system, wall] = stderr.trim().split(/\s+/).map(Number);
  if (user === undefined || system === undefined || wall === undefined || Number.isNaN(wall))
    throw new Error(`${name} ${args.join(' ')}: ${stdout}${stderr}`);
  return { cpu: user + system, wall, exitCode: Number(stdout) };
}

/** A virtual environment with a dbt in it; undefined, and told, where it cannot be had. */
function install(name: string, requirements: readonly string[]): string | undefined {
  const venv = path.join(folder, `venv-${name}`);
  const program = path.join(venv, 'bin', 'dbt');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['python3', ['-m', 'venv', venv]],
    [path.join(venv, 'bin', 'pip'), ['install', '--quiet', ...requirements]],
  ];
  for (const [file, args] of steps) {
    const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
    if (status === 0) continue;
    rmSync(venv, { recursive: true, force: true });
    process.stdout.write(`  dbt (${name}) is left out: ${stderr?.trim().split('\n').at(-1) ?? `no ${file}`}\n`);
    return undefined;
  }
  return program;
}

const named = (name: string, program: string | undefined): Contender[] =>
  program === undefined ? [] : [{ name, command: [program] }];

/** A project that is written once and kept. */
function made(name: string, write: (folder: string) => void): string {
  const project = path.join(folder, name);
  if (!existsSync(project)) write(project);
  return project;
}

const fixtures = path.join(root, 'test/fixtures');
const kitchenSink = (): string =>
  made('kitchen-sink', (to) => cpSync(path.join(fixtures, 'dbt/kitchen-sink/project'), to, { recursive: true }));

/** Those of our own projects that need nothing but `build`. */
const ownProjects = (): string[] =>
  ['contracts', 'seeds', 'snapshots', 'tests'].map((name) =>
    made(name, (to) => cpSync(path.join(fixtures, 'dbt-projects', name), to, { recursive: true })),
  );
