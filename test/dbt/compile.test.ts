/** What `compile` and `show` print and leave undone by their own options. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type Files, newProject, parse } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n';
const project = (files: Files): string => newProject({ 'profiles/profiles.yml': profile, ...files });

test('compile leaves ephemeral models out of the text, and asks nothing of the database, where it is told so', async () => {
  const folder = project({
    'models/e.sql': "{{ config(materialized='ephemeral') }}select 1 as x",
    'models/a.sql': "select * from {{ ref('e') }}",
    'models/asks.sql': '{% set found = run_query("select 7") %}select 1 as y',
  });
  const options = ['compile', '--no-inject-ephemeral-ctes', '--no-introspect', '--no-validate'];
  assert.equal((await dbt(folder, [...options, '-s', 'a'])).code, 0);
  const compiled = path.join(folder, 'target/compiled/shop/models/a.sql');
  assert.equal(readFileSync(compiled, 'utf8').trim(), 'select * from __dbt__cte__e');
  const asking = await dbt(folder, [...options, '-s', 'asks']);
  assert.notEqual(asking.code, 0, asking.text);
  assert.match(asking.text, /--no-introspect/);
});

test('a version is named with its model by show, an inline query not at all', async () => {
  const folder = project({
    'models/a_v2.sql': 'select 1 as x',
    'models/m.yml': 'models: [{name: a, versions: [{v: 2}]}]',
  });
  const json = async (...words: string[]) =>
    JSON.parse((await dbt(folder, [...words, '--output', 'json', '--quiet'])).text) as object;
  assert.deepEqual(await json('show', '-s', 'a'), { node: 'a.v2', show: [{ x: 1 }] });
  assert.deepEqual(await json('compile', '--inline', 'select 2'), { compiled: 'select 2' });
});

test('of the contract config only what there is of it is kept', () => {
  const folder = newProject({
    'models/a.sql': 'select 1 as x',
    'models/m.yml': 'models: [{name: a, config: {contract: {enforce: true}}}]',
  });
  assert.deepEqual(parse(folder).manifest.nodes['model.shop.a']?.config.contract, {
    enforced: false,
    alias_types: true,
  });
});
