import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openEngine } from '../../src/engine/index.ts';
import { newProject, writeFiles } from './project.ts';
import { dbt } from './replay.ts';

const files = {
  'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n',
  'dbt_project.yml': 'name: shop\nversion: 1.0.0\nprofile: shop\nmodels: {+materialized: table}\nvars: {factor: 1}\n',
  'seeds/s.csv': 'id,amount\n1,2.5\n2,3\n',
  'macros/m.sql': '{% macro twice(x) %}({{ x }} * 2){% endmacro %}',
  'models/src.yml': 'sources: [{name: raw, schema: main, tables: [{name: orders}]}]\n',
  'models/a.sql': 'select id, amount from {{ ref("s") }}',
  'models/b.sql': '{{ config(materialized="view") }} select id, {{ twice("amount") }} as d from {{ ref("a") }}',
  'models/c.sql': 'select sum(d) as total from {{ ref("b") }}',
  'models/o.sql': 'select id, amount * {{ var("factor") }} as amount from {{ source("raw", "orders") }}',
  'models/p.sql': 'select count(*) as n from {{ ref("o") }}',
  'models/clock.sql': 'select current_date as day from {{ ref("a") }}',
  'models/after_clock.sql': 'select day from {{ ref("clock") }}',
  'tests/t.sql': 'select * from {{ ref("c") }} where total < 0',
};

async function execute(folder: string, sql: string): Promise<void> {
  const engine = await openEngine({ database: path.join(folder, 'shop.duckdb') });
  await engine.execute(sql);
  await engine.close();
}

/** Runs a command; the names of the nodes that were made, not used again. */
async function made(folder: string, argv: readonly string[]): Promise<string[]> {
  const { code, text } = await dbt(folder, argv);
  assert.equal(code, 0, text);
  const { results } = JSON.parse(readFileSync(path.join(folder, 'target/run_results.json'), 'utf8')) as {
    results: readonly { unique_id: string; status: string; message: string | null }[];
  };
  for (const { status, message } of results)
    if (status === 'reused') assert.match(message ?? '', /^unchanged since 20/);
  return results
    .flatMap(({ unique_id, status }) => (status === 'reused' ? [] : [unique_id.split('.').at(-1) as string]))
    .sort();
}

const always = ['after_clock', 'clock'];
const build = ['build', '--changed'];

test('what has not changed is used again; what has, is made with all that depends on it', async () => {
  const folder = newProject(files);
  await execute(folder, 'create table orders as select 1 as id, 5 as amount');
  const all = ['a', 'after_clock', 'b', 'c', 'clock', 'o', 'p', 's', 't'];
  assert.deepEqual(await made(folder, build), all);
  assert.deepEqual(await made(folder, build), always);

  const { text } = await dbt(folder, build);
  assert.match(text, /REUSED sql table model main\.a \.+ \[REUSED in /);
  assert.match(text, /Done\. PASS=2 WARN=0 ERROR=0 SKIP=0 NO-OP=0 REUSED=7 TOTAL=9/);

  writeFiles(folder, { 'seeds/s.csv': 'id,amount\n1,2.5\n2,4\n' });
  assert.deepEqual(
    await made(folder, build),
    ['a', 'after_clock', 'c', 'clock', 's', 't'],
    'a view stays, what reads it does not',
  );

  writeFiles(folder, { 'macros/m.sql': '{% macro twice(x) %}({{ x }} + {{ x }}){% endmacro %}' });
  assert.deepEqual(await made(folder, build), ['after_clock', 'b', 'c', 'clock', 't']);

  await execute(folder, 'update orders set amount = 6');
  assert.deepEqual(await made(folder, build), ['after_clock', 'clock', 'o', 'p'], 'rows of a source');
  assert.deepEqual(await made(folder, [...build, '--vars', '{factor: 2}']), ['after_clock', 'clock', 'o', 'p']);

  await execute(folder, 'drop table a');
  assert.deepEqual(await made(folder, build), ['a', 'after_clock', 'clock', 'o', 'p'], 'the same rows are the same');
  await execute(folder, 'delete from o');
  assert.deepEqual(await made(folder, [...build, '-s', 'o']), ['o'], 'rows that others have changed');
  assert.deepEqual(await made(folder, [...build, '--full-refresh', '-s', 'a', 't']), ['a', 't']);
  assert.deepEqual(await made(folder, ['run', '-s', 'c']), ['c']);
  assert.deepEqual(
    await made(folder, [...build, '-s', 'c', 't']),
    ['c'],
    'a run without it is not remembered, its rows are',
  );
  assert.deepEqual(await made(folder, ['test', '--changed']), []);
});

test('failed nodes and tests are run again, incremental ones when there is something new', async () => {
  const folder = newProject({
    'profiles/profiles.yml': files['profiles/profiles.yml'],
    'models/src.yml': files['models/src.yml'],
    'models/i.sql':
      '{{ config(materialized="incremental") }} select id from {{ source("raw", "orders") }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}',
    'models/j.sql': '{{ config(materialized="table") }} select count(*) as n from {{ ref("i") }}',
    'tests/t.sql': 'select * from {{ ref("j") }} where n > 2',
  });
  await execute(folder, 'create table orders as select 1 as id');
  assert.deepEqual(await made(folder, build), ['i', 'j', 't']);
  assert.deepEqual(await made(folder, build), ['i', 'j', 't'], 'its text is another one now');
  assert.deepEqual(await made(folder, build), []);
  await execute(folder, 'insert into orders values (2), (3)');
  assert.equal((await dbt(folder, build)).code, 1);
  const again = await dbt(folder, build);
  assert.equal(again.code, 1);
  assert.match(again.text, /REUSED sql incremental model main\.i /);
  assert.match(again.text, /FAIL 1 t /);
});
