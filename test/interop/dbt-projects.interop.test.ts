import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { runDbt } from '../../src/dbt/index.ts';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/rows.ts';
import { quoteIdentifier } from '../../src/sql.ts';
import { pinnedIn, pythonWith } from './python.ts';

// Projects of our own through real dbt-core with dbt-duckdb and through this engine, step by step into two folders.
process.env.TZ = 'UTC';
const python = await pythonWith(...pinnedIn('dbt.txt'));
// Plugins of this engine run in the same Python.
process.env.PATH = [path.dirname(python.program('python')), process.env.PATH].join(path.delimiter);
const projects = path.resolve(import.meta.dirname, '../../../test/fixtures/dbt-projects');

interface Step {
  readonly dbt?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly sql?: string;
  readonly db?: string;
  readonly write?: readonly [string, string];
  readonly remove?: string;
  readonly copy?: readonly [string, string];
  readonly replace?: readonly [string, string, string];
}

interface Script {
  /** Columns that hold the time of the run, or follow from it: only counted. */
  readonly unstable: readonly string[];
  readonly steps: readonly Step[];
}

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[] | null;
  readonly statuses: Readonly<Record<string, readonly [string, number | null]>> | null;
  readonly relations: Readonly<Record<string, unknown>>;
}

interface Real {
  readonly outcomes: readonly (Outcome | null)[];
  readonly nodes: Readonly<Record<string, string | null>>;
}

const files = ['own.duckdb', 'prod.duckdb', 'other.duckdb'];
const base = mkdtempSync(path.join(tmpdir(), 'duckhouse-dbt-'));
const targets: string[] = [];
after(() => rmSync(base, { recursive: true, force: true }));

for (const name of readdirSync(projects).sort())
  test(`${name}: exit codes, statuses, lists, relations and compiled code are those of real dbt`, {
    skip: python.skip,
    timeout: 600_000,
  }, async () => {
    const script = JSON.parse(readFileSync(path.join(projects, name, 'script.json'), 'utf8')) as Script;
    const [theirs, ours] = ['real', 'ours'].map((side) => {
      const folder = path.join(base, side, name);
      cpSync(path.join(projects, name), folder, { recursive: true });
      return folder;
    }) as [string, string];
    const real = await python.run<Real>('real_dbt_projects.py', { folder: theirs, ...script }, { timeoutMs: 500_000 });
    for (const [index, step] of script.steps.entries()) {
      await edit(ours, step);
      if (step.dbt === undefined) continue;
      const outcome = await take(ours, step, script.unstable);
      assert.deepEqual(outcome, real.outcomes[index], `step ${index}: dbt ${step.dbt.join(' ')}`);
    }
    const target = path.join(ours, 'target');
    // A script may end with `clean`: neither has a manifest then.
    const cleaned = Object.keys(real.nodes).length === 0;
    assert.equal(existsSync(path.join(target, 'manifest.json')), !cleaned);
    if (cleaned) return;
    compareCompiled(ours, real.nodes);
    targets.push(target);
  });

test('manifests, results, catalogs and freshness are read by the classes of dbt-core', {
  skip: python.skip,
  timeout: 120_000,
}, async () => {
  const { read, problems } = await python.run<{ read: Record<string, number>; problems: string[] }>(
    'real_dbt_artifacts.py',
    targets,
  );
  assert.deepEqual(problems, []);
  for (const [kind, count] of Object.entries(read)) assert.ok(count > 0, `no ${kind} was written`);
});

async function edit(folder: string, { sql, db = 'own.duckdb', write, remove, copy, replace }: Step): Promise<void> {
  const at = (name: string): string => path.join(folder, name);
  if (sql !== undefined) await withEngine(at(db), (engine) => queryRows(engine, sql));
  if (write !== undefined) writeFileSync(at(write[0]), write[1]);
  if (remove !== undefined) rmSync(at(remove));
  if (copy !== undefined) {
    mkdirSync(path.dirname(at(copy[1])), { recursive: true });
    cpSync(at(copy[0]), at(copy[1]));
  }
  if (replace !== undefined)
    writeFileSync(at(replace[0]), readFileSync(at(replace[0]), 'utf8').replaceAll(replace[1], replace[2]));
}

async function withEngine<T>(file: string, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ database: file });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** One command of the engine, and what it left. */
async function take(folder: string, { dbt = [], env = {} }: Step, unstable: readonly string[]): Promise<Outcome> {
  const results = path.join(folder, 'target', 'run_results.json');
  const before = existsSync(results) ? statSync(results).mtimeMs : undefined;
  let text = '';
  const add = (more: string): void => {
    text += more;
  };
  process.chdir(folder); // as a command line begins in its project
  const code = await runDbt(
    [...dbt, '--quiet', '--no-use-colors'],
    { env: { DBT_LOG_LEVEL_FILE: 'none', ...env }, cwd: folder, write: add },
    {
      version: () => Promise.resolve('0'),
      usage: '',
      summary: () => '',
      error: ({ message, hint }) => ({ message, hint }),
    },
  );
  const lines = text.split('\n').map((line) => line.trimEnd());
  const isNew = existsSync(results) && statSync(results).mtimeMs !== before;
  const relations: Record<string, unknown> = {};
  for (const file of files) relations[file] = await relationsOf(path.join(folder, file), unstable);
  return {
    code,
    lines: dbt[0] === 'ls' && code === 0 ? lines.filter((line) => line !== '').sort() : null,
    statuses: isNew ? statusesOf(results) : null,
    relations,
  };
}

function statusesOf(file: string): Outcome['statuses'] {
  const { results } = JSON.parse(readFileSync(file, 'utf8')) as {
    results: readonly { unique_id: string; status: string; failures: number | null }[];
  };
  return Object.fromEntries(results.map(({ unique_id, status, failures }) => [unique_id, [status, failures]]));
}

async function relationsOf(file: string, unstable: readonly string[]): Promise<Record<string, unknown>> {
  if (!existsSync(file)) return {};
  return withEngine(file, async (engine) => {
    const found: Record<string, unknown> = {};
    const tables = (await queryRows(
      engine,
      "SELECT table_schema AS schema, table_name AS name, table_type AS kind FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema <> '_duckhouse'",
    )) as { schema: string; name: string; kind: string }[];
    for (const { schema, name, kind } of tables)
      found[`${schema}.${name}`] = await contents(engine, `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`, {
        kind,
        unstable,
      });
    return found;
  });
}

interface Reading {
  readonly kind: string;
  readonly unstable: readonly string[];
}

async function contents(engine: Engine, relation: string, { kind, unstable }: Reading): Promise<unknown> {
  try {
    const columns = ((await queryRows(engine, `DESCRIBE SELECT * FROM ${relation}`)) as Record<string, string>[]).map(
      ({ column_name: name, column_type: type }) => [name as string, type as string] as const,
    );
    const sums = columns.map(([name], i) => {
      const column = quoteIdentifier(name);
      return unstable.includes(name)
        ? `count(${column}) || '/' || count(DISTINCT ${column}) AS h${i}`
        : `sum(md5_number_lower(coalesce(CAST(${column} AS VARCHAR), chr(1) || 'N'))::HUGEINT)::VARCHAR AS h${i}`;
    });
    const rows = await queryRows(engine, `SELECT count(*)::VARCHAR AS n, ${sums.join(', ')} FROM ${relation}`);
    return { kind, columns, hashes: Object.values(rows[0] as Record<string, unknown>) };
  } catch {
    return { kind, error: true };
  }
}

/** Byte for byte, of what both have compiled; Python models carry text of the one that compiled them. */
function compareCompiled(folder: string, real: Real['nodes']): void {
  const { nodes } = JSON.parse(readFileSync(path.join(folder, 'target', 'manifest.json'), 'utf8')) as {
    nodes: Record<string, { compiled_code?: string | null }>;
  };
  assert.deepEqual(Object.keys(nodes).sort(), Object.keys(real).sort());
  for (const [id, code] of Object.entries(real)) {
    const own = nodes[id]?.compiled_code;
    if (code && own && !id.startsWith('operation.')) assert.equal(own, code, id);
  }
}
