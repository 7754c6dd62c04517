/** What real dbt does with things that users write every day, and that once came out otherwise here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
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
