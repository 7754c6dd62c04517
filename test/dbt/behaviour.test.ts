/** What real dbt does with things that users write every day, and that once came out otherwise here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { databaseName, readCredentials } from '../../src/dbt/adapter/credentials.ts';
import { newProject, parseError } from './project.ts';
import { dbt } from './replay.ts';

const profile = (more = ''): string =>
  `shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 1${more}}\n`;

const projectFile = (more: string): string => `name: shop\nversion: 1.0.0\nprofile: shop\n${more}\n`;

const project = (files: Readonly<Record<string, string>>): string =>
  newProject({ 'profiles/profiles.yml': profile(), ...files });

test('rows of unit tests may have dates and times without quotes', async () => {
  const folder = project({
    'models/up.sql': "select date '2020-01-02' as day, timestamp '2020-01-02 03:04:05' as moment",
    'models/m.sql': "select day + 1 as day, moment from {{ ref('up') }}",
    'models/u.yml': `unit_tests:
  - name: dated
    model: m
    given:
      - {input: ref('up'), rows: [{day: 2024-02-28, moment: 2024-02-28 10:00:00}]}
    expect: {rows: [{day: 2024-02-29, moment: 2024-02-28 10:00:00}]}
`,
  });
  const { code, text } = await dbt(folder, ['build']);
  assert.equal(code, 0, text);
  assert.match(text, /PASS m::dated/);
});

test('columns that are described and not there are named in a warning, quoted ones by their case', async () => {
  const folder = project({
    'dbt_project.yml': projectFile('models: {+persist_docs: {relation: true, columns: true}}'),
    'models/m.sql': "{{ config(materialized='table') }} select 1 as a, 2 as b",
    'models/m.yml': `models:
  - name: m
    columns: [{name: A, description: first}, {name: B, quote: true, description: other}, {name: gone, description: none}]
`,
  });
  const { code, text } = await dbt(folder, ['run']);
  assert.equal(code, 0, text);
  assert.match(text, /not present in the database: B, gone/);
});

test('rows of a table with a contract are put in from brackets, as by dbt', async () => {
  const folder = project({
    'models/m.sql': "{{ config(materialized='table', contract={'enforced': true}) }} select 1 as a",
    'models/m.yml': 'models: [{name: m, columns: [{name: a, data_type: integer, constraints: [{type: not_null}]}]}]\n',
  });
  const { code, text } = await dbt(folder, ['run']);
  assert.equal(code, 0, text);
  const ran = readFileSync(path.join(folder, 'target/run/shop/models/m.sql'), 'utf8').replace(/\s+/g, ' ');
  assert.match(ran, /insert into "shop"\."main"\."m__dbt_tmp" \( a \) ?\( ?select a from \(/);
});

test('hooks that dbt refuses are refused: of seeds that refer to nodes, and one hook under two names', () => {
  const seed = parseError({
    'seeds/s.csv': 'a\n1\n',
    'models/m.sql': 'select 1 as a',
    'dbt_project.yml': projectFile(`seeds: {+post-hook: "select * from {{ ref('m') }}"}`),
  });
  assert.match(seed.message, /seed\.shop\.s \(seeds\/s\.csv\): seeds cannot depend on other nodes/);
  const twice = parseError({
    'models/m.sql': "{{ config({'pre_hook': 'select 1', 'pre-hook': 'select 2'}) }} select 1 as a",
  });
  assert.match(twice.message, /has both pre_hook and pre-hook/);
});

test('a database is called after its file up to the first dot, a DuckLake after the file of its catalog', () => {
  const names = [
    'a/my.shop.duckdb',
    '.hidden.db',
    ':memory:',
    'ducklake:lake/sales.v2.ducklake',
    'ducklake:sqlite:m.db',
  ];
  assert.deepEqual(names.map(databaseName), ['my', 'hidden', 'memory', 'sales.v2', 'm']);
});

test('a DuckLake is attached to a database in memory, and its relations are known for what they are', async () => {
  const read = readCredentials(
    {
      path: 'ducklake:lake/sales.ducklake',
      extensions: ['ducklake'],
      attach: [
        { path: 'ducklake:sqlite:other.sqlite', options: { data_path: 'files' } },
        { path: 'plain.duckdb', alias: 'p' },
        { path: 'md:x', alias: 'x', is_ducklake: true },
      ],
    },
    { folder: '/p', name: 'shop.dev' },
  );
  assert.deepEqual(
    [read.path, read.database, read.lakes],
    ['ducklake:lake/sales.ducklake', 'sales', ['sales', 'other', 'x']],
  );
  assert.deepEqual(read.setup.slice(2, 4), [
    `ATTACH IF NOT EXISTS 'ducklake:lake/sales.ducklake' AS "sales"`,
    `ATTACH IF NOT EXISTS 'ducklake:sqlite:other.sqlite' (DATA_PATH 'files')`,
  ]);
  const folder = project({
    'profiles/profiles.yml': profile(', is_ducklake: true'),
    'models/m.sql': `{{ config(partitioned_by=['day(ts)', 'region'], sort_by='a"b') }}{% if execute %}{{ create_table_as(false, this, 'select 1 as a') }}
{{ drop_relation(this.incorporate(type='view')) }}{{ adapter.is_ducklake(this) }} {{ adapter.catalog_supports_foreign_keys(database) }}{% endif %}`,
  });
  const { code, text } = await dbt(folder, ['compile', '--debug']);
  assert.equal(code, 0, text);
  const compiled = readFileSync(path.join(folder, 'target/compiled/shop/models/m.sql'), 'utf8');
  assert.match(compiled, /alter table "shop"\."main"\."m" set partitioned by \(day\(ts\), region\);/);
  assert.match(compiled, /set sorted by \("a""b"\);/);
  assert.match(compiled, /True False$/);
  assert.match(text, /drop view if exists "shop"\."main"\."m"\n/);
});

test('what a DuckLake cannot merge is refused before it is tried', async () => {
  const folder = project({
    'profiles/profiles.yml': profile(', is_ducklake: true'),
    'macros/try.sql':
      '{% macro try() %}{% do validate_merge_config(var("m"), api.Relation.create(database="shop", schema="main", identifier="m")) %}{% endmacro %}',
  });
  const vars = { m: { merge_clauses: { when_matched: [{ action: 'update' }, { action: 'delete' }] } } };
  const refused = await dbt(folder, ['run-operation', 'try', '--vars', JSON.stringify(vars)]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /only a single UPDATE or DELETE action/);
  const rows = await dbt(folder, ['run-operation', 'try', '--vars', '{m: {merge_returning_columns: [a]}}']);
  assert.match(rows.text, /merge_returning_columns is not supported/);
});
