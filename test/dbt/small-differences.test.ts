/** What dbt writes, says or refuses in small, and was otherwise here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { baseFiles, type Files, newProject, parse, parseError } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 1}\n';
const project = (files: Files): string => newProject({ 'profiles/profiles.yml': profile, ...files });
const withKey = (lines: string): Files => ({ 'dbt_project.yml': `${baseFiles['dbt_project.yml']}${lines}\n` });

test('a call block whose call gives no text is refused, while parsing too', () => {
  const { message } = parseError({ 'models/a.sql': 'select 1 as x {% call nope() %}a{% endcall %}' });
  assert.match(message, /expected str instance, Undefined found/);
  parse(newProject({ 'models/a.sql': '{% if execute %}{% call nope() %}{% endcall %}{% endif %}select 1 as x' }));
});

test('a comment of statements is rendered, with the macros of the project, for each node', async () => {
  const macro = `{% macro mine(node) %}
    {%- if node %}{{ node.unique_id }} {{ target.name }}{{ node.nothing }}{{ connection_name }}{% else %}none{% endif -%}
  {% endmacro %}`;
  const files = { 'macros/m.sql': macro, 'models/a.sql': 'select nothing as x' };
  const failing = async (setting: string): Promise<string> => {
    const folder = project({ ...files, ...withKey(`query-comment: ${setting}`) });
    const { text } = await dbt(folder, ['run', '--no-validate', '--log-level', 'debug']);
    return text;
  };
  assert.match(await failing("'{{ mine(node) }}'"), /\/\* model\.shop\.a dev \*\/\n/);
  assert.match(await failing("{comment: '{{ mine(node) }}', append: true}"), /\n\/\* model\.shop\.a dev \*\/;/);
  assert.match(await failing('{append: true}'), /\n\/\* \{"app": "dbt".*"node_id": "model\.shop\.a"\} \*\//);
  assert.doesNotMatch(await failing('null'), /\/\*/);
  const { message } = parseError({ ...files, ...withKey("query-comment: '{{ nope(node) }}'") });
  assert.match(message, /'nope' is undefined/);
  assert.match(parseError(withKey("query-comment: 'a */ b'")).message, /illegal value "\*\/"/);
});

test('floats of configs stay floats in artifacts and in ls', async () => {
  const folder = project({
    'models/a.sql': "{{ config(meta={'q': 7.0}) }}select 1 as x",
    'models/m.yml': `models: [{name: a, config: {meta: {f: 5.0, k: [-0.0, 1.5]}}}]
unit_tests: [{name: ut, model: a, given: [], expect: {rows: [{x: 1.0}]}}]`,
  });
  assert.equal((await dbt(folder, ['build'])).code, 0);
  const manifest = readFileSync(path.join(folder, 'target/manifest.json'), 'utf8');
  assert.ok(manifest.includes('"meta":{"f":5.0,"k":[-0.0,1.5],"q":7.0}'));
  assert.ok(manifest.includes('"rows":[{"x":1.0}]'));
  const { text } = await dbt(folder, ['ls', '-s', 'a', '--output', 'json', '--output-keys', 'config', '--quiet']);
  assert.match(text, /"meta": \{"f": 5\.0, "k": \[-0\.0, 1\.5\], "q": 7\.0\}/);
});

test('a struct is one column of a unit test', async () => {
  const folder = project({
    'models/a.sql': "select {'city': 'Edmonton', 'n': 1} as place, 2 as x",
    'models/m.yml': `unit_tests:
  - {name: right, model: a, given: [], expect: {rows: [{place: "{'city': 'Edmonton', 'n': 1}", x: 2}]}}
  - {name: wrong, model: a, given: [], expect: {rows: [{place: "{'city': 'Calgary', 'n': 1}", x: 2}]}}`,
  });
  const { code, text } = await dbt(folder, ['build']);
  assert.match(text, /PASS a::right/);
  assert.match(text, /FAIL 1 a::wrong/);
  assert.equal(code, 1);
});

test('a test without a macro is written as dbt writes it', () => {
  const folder = newProject({
    'models/a.sql': 'select 1 as x',
    'models/m.yml': 'models: [{name: a, columns: [{name: x, data_tests: [nope]}]}]',
  });
  const [found] = Object.values(parse(folder).manifest.nodes).filter(({ resource_type: type }) => type === 'test');
  assert.deepEqual(found?.depends_on.macros, ['None', 'macro.dbt.get_where_subquery']);
});

// The numbers are those of dbt-duckdb 1.11.1.
test('errors of the database name the line that they have in dbt', async () => {
  const folder = project({
    'models/v.sql': 'select 1 as x,\n  nothing',
    'models/t.sql': "{{ config(materialized='table') }}select nothing",
    'models/q.sql': "{% set r = run_query('select nothing') %}select 1",
    'tests/s.sql': 'select nothing',
  });
  const { text } = await dbt(folder, ['build', '--no-validate']);
  const lineOf = (name: string): string | undefined =>
    new RegExp(`Error in (?:model|test) ${name} .*\\n(?:.*\\n){1,6}?.*LINE (\\d+):`).exec(text)?.[1];
  assert.deepEqual(['v', 't', 'q', 's'].map(lineOf), ['6', '10', '3', '11'], text);
});

test('clone tells no line of what was finished, and its counts though there is nothing to do', async () => {
  const folder = project({ 'models/a.sql': 'select 1 as x' });
  await dbt(folder, ['run']);
  const none = await dbt(folder, ['clone', '-s', 'nope']);
  assert.match(none.text, /Nothing to do[\s\S]*Completed successfully[\s\S]*Done\. PASS=0/);
  const { text } = await dbt(folder, ['clone', '--state', 'target', '--target-path', 'other']);
  assert.match(text, /already exists[\s\S]*Done\. PASS=1/);
  assert.doesNotMatch(text, /Finished running/);
});

// It gave what it was told to give where there is no such config, whatever the project said.
test('a Python model reads its configs, and only calls in its code are calls', async () => {
  const folder = project({
    'models/p.py': `
def model(dbt, session):
    """Like dbt.ref("nothing"), # not dbt.source("a", "b")"""
    dbt.config(materialized="table", zz=8.0)  # dbt.config.get("no")
    other = dbt.config.get(
        "other", [1, 2],
    )
    return session.sql(f'select {dbt.config.get("zz", 1.0)}, {dbt.config.meta_get("m")}, {dbt.config.meta_get("n", "d,d)")}')
`,
    'models/m.yml': 'models: [{name: p, config: {meta: {m: 5}, other: set}}]',
  });
  const { code, text } = await dbt(folder, ['compile']);
  assert.equal(code, 0, text);
  const node = parse(folder).manifest.nodes['model.shop.p'];
  assert.deepEqual(
    ['config_keys_used', 'meta_keys_used', 'meta_keys_defaults'].map((key) => node?.config[key as 'tags']),
    [
      ['other', 'zz'],
      ['m', 'n'],
      [null, 'd,d)'],
    ],
  );
  const compiled = readFileSync(path.join(folder, 'target/compiled/shop/models/p.py'), 'utf8');
  assert.match(compiled, /config_dict = \{'other': 'set', 'zz': 8\.0\}\nmeta_dict = \{'m': 5, 'n': 'd,d\)'\}/);
  const wrong = (call: string): string =>
    parseError({ 'models/p.py': `def model(dbt, session):\n    return ${call}\n` }).message;
  assert.match(wrong('dbt.config.get()'), /requires at least one argument/);
  assert.match(wrong('dbt.config.get("a", 1, 2)'), /takes at most 2 arguments \(3 given\)/);
});

test('what dbt v2 refuses on DuckDB: +all_varchar of seeds, external models, files as sources, table functions', async () => {
  const folder = project({
    ...withKey('seeds: {+all_varchar: true}'),
    'seeds/cities.csv': 'code,city\n1,Oslo\n',
    'models/sources.yml': `sources:
  - {name: files, config: {meta: {external_location: "{{ var('out') }}/{name}.parquet"}}, tables: [{name: cities}]}`,
    'models/cities_file.sql':
      "{{ config(materialized='external', location=var('out') ~ '/cities.parquet') }}select * from {{ ref('cities') }}",
    'models/from_file.sql': "-- depends_on: {{ ref('cities_file') }}\nselect city from {{ source('files', 'cities') }}",
    'models/city_of.sql':
      "{{ config(materialized='table_function', parameters=['wanted']) }}select city from {{ ref('cities') }} where code = wanted",
    'tests/found.sql':
      "-- depends_on: {{ ref('from_file') }}\nselect 1 where not exists (from {{ ref('city_of') }}(1) where city in (from {{ ref('from_file') }}))",
  });
  const { code, text } = await dbt(folder, ['build', '--vars', JSON.stringify({ out: folder })]);
  assert.equal(code, 0, text);
  assert.match(text, /PASS=5 WARN=0 ERROR=0/);
});

test('what a get_test_sql of the project says of warning and failing is read as dbt reads it', async () => {
  const macro = `{% macro get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
    {%- set flag = model.config.meta.flag -%}
    select {{ fail_calc }} as failures, {{ flag }} as should_warn, {{ flag }} as should_error from ({{ main_sql }}) t
  {%- endmacro %}`;
  const flags = { two: '2', half: '0.5', yes: "'Yes'", zero: '0', off: "'off'", none: 'null', word: "'x'" };
  const tests = Object.entries(flags).map(([name, flag]): [string, string] => [
    `tests/${name}.sql`,
    `{{ config(meta={'flag': "${flag}"}) }} select 1 as x`,
  ]);
  const { text } = await dbt(project({ 'macros/m.sql': macro, ...Object.fromEntries(tests) }), ['test']);
  for (const name of ['two', 'half', 'yes']) assert.match(text, new RegExp(`FAIL 1 ${name} `));
  for (const name of ['zero', 'off', 'none']) assert.match(text, new RegExp(`PASS ${name} `));
  assert.match(text, /Macro 'get_test_sql' returns 'x'/);
});

test('a contract with constraints on what is no table is warned of, where the constraint does not silence it', async () => {
  const model = (name: string, constraint: string): string =>
    `{name: ${name}, config: {contract: {enforced: true}}, columns: [{name: x, data_type: integer, constraints: [${constraint}]}]}`;
  const folder = project({
    'models/seen.sql': 'select 1 as x',
    'models/still.sql': 'select 1 as x',
    'models/kept.sql': "{{ config(materialized='table') }}select 1 as x",
    'models/m.yml': `models:
  - ${model('seen', '{type: not_null}')}
  - ${model('still', '{type: not_null, warn_unsupported: false}')}
  - ${model('kept', '{type: not_null}')}`,
  });
  const { code, text } = await dbt(folder, ['parse']);
  assert.equal(code, 0);
  assert.deepEqual(text.match(/\S+(?= \(models\/\w+\.sql\): constraints do nothing)/g), ['model.shop.seen']);
  assert.equal((await dbt(folder, ['parse', '--warn-error'])).code, 2);
});

test('a contract on a Python model is refused', () => {
  const { message } = parseError({
    'models/p.py': 'def model(dbt, session):\n    return session.sql("select 1 as x")\n',
    'models/m.yml':
      'models: [{name: p, config: {contract: {enforced: true}}, columns: [{name: x, data_type: integer}]}]',
  });
  assert.match(message, /model\.shop\.p \(models\/p\.py\): a contract can be enforced on models in SQL only/);
});

test('a key of a schema file that holds nothing is refused', () => {
  for (const key of ['models', 'sources', 'groups', 'unit_tests', 'data_tests'])
    assert.match(
      parseError({ 'models/a.sql': 'select 1 as x', 'models/s.yml': `${key}:\n` }).message,
      new RegExp(`models/s.yml: '${key}' must be a list`),
    );
});
