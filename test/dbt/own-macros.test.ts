/** Methods of `adapter` that are macros in dbt: those of a project took no effect, except for columns of relations. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { baseFiles, type Files, newProject } from './project.ts';
import { dbt } from './replay.ts';

const profile =
  'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: s1, threads: 1}\n';
const models = {
  'models/a.sql': "{{ config(materialized='table') }} select 1 as id",
  'models/b.sql': "select * from {{ ref('a') }}",
};
const project = (files: Files): string => newProject({ 'profiles/profiles.yml': profile, ...models, ...files });

/** A macro that says it was called, and does what it stands for. */
const telling = (name: string, parameters: string, shown = parameters, base = 'duckdb'): string =>
  `{% macro duckdb__${name}(${parameters}) %}{{ log('~${name} ' ~ ${shown.replaceAll(', ', " ~ ' ' ~ ")}, info=true) }}` +
  `{{ return(dbt.${base}__${name}(${parameters})) }}{% endmacro %}\n`;

const told = async (folder: string, ...words: string[]): Promise<string[]> => {
  const { code, text } = await dbt(folder, words);
  assert.equal(code, 0, text);
  return [...text.matchAll(/~(.*)/g)].map(([, line = '']) => line);
};

const build = [
  telling('create_schema', 'relation', 'relation', 'default'),
  telling('list_schemas', 'database'),
  telling('list_relations_without_caching', 'schema_relation'),
  telling('rename_relation', 'from_relation, to_relation', 'from_relation.identifier, to_relation.identifier'),
  telling('drop_relation', 'relation', 'relation.identifier, relation.type'),
  telling('get_catalog_relations', 'information_schema, relations', 'information_schema, (relations | length)'),
].join('');

test('a run makes, renames and drops relations by the macros of the project', async () => {
  const folder = project({ 'macros/m.sql': build });
  const made = ['rename_relation a__dbt_tmp a', 'drop_relation a__dbt_backup table'];
  assert.deepEqual(await told(folder, 'run', '-s', 'a'), [
    'list_schemas "shop"',
    'create_schema "shop"."s1"',
    'list_relations_without_caching "shop"."s1"',
    ...made,
  ]);
  const again = await told(folder, 'run', '-s', 'a');
  assert.deepEqual(again.slice(-3), ['rename_relation a a__dbt_backup', ...made]);
  assert.ok((await told(folder, 'docs', 'generate')).includes('get_catalog_relations "shop".INFORMATION_SCHEMA 2'));
  const { text } = await dbt(folder, ['show', '--inline', "select * from {{ ref('a') }}"]);
  assert.match(text, /\| +1 \|/);
});

test('a macro that creates schemas is called in every run, as dbt does', async () => {
  const folder = project({ 'macros/m.sql': telling('create_schema', 'relation', 'relation', 'default') });
  const created = 'create_schema "shop"."s1"';
  assert.deepEqual(await told(folder, 'run'), [created]);
  assert.deepEqual(await told(folder, 'run'), [created]);
  const quoting = 'quoting: {database: false}\n';
  writeFileSync(path.join(folder, 'dbt_project.yml'), `${baseFiles['dbt_project.yml']}${quoting}`);
  assert.deepEqual(await told(folder, 'run'), []);
});

const operation = `
{% macro op() %}
  {% set relation = adapter.get_relation(target.database, target.schema, 'a') %}
  {% do adapter.truncate_relation(relation=relation) %}
  {{ log('~rows ' ~ run_query('select count(*) from ' ~ relation)[0][0], info=true) }}
  {{ log('~gives ' ~ adapter.drop_relation(relation=relation), info=true) }}
  {{ log('~left ' ~ adapter.get_relation(target.database, target.schema, 'a'), info=true) }}
  {% set other = api.Relation.create(database=target.database, schema='other') %}
  {% do adapter.create_schema(other) %}
  {{ log('~exists ' ~ adapter.check_schema_exists(target.database, 'other'), info=true) }}
  {% do adapter.drop_schema(relation=other) %}
{% endmacro %}
{% macro drops_what_it_does_not_know() %}
  {% do adapter.drop_relation(api.Relation.create(database=target.database, schema=target.schema, identifier='b')) %}
{% endmacro %}
{% macro duckdb__truncate_relation(relation) %}
  {{ log('~truncate_relation', info=true) }}{% do run_query('insert into ' ~ relation ~ ' values (2)') %}
{% endmacro %}
{% macro duckdb__check_schema_exists(information_schema, schema) %}
  {{ log('~check_schema_exists ' ~ information_schema ~ ' ' ~ schema, info=true) }}{{ return(run_query('select 0')) }}
{% endmacro %}
`;

test('operations follow the macros of the project, by arguments with and without names', async () => {
  const own = telling('drop_relation', 'relation', 'relation.identifier, relation.type');
  const schemas = telling('drop_schema', 'relation', 'relation', 'default');
  const folder = project({ 'macros/m.sql': `${operation}${own}${schemas}` });
  await told(folder, 'run', '-s', 'a');
  assert.deepEqual(await told(folder, 'run-operation', 'op'), [
    'truncate_relation',
    'rows 2',
    'drop_relation a table',
    'gives None',
    'left None',
    'check_schema_exists "shop".INFORMATION_SCHEMA other',
    'exists False',
    'drop_schema "shop"."other"',
  ]);
  const { code, text } = await dbt(folder, ['run-operation', 'drops_what_it_does_not_know']);
  assert.equal(code, 1);
  assert.match(text, /Compilation Error\s+cannot drop "shop"\."s1"\."b": the relation has no type/);
});

test('what a macro of the project lists is what there is', async () => {
  const lists = `{% macro duckdb__list_relations_without_caching(schema_relation) %}
    {{ return([[schema_relation.database, 'ghost', schema_relation.schema, 'odd']]) }}{% endmacro %}
    {% macro op() %}{% set found = adapter.get_relation(target.database, target.schema, 'ghost') %}
    {{ log('~' ~ found ~ ' ' ~ found.type, info=true) }}{% endmacro %}`;
  const folder = project({ 'macros/m.sql': lists });
  assert.deepEqual(await told(folder, 'run-operation', 'op'), ['"shop"."s1"."ghost" external']);
});

test('the text of a hook is rendered before the line that says it starts', async () => {
  const hook = 'on-run-start: "{{ log(\'rendered\', info=true) }}select 1"\n';
  const folder = project({ 'dbt_project.yml': `${baseFiles['dbt_project.yml']}${hook}` });
  const { text } = await dbt(folder, ['run']);
  const order = [...text.matchAll(/^.*?(rendered|START hook)/gm)].map(([, what]) => what);
  assert.deepEqual(order.slice(-2), ['rendered', 'START hook']);
});

test('a hook whose text cannot be rendered ends the command, as dbt has it', async () => {
  const hook = (type: string): string =>
    `${baseFiles['dbt_project.yml']}${type}: "{% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}"\n`;
  const folder = project({ 'dbt_project.yml': hook('on-run-start') });
  const before = await dbt(folder, ['run']);
  assert.equal(before.code, 2, before.text);
  assert.match(before.text, /Compilation Error in operation shop-on-run-start-0[\s\S]*no/);
  assert.doesNotMatch(before.text, /START|SKIP/);
  writeFileSync(path.join(folder, 'dbt_project.yml'), hook('on-run-end'));
  const after = await dbt(folder, ['run']);
  assert.equal(after.code, 2, after.text);
  assert.match(after.text, /2 of 2 OK created/);
});
