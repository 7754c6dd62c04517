/** Corners that small projects written for one feature show; values are what dbt-core 1.12 with dbt-duckdb 1.11 gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newProject, parse, parseError } from './project.ts';

test('several calls of config: the last counts as written, until YAML configures the model', () => {
  const code = "{{ config(tags=['a']) }}{{ config(tags=['b']) }} select 1 as id";
  const files = {
    'models/a.sql': code,
    'models/b.sql': code,
    'models/m.yml': 'models: [{name: a}, {name: b, config: {group: null}}]\n',
  };
  const { nodes } = parse(newProject(files)).manifest;
  assert.deepEqual(nodes['model.shop.a']?.unrendered_config, { tags: ['b'] });
  assert.deepEqual(nodes['model.shop.b']?.unrendered_config, { group: null, tags: ['a', 'b'] });
});

test('a project may compare rendered configs', () => {
  const files = {
    'models/m.sql': "{{ config(alias=var('a', 'x')) }} select 1 as id",
    'models/m.yml': `models: [{name: m, config: {meta: {owner: "{{ var('o', 'me') }}"}}}]\n`,
  };
  const flags = { state_modified_compare_more_unrendered_values: false };
  assert.deepEqual(parse(newProject(files), { flags }).manifest.nodes['model.shop.m']?.unrendered_config, {
    alias: 'x',
    meta: { owner: 'me' },
  });
});

test('seeds, snapshots and tests are materialized in their own way only', () => {
  const tree = (key: string) => `name: shop\nprofile: shop\n${key}: {materialized: table}\n`;
  assert.match(
    parseError({ 'dbt_project.yml': tree('seeds'), 'seeds/s.csv': 'id\n1\n' }).message,
    /'materialized' must be 'seed', not string "table"/,
  );
  assert.match(
    parseError({ 'dbt_project.yml': tree('data_tests'), 'tests/t.sql': 'select 1' }).message,
    /'materialized' must be 'test'/,
  );
});
