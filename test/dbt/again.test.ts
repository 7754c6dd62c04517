/** `retry` and `clone` took what their command lines say where dbt does not, and told lines that dbt does not tell. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type Files, newProject, parse } from './project.ts';
import { dbt } from './replay.ts';

const target = (name: string): string => `${name}: {type: duckdb, path: shop.duckdb, schema: ${name}, threads: 1}`;
const project = (files: Files): string =>
  newProject({
    'profiles/profiles.yml': `shop: {target: dev, outputs: {${target('dev')}, ${target('prod')}}}\n`,
    'models/a.sql': 'select 1 as id',
    ...files,
  });

const told =
  "{% if execute %}{% if var('bad', false) %}{{ exceptions.raise_compiler_error('bad') }}{% endif %}{{ log('~' ~ target.name ~ flags.FULL_REFRESH ~ flags.FAIL_FAST, info=true) }}{% endif %} select 1 as id";

test('retry runs where and how the earlier run did, whatever target and refresh it is given', async () => {
  const folder = project({ 'models/a.sql': told });
  const again = async (first: readonly string[], words: readonly string[]): Promise<string> => {
    assert.equal((await dbt(folder, ['run', '--vars', '{bad: true}', ...first])).code, 1);
    const { code, text } = await dbt(folder, ['retry', '--vars', '{bad: false}', ...words]);
    assert.equal(code, 0, text);
    return /~(.*)/.exec(text)?.[1] ?? '';
  };
  assert.equal(await again([], ['--target', 'prod', '--full-refresh', '--fail-fast']), 'devFalseFalse');
  assert.equal(await again(['--target', 'prod', '-f', '-x'], ['--target', 'dev']), 'prodTrueTrue');
  assert.equal((await dbt(folder, ['retry', '--target', 'nowhere'])).code, 2);
});

test('there is nothing to retry after a command that had nothing to do', async () => {
  const folder = project({});
  assert.equal((await dbt(folder, ['run', '-s', 'nope'])).code, 0);
  const { code, text } = await dbt(folder, ['retry']);
  assert.equal(code, 2);
  assert.match(text, /could not find previous run/);
});

test('clone needs a state only if something is selected, and tells a summary without lines of nodes', async () => {
  const folder = project({});
  await dbt(folder, ['run']);
  assert.equal((await dbt(folder, ['clone', '-s', 'nope'])).code, 0);
  assert.equal((await dbt(folder, ['clone'])).code, 2);
  const { code, text } = await dbt(folder, [
    'clone',
    '--state',
    'target',
    '--target',
    'prod',
    '--target-path',
    'other',
  ]);
  assert.equal(code, 0, text);
  assert.doesNotMatch(text, /START|OK created/);
  assert.match(text, /Done\. PASS=1/);
});

test('a state that is the target folder is warned of', async () => {
  const folder = project({});
  await dbt(folder, ['parse']);
  const { text } = await dbt(folder, ['ls', '-s', 'state:modified', '--state', './target']);
  assert.match(text, /\[WARNING\]: the state folder is the target folder, '\.\/target'/);
  const strict = await dbt(folder, ['--warn-error', 'run', '--state', 'target']);
  assert.notEqual(strict.code, 0);
});

test('what a template puts into a dictionary of its config is there when it asks again', async () => {
  const hook = "{{ log('~' ~ config.get('meta'), info=true) }}";
  const changed = "{% do config.get('meta').update({'b': 2}) %} select 1 as id";
  const head = `{{ config(meta={'a': 1}, post_hook="${hook}") }}`;
  const { text } = await dbt(project({ 'models/a.sql': `${head}${changed}` }), ['run']);
  assert.deepEqual([...text.matchAll(/~(.*)/g)].at(-1)?.[1], "{'a': 1, 'b': 2}");
});

test('a macro called as `dbt.x` depends on the one of dbt, where the adapter has one of the name too', () => {
  const macros =
    "{% macro m() %}{{ dbt.create_table_as(false, this, '') }}{{ create_table_as(false, this, '') }}{% endmacro %}";
  const { manifest } = parse(project({ 'macros/m.sql': macros }));
  assert.deepEqual(manifest.macros['macro.shop.m']?.depends_on.macros, [
    'macro.dbt.create_table_as',
    'macro.dbt_duckdb.create_table_as',
  ]);
});

test('a query of the command line has the configs of models that the project gives to all', async () => {
  const folder = project({
    'dbt_project.yml': 'name: shop\nprofile: shop\nmodels: {+meta: {x: 1}, +materialized: table}\n',
  });
  const asked = "{{ log('~' ~ [config.get('materialized'), config.get('meta'), model.config.lookback], info=true) }}";
  const { code, text } = await dbt(folder, ['show', '--inline', `${asked} select 1 as id`]);
  assert.equal(code, 0, text);
  assert.match(text, /~\['table', \{'x': 1\}, 1\]/);
});

test('retry does not repeat an operation that went well, and misses a model that is gone', async () => {
  const folder = project({
    'macros/m.sql': "{% macro hello() %}{{ log('hello there', info=true) }}{% endmacro %}",
    'models/bad.sql': 'select nothing',
  });
  assert.match((await dbt(folder, ['run-operation', 'hello'])).text, /hello there/);
  const none = await dbt(folder, ['retry']);
  assert.equal(none.code, 0);
  assert.doesNotMatch(none.text, /hello there/);
  assert.equal((await dbt(folder, ['run', '--no-validate'])).code, 1);
  rmSync(path.join(folder, 'models/bad.sql'));
  const gone = await dbt(folder, ['retry']);
  assert.equal(gone.code, 2);
  assert.match(gone.text, /model\.shop\.bad is no longer there/);
});
