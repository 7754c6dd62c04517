import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/rows.ts';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n';
const shop = (): string =>
  newProject({
    'profiles/profiles.yml': profile,
    'models/a.sql':
      "{{ config(materialized='table', tags=['x', 'y']) }} select i as id, now() as loaded from range(12) t(i)",
    'models/b.sql': 'select id from {{ ref("a") }}',
    'models/bad.sql': 'select nothing from {{ ref("b") }}',
    'models/all.yml':
      'models:\n  - name: a\n    description: "it\'s"\n    columns: [{name: id, description: key, data_type: int, data_tests: [unique, {accepted_values: {arguments: {values: [1]}}}]}]\nsources: [{name: raw, schema: main, tables: [{name: a, loaded_at_field: loaded, freshness: {warn_after: {count: 1, period: hour}}}]}]\n',
  });

async function ask(folder: string, sql: string): Promise<Record<string, unknown>[]> {
  const engine = await openEngine({ database: path.join(folder, 'shop.duckdb') });
  try {
    return JSON.parse(
      JSON.stringify(await queryRows(engine, sql), (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
    ) as Record<string, unknown>[];
  } finally {
    await engine.close();
  }
}

test('runs, results, nodes, tests, columns, edges and freshness are tables of the database', async () => {
  const folder = shop();
  assert.equal((await dbt(folder, ['build'])).code, 1);
  assert.equal((await dbt(folder, ['run', '-s', 'a+', '--exclude', 'bad'])).code, 0);
  assert.equal((await dbt(folder, ['source', 'freshness'])).code, 0);
  assert.deepEqual(await ask(folder, 'select command from _duckhouse.dbt_runs where manifest_hash is null'), [
    { command: 'run' },
  ]);
  assert.deepEqual(
    await ask(
      folder,
      "select command, success, node_count, elapsed_seconds > 0 as took, started_at < now() as past, args->>'$.which' as which from _duckhouse.dbt_runs order by started_at",
    ),
    [
      { command: 'build', success: false, node_count: 5, took: true, past: true, which: 'build' },
      { command: 'run', success: true, node_count: 2, took: true, past: true, which: 'run' },
      { command: 'freshness', success: true, node_count: 1, took: true, past: true, which: 'freshness' },
    ],
  );
  assert.deepEqual(
    await ask(
      folder,
      `select r.name, r.status, r.failures from _duckhouse.dbt_results r join _duckhouse.dbt_runs using (invocation_id)
       where command = 'build' order by name`,
    ),
    [
      { name: 'a', status: 'success', failures: null },
      { name: 'accepted_values_a_id__1', status: 'fail', failures: 11 },
      { name: 'b', status: 'skipped', failures: null },
      { name: 'bad', status: 'skipped', failures: null },
      { name: 'unique_a_id', status: 'pass', failures: 0 },
    ],
  );
  assert.deepEqual(
    await ask(
      folder,
      `select name, materialized, tags, description from _duckhouse.dbt_nodes where resource_type = 'model' order by 1`,
    ),
    [
      { name: 'a', materialized: 'table', tags: ['x', 'y'], description: "it's" },
      { name: 'b', materialized: 'view', tags: [], description: '' },
      { name: 'bad', materialized: 'view', tags: [], description: '' },
    ],
  );
  assert.deepEqual(
    await ask(folder, 'select test_name, tested_id, column_name, severity from _duckhouse.dbt_tests order by 1'),
    [
      { test_name: 'accepted_values', tested_id: 'model.shop.a', column_name: 'id', severity: 'ERROR' },
      { test_name: 'unique', tested_id: 'model.shop.a', column_name: 'id', severity: 'ERROR' },
    ],
  );
  assert.deepEqual(
    await ask(folder, 'select unique_id, column_name, data_type, description from _duckhouse.dbt_columns'),
    [{ unique_id: 'model.shop.a', column_name: 'id', data_type: 'int', description: 'key' }],
  );
  assert.deepEqual(
    await ask(folder, `select parent_id, child_id from _duckhouse.dbt_edges where child_id like 'model%' order by 1`),
    [
      { parent_id: 'model.shop.a', child_id: 'model.shop.b' },
      { parent_id: 'model.shop.b', child_id: 'model.shop.bad' },
    ],
  );
  assert.deepEqual(
    await ask(
      folder,
      'select unique_id, status, age_seconds >= 0 as aged, max_loaded_at <= snapshotted_at as before from _duckhouse.dbt_freshness',
    ),
    [{ unique_id: 'source.shop.raw.a', status: 'pass', aged: true, before: true }],
  );
});

test('the tables can be turned off, are in no catalog.json, and a database that refuses them fails nothing', async () => {
  const folder = shop();
  const tables = `select count(*) as n from duckdb_tables() where schema_name = '_duckhouse'`;
  assert.equal((await dbt(folder, ['run', '-s', 'a', 'b', '--no-history'])).code, 0);
  assert.deepEqual(await ask(folder, tables), [{ n: 0 }]);
  assert.equal((await dbt(folder, ['docs', 'generate'])).code, 0);
  assert.doesNotMatch(readFileSync(path.join(folder, 'target/catalog.json'), 'utf8'), /_duckhouse/);
  await ask(folder, 'drop table _duckhouse.dbt_results; create view _duckhouse.dbt_results as select 1');
  const { code, text } = await dbt(folder, ['run', '-s', 'a', 'b', '--log-level', 'debug']);
  assert.equal(code, 0);
  assert.match(text, /History not written/);
  assert.deepEqual(await ask(folder, 'select count(*) as n from _duckhouse.dbt_runs'), [{ n: 1 }]);
});

test('of a project so many invocations are kept as it asks for', async () => {
  const folder = shop();
  for (let at = 0; at < 3; at++) await dbt(folder, ['run', '-s', 'a'], { DBT_HISTORY_KEEP: at < 2 ? '0' : '2' });
  const counts =
    'select (select count(*) from _duckhouse.dbt_runs) as runs, (select count(distinct invocation_id) from _duckhouse.dbt_results) as results, (select count(*) from _duckhouse.dbt_nodes) > 0 as nodes';
  assert.deepEqual(await ask(folder, counts), [{ runs: 2, results: 2, nodes: true }]);
});

test('tables of an older shape get the columns they lack, or are set aside', async () => {
  const folder = shop();
  await dbt(folder, ['run', '-s', 'a']);
  await ask(folder, 'alter table _duckhouse.dbt_results drop column thread');
  await ask(folder, 'alter table _duckhouse.dbt_runs alter column elapsed_seconds type varchar');
  await dbt(folder, ['run', '-s', 'a']);
  assert.deepEqual(
    await ask(
      folder,
      `select (select count(*) from _duckhouse.dbt_runs) as now, (select count(*) from _duckhouse.dbt_runs_old1) as earlier,
       (select count(thread) from _duckhouse.dbt_results) as threads, (select count(*) from _duckhouse.dbt_results) as results,
       (select count(*) from (select unique_id from _duckhouse.dbt_nodes group by 1 having count(*) > 1)) as twice`,
    ),
    [{ now: 1, earlier: 1, threads: 1, results: 2, twice: 0 }],
  );
});
