import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

const shop = (): string =>
  newProject({
    'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n',
    'macros/m.sql': "{% macro generate_alias_name(custom, node) %}{{ node.name }}{{ var('mark', '') }}{% endmacro %}",
    'models/parent.sql': 'select 1 as id',
    'models/child.sql': "select id from {{ ref('parent') }}",
    'models/m.yml': `models:
  - name: parent
    config: {materialized: table, contract: {enforced: true}}
    constraints: [{type: primary_key, columns: [id]}]
    columns: [{name: id, data_type: integer}]
  - name: child
    config: {materialized: table, contract: {enforced: true}}
    constraints: [{type: foreign_key, columns: [id], to: ref('parent'), to_columns: [id]}]
    columns:
      - {name: id, data_type: integer, constraints: [{type: foreign_key, to: ref('parent'), to_columns: [id]}]}
`,
  });

const targetOf = (folder: string): string => {
  const { nodes } = JSON.parse(readFileSync(path.join(folder, 'target/manifest.json'), 'utf8'));
  const { constraints, columns } = nodes['model.shop.child'];
  assert.equal(columns.id.constraints[0].to, constraints[0].to);
  return constraints[0].to;
};

test('a foreign key is to the table, though a run reads no rows of it', async () => {
  const { code, text } = await dbt(shop(), ['build', '--empty']);
  assert.equal(code, 0, text);
});

test('a foreign key is to the deferred table when its own is not made in this run, whichever exist', async () => {
  const folder = shop();
  await dbt(folder, ['run', '--vars', '{mark: _prod}']);
  cpSync(path.join(folder, 'target'), path.join(folder, 'prod'), { recursive: true });
  const defer = ['compile', '--defer', '--state', 'prod'];
  await dbt(folder, defer);
  assert.equal(targetOf(folder), '"shop"."main"."parent"');
  await dbt(folder, [...defer, '-s', 'child']);
  assert.equal(targetOf(folder), '"shop"."main"."parent_prod"');
});
