/** Replays the script of a project and compares each step with what real dbt did (see the fixture's README). */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runDbt } from '../../src/dbt/index.ts';
import { ParseMemo } from '../../src/dbt/parse/memo.ts';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/rows.ts';
import { copyKitchenSink, kitchenSink } from './project.ts';

interface Step {
  readonly dbt?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly sql?: string;
  readonly copy?: readonly [string, string];
  readonly write?: readonly [string, string];
  readonly replace?: readonly [string, string, string];
}

interface Expected {
  readonly success: boolean;
  readonly ls?: readonly string[];
  readonly statuses?: Readonly<Record<string, { readonly status: string; readonly failures?: number }>>;
  readonly relations?: Readonly<Record<string, ExpectedRelation>>;
}

interface ExpectedRelation {
  readonly error?: string;
  readonly columns: readonly (readonly [string, string])[];
  readonly rows: number;
  readonly column_hash: Readonly<Record<string, string>>;
  readonly unstable_columns?: readonly string[];
}

const read = (name: string): unknown => JSON.parse(readFileSync(path.join(kitchenSink, name), 'utf8'));

export interface DbtRun {
  readonly code: number;
  readonly text: string;
}

/** One command line in this process. */
export async function dbt(
  cwd: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  memo?: ParseMemo,
): Promise<DbtRun> {
  let text = '';
  const code = await runDbt(
    [...argv, '--profiles-dir', 'profiles', '--no-use-colors'],
    {
      env: { DBT_LOG_LEVEL_FILE: 'none', ...env },
      cwd,
      write: (more) => {
        text += more;
      },
      memoOf: () => memo,
    },
    {
      version: () => Promise.resolve('0'),
      usage: '',
      summary: () => '',
      error: ({ message, hint }) => ({ message, hint }),
    },
  );
  return { code, text };
}

/**
 * Each step parses what the one before it left in the memo, which is frozen: a run that changes it fails.
 * Runs the steps up to `last`; those that real dbt made a difference with are compared.
 */
export async function replay(last: number, env: Readonly<Record<string, string>> = {}): Promise<number> {
  const folder = copyKitchenSink();
  const steps = read('steps.json') as readonly Step[];
  const { rows } = read('golden/steps.json') as { rows: readonly Expected[] };
  const memo = new ParseMemo({ freeze: true });
  let compared = 0;
  for (const [index, step] of steps.entries()) {
    if (index > last) break;
    await edit(folder, step);
    if (step.dbt === undefined) continue;
    const name = `step ${index}: dbt ${step.dbt.join(' ')}`;
    const results = path.join(folder, 'target', 'run_results.json');
    if (existsSync(results)) utimesSync(results, 1, 1);
    const result = await dbt(folder, [...step.dbt, '--quiet'], { ...env, ...step.env }, memo);
    await compare({ folder, name, step, result, expected: rows[index] as Expected });
    compared++;
  }
  return compared;
}

async function edit(folder: string, { sql, copy, write, replace }: Step): Promise<void> {
  const at = (name: string): string => path.join(folder, name);
  if (sql !== undefined) await onDatabase(folder, (engine) => engine.execute(sql));
  if (copy !== undefined) {
    mkdirSync(path.dirname(at(copy[1])), { recursive: true });
    cpSync(at(copy[0]), at(copy[1]));
  }
  if (write !== undefined) writeFileSync(at(write[0]), write[1]);
  if (replace !== undefined) {
    const [name, from, to] = replace;
    writeFileSync(at(name), readFileSync(at(name), 'utf8').replaceAll(from, to));
  }
}

async function onDatabase<T>(folder: string, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ database: path.join(folder, 'golden.duckdb') });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

interface Comparison {
  readonly folder: string;
  readonly name: string;
  readonly step: Step;
  readonly result: DbtRun;
  readonly expected: Expected;
}

async function compare({ folder, name, step, result, expected }: Comparison): Promise<void> {
  assert.equal(result.code === 0, expected.success, `${name}\n${result.text.slice(-2000)}`);
  if (expected.ls !== undefined) assert.deepEqual(result.text.trim().split('\n').sort(), [...expected.ls].sort(), name);
  const file = path.join(folder, 'target', 'run_results.json');
  const [command = ''] = step.dbt ?? [];
  // Which independent nodes get to run after a failure is a race.
  const isRace = step.dbt?.includes('--fail-fast') === true;
  if (expected.statuses !== undefined && isNew(file) && !isRace && !['show', 'source'].includes(command))
    assert.deepEqual(statusesIn(file), wantedStatuses(expected), name);
  if (expected.relations !== undefined)
    await onDatabase(folder, async (engine) => {
      for (const [relation, wanted] of Object.entries(expected.relations ?? {}))
        await compareRelation(engine, `${name}: ${relation}`, relation, wanted);
    });
}

/** Written by the step itself. */
const isNew = (file: string): boolean => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 2000;

const line = (status: string, failures: number | null | undefined): string => `${status} ${failures ?? 0}`;

function statusesIn(file: string): Record<string, string> {
  const { results } = JSON.parse(readFileSync(file, 'utf8')) as {
    results: readonly { unique_id: string; status: string; failures: number | null }[];
  };
  return Object.fromEntries(results.map(({ unique_id, status, failures }) => [unique_id, line(status, failures)]));
}

const wantedStatuses = ({ statuses = {} }: Expected): Record<string, string> =>
  Object.fromEntries(Object.entries(statuses).map(([id, { status, failures }]) => [id, line(status, failures)]));

async function compareRelation(
  engine: Engine,
  what: string,
  relation: string,
  wanted: ExpectedRelation,
): Promise<void> {
  if (wanted.error !== undefined) return;
  const name = relation
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
  const columns = await queryRows(engine, `DESCRIBE SELECT * FROM ${name}`);
  assert.deepEqual(
    columns.map(({ column_name, column_type }) => [column_name, column_type]),
    wanted.columns,
    what,
  );
  const unstable = new Set(wanted.unstable_columns ?? []);
  const stable = wanted.columns.map(([column]) => column).filter((column) => !unstable.has(column));
  const hashes = stable.map(
    (column) =>
      `sum(md5_number_lower(coalesce(CAST("${column}" AS VARCHAR), chr(1) || 'N'))::HUGEINT)::VARCHAR AS "${column}"`,
  );
  const [row = {}] = await queryRows(engine, `SELECT ${['count(*) AS "<rows>"', ...hashes].join(', ')} FROM ${name}`);
  if (!unstable.has('<rows>')) assert.equal(Number(row['<rows>']), wanted.rows, what);
  for (const column of stable) assert.equal(row[column], wanted.column_hash[column], `${what}, column ${column}`);
}
