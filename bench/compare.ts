import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runPython, workFolder } from './environment.ts';
import { type BenchServer, type StartOptions, withServers } from './servers.ts';

export type Figures = Readonly<Record<string, number>>;
type Round = Readonly<Record<string, Figures>>;

interface TestResult {
  readonly test: string;
  /** Of the machine when the test had run: above the number of its cores others were at work too. */
  readonly load?: number;
  readonly rounds: readonly Round[];
  readonly peak: Readonly<Record<string, number>>;
}

export interface ComparisonOptions extends StartOptions {
  /** Names of the client's tests, in order; `test:label` reports under another name. */
  readonly tests: readonly string[];
  readonly reps?: number;
  readonly starts?: number;
  /** Added to the names of the tests. */
  readonly label?: string;
  /** Only us: the peer has nothing of the kind. */
  readonly alone?: boolean;
  /** Without a round that warms up. */
  readonly cold?: boolean;
}

export function runClient(
  servers: readonly BenchServer[],
  { tests, reps, cold }: { readonly tests: readonly string[]; readonly reps: number; readonly cold: boolean },
): TestResult[] {
  const args = servers.flatMap(({ name, port, pid }) => ['--server', `${name}=${port},${pid}`]);
  const output = runPython('client.py', [...args, '--reps', String(reps), ...(cold ? ['--cold'] : []), ...tests]);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as TestResult);
}

/** Runs the tests on freshly started servers, several times, and prints medians and ratios. */
export async function compare(options: ComparisonOptions): Promise<void> {
  const { tests, reps = numberFrom('BENCH_REPS', 3), starts = numberFrom('BENCH_STARTS', 3), cold = false } = options;
  const results: TestResult[] = [];
  for (let start = 0; start < starts; start++)
    results.push(
      ...(await withServers(options, (servers) =>
        record(runClient(options.alone ? servers.slice(0, 1) : servers, { tests, reps, cold }), options.label),
      )),
    );
  printAll(results);
}

const recordFile = path.join(workFolder, 'results.jsonl');

/** Keeps what one start gave, for `report`. */
function record(results: readonly TestResult[], label: string | undefined): TestResult[] {
  const loaded = results.map((result) => ({
    ...result,
    test: label === undefined ? result.test : `${result.test} (${label})`,
    load: os.loadavg()[0] as number,
    at: new Date().toISOString(),
  }));
  for (const one of loaded) appendFileSync(recordFile, `${JSON.stringify(one)}\n`);
  return loaded;
}

/** Every start that was recorded, together. */
export function printRecorded(): void {
  if (!existsSync(recordFile)) return;
  const lines = readFileSync(recordFile, 'utf8').trim().split('\n');
  printAll(lines.map((line) => JSON.parse(line) as TestResult));
}

function printAll(results: readonly TestResult[]): void {
  for (const name of new Set(results.map(({ test }) => test)))
    printTest(
      name,
      results.filter(({ test }) => test === name),
    );
}

const numberFrom = (variable: string, fallback: number): number => Number(process.env[variable] ?? fallback);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

const show = (value: number): string => (value < 10 ? value.toPrecision(3) : value.toFixed(value < 100 ? 1 : 0));

/** For each figure the median over all rounds, and the median over starts of the median ratio of each start's rounds. */
function printTest(name: string, starts: readonly TestResult[]): void {
  const first = starts[0]?.rounds[0] as Round;
  const servers = Object.keys(first);
  const lines = servers.map((server) => {
    const figures = Object.keys(first[server] as Figures).map((figure) => {
      const values = starts.flatMap(({ rounds }) => rounds.map((round) => round[server]?.[figure] as number));
      return `${figure} ${show(median(values))}`;
    });
    const peak = `peak RSS MB ${show(Math.max(...starts.map((start) => start.peak[server] as number)))}`;
    return `  ${server.padEnd(10)} ${[...figures, peak].join('  ')}`;
  });
  const load = starts.map((start) => start.load?.toFixed(0)).join(' ');
  process.stdout.write(`== ${name}, ${starts.length} starts, load ${load}\n${lines.join('\n')}\n`);
  const [ours, peer] = servers;
  if (ours === undefined || peer === undefined) return;
  const ratios = Object.keys(first[ours] as Figures).map((figure) => {
    const byStart = starts.map(({ rounds }) =>
      median(rounds.map((round) => (round[ours]?.[figure] as number) / (round[peer]?.[figure] as number))),
    );
    return `${figure} x${median(byStart).toFixed(2)} (${byStart.map((ratio) => ratio.toFixed(2)).join(' ')})`;
  });
  process.stdout.write(`  ${'ratio'.padEnd(10)} ${ratios.join('  ')}\n`);
}
