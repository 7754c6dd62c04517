import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { commandFile, duckhouse, endWithFolder, eventually, inTemporaryFolder } from '../workspace.ts';

const anyPorts = ['--flight-port', '0', '--http-port', '0'];

async function workspace(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

interface RunningUp {
  readonly stdout: () => string;
  readonly stderr: () => string;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `duckhouse up` and waits until its job is done. */
async function up(cwd: string): Promise<RunningUp> {
  const child = spawn(process.execPath, [commandFile, 'up', ...anyPorts], {
    cwd,
    env: { PATH: process.env.PATH, DUCKHOUSE_LANG: 'en' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  endWithFolder(cwd, child);
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    });
  }
  await eventually('the job', () => {
    assert.equal(child.exitCode, null, texts.stderr);
    return texts.stderr.includes('stop with Ctrl-C');
  });
  return {
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    async stop(signal) {
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
  };
}

test('up loads, builds the dbt project, shows and keeps serving; a second up uses the same server and loads nothing', () =>
  inTemporaryFolder(async (cwd) => {
    await workspace(cwd, {
      'ingestion/data/sales.csv': 'shop,amount\nA,1.5\nB,2\n',
      'queries/b.sql': 'SELECT 1',
      'queries/a.sql': 'SELECT shop, amount * 2 AS twice FROM sales ORDER BY shop',
      'transform/dbt_project/dbt_project.yml': 'name: x\nprofile: x\n',
      'transform/dbt_project/models/totals.sql': 'select sum(amount) as total from sales',
      'config/dbt_profiles.yml':
        'x: {target: dev, outputs: {dev: {type: duckdb, path: "{{ env_var(\'DUCKDB_PATH\') }}"}}}\n',
    });
    const running = await up(cwd);
    assert.match(running.stdout(), /^ready flight=grpc:\/\/127\.0\.0\.1:\d+ http=http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(running.stdout(), /sales\.csv +warehouse\.main\.sales +loaded 2 rows/);
    assert.match(running.stdout(), /A +3\n/);
    assert.match(running.stderr(), /building the dbt project in transform\/dbt_project/);
    assert.match(running.stderr(), /OK created sql view model main\.totals/);
    assert.match(running.stderr(), /duckhouse query "FROM sales LIMIT 5"\n/);
    assert.match(running.stderr(), /pyarrow\.flight/);
    const second = await duckhouse(['up', ...anyPorts], { cwd });
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stderr, /using the server that runs already \(pid \d+\)/);
    assert.match(second.stdout, /sales\.csv +warehouse\.main\.sales +loaded before \(2 rows\), nothing to do/);
    assert.equal((await duckhouse(['query', 'SELECT count(*) AS n FROM sales'], { cwd })).stdout, '{"n":2}\n');
    assert.equal(await running.stop('SIGINT'), 0);
    assert.equal(existsSync(path.join(cwd, '.duckhouse', 'server.json')), false);
  }));

test('a query that fails makes up --exit fail, with its error told and the rest done', () =>
  inTemporaryFolder(async (cwd) => {
    await workspace(cwd, { 'ingestion/data/sales.csv': 'shop,amount\nA,1\n', 'queries/a.sql': 'SELECT * FROM salez' });
    const result = await duckhouse(['up', '--exit', ...anyPorts], { cwd });
    assert.equal(result.code, 1);
    assert.match(result.stdout, /sales\.csv +warehouse\.main\.sales +loaded 1 row\n/);
    assert.match(result.stderr, /error: .*salez[\s\S]*sales/);
    assert.match(result.stderr, /duckhouse ls\n/);
    assert.equal(existsSync(path.join(cwd, '.duckhouse', 'server.lock')), false);
  }));

test('up in an empty folder serves, and says what to do', () =>
  inTemporaryFolder(async (cwd) => {
    const running = await up(cwd);
    assert.match(running.stderr(), /duckhouse query "SELECT 42"\n/);
    assert.equal((await duckhouse(['query', 'SELECT 42 AS n'], { cwd })).stdout, '{"n":42}\n');
    assert.equal(await running.stop('SIGTERM'), 0);
  }));

/** A program that Node runs first: Ctrl-C comes as soon as the command hears it at all, long before its server starts. */
const atOnce = `data:text/javascript,${encodeURIComponent(
  "process.on('newListener', function early(name) { if (name !== 'SIGINT') return; process.off('newListener', early); setImmediate(() => process.kill(process.pid, 'SIGINT')); })",
)}`;

for (const command of ['up', 'serve'])
  test(
    `Ctrl-C while ${command} is being loaded ends it: it served on, deaf`,
    { skip: process.platform === 'win32' },
    () =>
      inTemporaryFolder(async (cwd) => {
        const env = { NODE_OPTIONS: `--import=${atOnce}` };
        const child = spawn(process.execPath, [commandFile, command, ...anyPorts], {
          cwd,
          env: { ...env, PATH: process.env.PATH, DUCKHOUSE_LANG: 'en' },
          stdio: 'ignore',
        });
        endWithFolder(cwd, child);
        const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number | null];
        assert.equal(code, 130);
        assert.equal(existsSync(path.join(cwd, '.duckhouse', 'server.lock')), false);
      }),
  );
