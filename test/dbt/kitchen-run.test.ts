import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newProject } from './project.ts';
import { dbt, replay } from './replay.ts';

test('seeds and a whole build give the statuses and relations of real dbt', async () => {
  assert.equal(await replay(6), 6);
});

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 4}\n';

test('eight threads that change one schema at once never fail for each other', async () => {
  const models = Object.fromEntries(
    Array.from({ length: 24 }, (_, i) => [
      `models/m${i}.sql`,
      `{{ config(materialized='${['table', 'view', 'incremental'][i % 3]}', post_hook="insert into seen values (${i})") }}select ${i} as n`,
    ]),
  );
  const folder = newProject({
    ...models,
    'dbt_project.yml':
      'name: shop\nversion: 1.0.0\nprofile: shop\non-run-start: "create table if not exists seen(n int)"\n',
    'profiles/profiles.yml': profile,
  });
  for (let run = 0; run < 2; run++) {
    const { code, text } = await dbt(folder, ['run', '--threads', '8']);
    assert.equal(code, 0, text);
    assert.match(text, /PASS=25 WARN=0 ERROR=0/);
  }
  const { text } = await dbt(folder, [
    'show',
    '--inline',
    'select count(*) as n, count(distinct n) as d from seen',
    '--quiet',
  ]);
  assert.match(text, /\|\s*48 \|\s*24 \|/);
});

test('JSON lines carry the names that orchestrators look for', async () => {
  const folder = newProject({
    'models/a.sql': 'select 1 as id',
    'models/a.yml':
      'models:\n  - name: a\n    columns: [{name: id, data_tests: [unique, {accepted_values: {arguments: {values: [2]}}}]}]\n',
    'profiles/profiles.yml': profile,
  });
  const { code, text } = await dbt(folder, ['build', '--log-format', 'json']);
  assert.equal(code, 1);
  const events = text
    .trim()
    .split('\n')
    .map(
      (one) => JSON.parse(one) as { info: { name: string; msg: string }; data: { node_info?: { unique_id: string } } },
    );
  const names = new Set(events.map(({ info }) => info.name));
  for (const name of [
    'MainReportVersion',
    'LogStartLine',
    'LogModelResult',
    'LogTestResult',
    'FinishedRunningStats',
    'EndOfRunSummary',
    'StatsLine',
  ])
    assert.ok(names.has(name), `${name} is missing of ${[...names].join(', ')}`);
  assert.equal(events.find(({ info }) => info.name === 'LogModelResult')?.data.node_info?.unique_id, 'model.shop.a');
  const { results } = JSON.parse(readFileSync(path.join(folder, 'target/run_results.json'), 'utf8')) as {
    results: readonly { status: string }[];
  };
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fail', 'pass', 'success']);
});
