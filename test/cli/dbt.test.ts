import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { commandFile, duckhouse, endWithFolder, eventually, inTemporaryFolder } from '../workspace.ts';

const project = {
  'transform/dbt_project/dbt_project.yml':
    'name: shop\nversion: 1.0.0\nprofile: shop\nmodels: {+materialized: table}\n',
  'config/dbt_profiles.yml':
    'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: ../../.duckhouse/warehouse.duckdb, threads: 4}\n',
  'transform/dbt_project/models/a.sql': 'select range as id from range(100)\n',
  'transform/dbt_project/models/b.sql': "select id, id * 2 as twice from {{ ref('a') }}\n",
  'transform/dbt_project/models/c.yml':
    'models:\n  - name: b\n    columns:\n      - name: id\n        data_tests: [unique, not_null]\n',
  'transform/dbt_project/models/bad/broken.sql': 'select nothing_like_it from {{ ref("a") }}\n',
  'transform/dbt_project/models/slow/endless.sql':
    '{% if execute %}{% for i in range(100000) %}{% for j in range(100000) %}{% set x = j %}{% endfor %}{% endfor %}{% endif %}select 1\n',
  'transform/dbt_project/models/slow/heavy.sql':
    'select count(*) as n from range(100000000) a, range(100000000) b where a.range % 7 = b.range % 5\n',
};

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

const env = { PATH: process.env.PATH, DUCKHOUSE_LANG: 'en' };

/** A server for the workspace; resolves with its stop. */
async function serve(cwd: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [commandFile, 'serve', '--flight-port', '0', '--http-port', '0'], {
    cwd,
    env,
    stdio: 'ignore',
  });
  endWithFolder(cwd, child);
  await eventually('the server', () => existsSync(path.join(cwd, '.duckhouse', 'server.json')));
  return async () => {
    child.kill('SIGINT');
    if (child.exitCode === null) await once(child, 'exit');
  };
}

/** Starts a command, interrupts it once its output shows `mark`; how it ended. */
async function interrupt(cwd: string, words: readonly string[], mark: string): Promise<number | null> {
  const child = spawn(process.execPath, [commandFile, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  endWithFolder(cwd, child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await eventually(`"${mark}"`, () => text.includes(mark));
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

test('dbt runs in its own process when no server is up, with the exit codes of dbt', () =>
  inTemporaryFolder(async (cwd) => {
    await write(cwd, project);
    const built = await duckhouse(['dbt', 'build', '--select', '+b'], { cwd });
    assert.equal(built.code, 0, built.stdout + built.stderr);
    assert.match(built.stdout, /Done\. PASS=4 WARN=0 ERROR=0 SKIP=0/);
    assert.equal((await duckhouse(['query', 'SELECT sum(twice) AS n FROM b'], { cwd })).stdout, '{"n":9900}\n');
    const broken = await duckhouse(['dbt', 'run', '--select', 'a', 'broken'], { cwd });
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /nothing_like_it/);
    assert.match(broken.stdout, /compiled code at target\/compiled\/shop\/models\/bad\/broken\.sql/);
    assert.equal((await duckhouse(['dbt', 'run', '--selekt', 'a'], { cwd })).code, 2);
  }));

// It ended with 1 or 2, as it happened to fail: before, between or in the middle of nodes.
test('Ctrl-C ends a process of its own with 130 and leaves nothing half made', () =>
  inTemporaryFolder(async (cwd) => {
    await write(cwd, project);
    for (const mark of ['Running with dbt', 'START sql table model main.heavy'])
      assert.equal(await interrupt(cwd, ['dbt', 'run', '--select', 'heavy'], mark), 130, mark);
    const made = "SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name <> '_duckhouse'";
    const { stdout } = await duckhouse(['query', made], { cwd });
    assert.equal(stdout, '{"n":0}\n');
  }));

test('dbt runs in the server that is up, beside queries; Ctrl-C ends statements and templates and leaves nothing half made', () =>
  inTemporaryFolder(async (cwd) => {
    await write(cwd, project);
    const stop = await serve(cwd);
    const built = await duckhouse(['dbt', 'build', '--select', '+b'], { cwd });
    assert.equal(built.code, 0, built.stdout + built.stderr);
    assert.match(built.stdout, /4 of 4 PASS/);
    const log = path.join(cwd, 'transform/dbt_project/logs/dbt.log');
    assert.ok(existsSync(log));

    const running = interrupt(cwd, ['dbt', 'run', '--select', 'heavy'], 'START sql table model main.heavy');
    assert.equal((await duckhouse(['query', 'SELECT count(*) AS n FROM b'], { cwd })).stdout, '{"n":100}\n');
    assert.equal(await running, 130);
    assert.equal(
      await interrupt(cwd, ['dbt', 'run', '--select', 'endless'], 'START sql table model main.endless'),
      130,
    );
    await eventually('the server is free of them', async () => {
      const { stdout } = await duckhouse(
        ['query', "SELECT count(*) AS n FROM duckdb_tables() WHERE table_name LIKE '%__dbt%'"],
        { cwd },
      );
      return stdout === '{"n":0}\n';
    });
    const again = await duckhouse(['dbt', 'run', '--select', 'b'], { cwd });
    assert.equal(again.code, 0, again.stdout + again.stderr);
    const lineage = await duckhouse(['dbt', 'lineage', 'b.twice', '--quiet'], { cwd });
    assert.equal(lineage.stdout, 'b.twice\n  ~ a.id\n', lineage.stderr);
    const kept = "SELECT count(*) AS n FROM _duckhouse.dbt_runs WHERE command IN ('build', 'lineage') AND success";
    assert.equal((await duckhouse(['query', kept], { cwd })).stdout, '{"n":2}\n');
    await stop();
  }));

test('a listing longer than a pipe holds reaches a slow reader whole', () =>
  inTemporaryFolder(async (folder) => {
    const models = Object.fromEntries(
      Array.from({ length: 400 }, (_, n) => [`models/a_model_of_a_long_enough_name_${n}.sql`, 'select 1 as id\n']),
    );
    await write(folder, {
      'dbt_project.yml': 'name: wide\nprofile: wide\n',
      'profiles.yml': 'wide:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: wide.duckdb}\n',
      ...models,
    });
    const child = spawn(process.execPath, [commandFile, 'dbt', 'ls', '--output', 'json'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithFolder(folder, child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), 5);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0);
    assert.ok(text.length > 100_000);
    assert.equal(text.split('\n').filter((line) => line.startsWith('{')).length, 400);
  }));
