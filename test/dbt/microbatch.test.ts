import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

const config = (more: string): string =>
  `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2024-01-01'${more}) }}`;
const rows = "select i as id, timestamp '2024-01-01' + interval (i) hour as ts from range(0, 168) t(i)";
const bad = (day: string): string => `case when ts::date = date '${day}' then error('bad day') else 1 end as x`;
const folder = newProject({
  'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 4}\n',
  'models/src.sql': `{{ config(materialized='table', event_time='ts') }} ${rows}`,
  'models/free.sql': `${config(", post_hook='insert into done values (1)', pre_hook='create table if not exists done(n int)'")} select * from {{ ref('src') }}`,
  'models/told.sql': `${config(', concurrent_batches=false')} select * from {{ ref('src') }}`,
  'models/own.sql': `${config('')} select * from {{ ref('src') }} {% if is_incremental() %}where id not in (select id from {{ this }}){% endif %}`,
  'models/partly.sql': `${config('')} select *, ${bad("{{ var('bad', '2024-01-03') }}")} from {{ ref('src') }}`,
  'models/never.sql': `${config('')} select *, ${bad('2024-01-01')} from {{ ref('src') }}`,
});
const week = ['--event-time-start', '2024-01-01', '--event-time-end', '2024-01-08'];

interface Line {
  readonly info: { readonly name: string; readonly thread: string; readonly msg: string };
}
async function run(...words: string[]) {
  const { code, text } = await dbt(folder, [...words, '--log-format', 'json']);
  const lines = text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as Line).info);
  const starts = lines.filter(({ name }) => name === 'LogStartBatch');
  const { results } = JSON.parse(readFileSync(path.join(folder, 'target/run_results.json'), 'utf8')) as {
    readonly results: readonly {
      status: string;
      message: string;
      batch_results: { successful: string[][]; failed: string[][] };
    }[];
  };
  const beside = starts
    .filter(({ thread }) => thread.includes('window'))
    .map(({ msg }) => /^Batch (\d)/.exec(msg)?.[1]);
  return { code, text, lines, starts, results, beside };
}

test('windows between the first and the last run beside one another on idle threads, where the model lets them', async () => {
  await run('run', '-s', 'src');
  const free = await run('run', '-s', 'free', ...week);
  assert.equal(free.code, 0, free.text);
  assert.deepEqual(free.beside.slice(0, 3), ['2', '3', '4'], 'one thread is the model’s own');
  assert.equal(free.beside.includes('1') || free.beside.includes('7'), false);
  assert.equal(free.starts.length, 7);
  assert.deepEqual((await run('run', '-s', 'free', ...week, '--threads', '1')).beside, []);
  assert.deepEqual((await run('run', '-s', 'told', ...week)).beside, []);
  assert.deepEqual((await run('run', '-s', 'own', ...week)).beside, []);
  const inline =
    'select count(*) as n, count(distinct id) as d, (select count(*) from done) as hooks from {{ ref("free") }}';
  const { text } = await dbt(folder, ['show', '--inline', inline, '--quiet', '--output', 'json']);
  assert.match(text.replaceAll(/\s/g, ''), /"n":168,"d":168,"hooks":2/);
});

test('a window that fails leaves the others; retry builds it alone; after a first that fails none is begun', async () => {
  const partly = await run('run', '-s', 'partly', ...week);
  assert.equal(partly.code, 1);
  const [result] = partly.results;
  assert.deepEqual([result?.status, result?.message], ['partial success', 'PARTIAL SUCCESS (6/7)']);
  assert.deepEqual(result?.batch_results.failed, [['2024-01-03T00:00:00+00:00', '2024-01-04T00:00:00+00:00']]);
  const again = await run('retry', '--vars', '{bad: 2000-01-01}');
  assert.deepEqual([again.code, again.starts.length], [0, 1], again.text);
  const never = await run('run', '-s', 'never', ...week);
  assert.deepEqual([never.starts.length, never.results[0]?.batch_results.failed.length], [1, 7]);
  assert.equal(never.lines.filter(({ msg }) => /^Batch \d of 7 SKIP batch/.test(msg)).length, 6);
});

test('a begin that YAML takes for a date is its midnight; a number is refused', async () => {
  const since = (begin: string) =>
    newProject({
      'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n',
      'models/a.sql':
        "select timestamp '2024-02-02' as ts {{ log('from ' ~ model.config.__dbt_internal_microbatch_event_time_start, info=true) }}",
      'models/m.yml': `models:
  - name: a
    config: {materialized: incremental, incremental_strategy: microbatch, event_time: ts, batch_size: year, begin: ${begin}}`,
    });
  const dated = since('2024-01-01');
  const built = await dbt(dated, ['run', '--event-time-start', '2024-01-01', '--event-time-end', '2025-01-01']);
  assert.equal(built.code, 0, built.text);
  assert.match(built.text, /from 2024-01-01 00:00:00\+00:00/);
  const whole = await dbt(dated, ['run', '--full-refresh', '--threads', '1']);
  assert.match(whole.text, /Batch 1 of \d+ START batch 2024 /);
  assert.match(readFileSync(path.join(dated, 'target/manifest.json'), 'utf8'), /"begin":"2024-01-01T00:00:00"/);
  const { code, text } = await dbt(since('2'), ['parse']);
  assert.equal(code, 2);
  assert.match(text, /'begin' of a microbatch model must be a date or time in ISO form, not '2'/);
});
