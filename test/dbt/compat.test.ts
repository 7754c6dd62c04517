/** What real projects showed to differ from dbt-core 1.12 with dbt-duckdb 1.11; values are what those two give. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { unrenderedCalls } from '../../src/dbt/unrendered-calls.ts';
import { openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/rows.ts';
import { type Files, newProject, parse } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
const project = (files: Files): string => newProject({ 'profiles/profiles.yml': profile, ...files });

interface Result {
  readonly unique_id: string;
  readonly status: string;
  readonly message: string | null;
  readonly [key: string]: unknown;
}

function artifact(folder: string, name: string): { readonly results: readonly Result[] } & Record<string, unknown> {
  return JSON.parse(readFileSync(path.join(folder, 'target', name), 'utf8'));
}

test('results keep every argument that was given, and the switches of behaviour', async () => {
  const folder = project({ 'models/m.sql': 'select 1 as id' });
  assert.equal((await dbt(folder, ['run', '--select', 'm', '--threads', '2'])).code, 0);
  const { args, results } = artifact(folder, 'run_results.json') as { args: Record<string, unknown> } & ReturnType<
    typeof artifact
  >;
  assert.equal(args.which, 'run');
  assert.match(String(args.invocation_command), /^dbt run --select m --threads 2 /);
  assert.equal(args.require_generic_test_arguments_property, true);
  assert.ok(!('selector' in args));
  assert.deepEqual(results[0]?.adapter_response, { _message: 'OK' });
  assert.ok('overload_results' in (results[0] ?? {}));
});

test('each snapshot of a file is compiled into a folder named as the file', async () => {
  const folder = project({
    'snapshots/s.sql': `{% snapshot s %}{{ config(strategy='check', check_cols='all', unique_key='id') }} select 1 as id{% endsnapshot %}`,
  });
  assert.equal((await dbt(folder, ['snapshot'])).code, 0);
  assert.ok(existsSync(path.join(folder, 'target/compiled/shop/snapshots/s.sql/s.sql')));
});

test('macros: arguments of tests, and no call seen in a text', () => {
  const folder = project({
    'macros/m.sql': `{% macro a(x) %}{{ exceptions.warn("use b() or shop.b()") }}{{ c(x) }}{% endmacro %}
{% macro b() %}{% endmacro %}
{% macro c(y) %}{% endmacro %}
{% test odd(model, column_name, by=2) %}select 1{% endtest %}`,
  });
  const { macros } = parse(folder).manifest;
  assert.deepEqual(macros['macro.shop.a']?.depends_on.macros, ['macro.shop.c']);
  assert.deepEqual(
    macros['macro.shop.test_odd']?.arguments.map(({ name }) => name),
    ['model', 'column_name', 'by'],
  );
});

test('macros: a call by a name that is no package is one of the macro of that name; a wrapper calls what it wraps', () => {
  const folder = project({
    'macros/m.sql': `{% macro a(relation) %}{{ relation.b() }}{{ ref('x') }}{% endmacro %}
{% macro b() %}{{ adapter.dispatch('b', 'shop')() }}{% endmacro %}
{% macro default__b() %}{{ dbt.hash('x') }}{% endmacro %}
{% macro hash(field) %}{{ dbt.hash(field) }}{% endmacro %}
{% macro ref() %}{{ builtins.ref('x') }}{% endmacro %}`,
  });
  const { macros } = parse(folder).manifest;
  const calls = (name: string): readonly string[] | undefined => macros[`macro.shop.${name}`]?.depends_on.macros;
  assert.deepEqual(calls('a'), ['macro.shop.b']);
  assert.deepEqual(calls('b'), ['macro.shop.default__b']);
  assert.deepEqual(calls('hash'), ['macro.dbt.hash']);
});

test('the information schema is written in capitals, unquoted', async () => {
  const folder = project({
    'models/m.sql': `select '{{ this.information_schema('COLUMNS') }} {{ this.information_schema() }}' as names`,
  });
  assert.equal((await dbt(folder, ['compile'])).code, 0);
  const compiled = readFileSync(path.join(folder, 'target/compiled/shop/models/m.sql'), 'utf8');
  assert.equal(compiled, `select '"shop".INFORMATION_SCHEMA.COLUMNS "shop".INFORMATION_SCHEMA' as names`);
});

test('saved queries are part of a build, which does nothing for them', async () => {
  const folder = project({
    'models/m.sql': 'select 1 as id, current_date as day',
    'models/m.yml': `models:
  - {name: m, time_spine: {standard_granularity_column: day}, columns: [{name: day, granularity: day}]}
semantic_models:
  - name: sales
    model: ref('m')
    defaults: {agg_time_dimension: sold_on}
    entities: [{name: id, type: primary}]
    dimensions: [{name: sold_on, expr: day, type: time, type_params: {time_granularity: day}}]
    measures: [{name: total, agg: sum, expr: id, create_metric: true}]
saved_queries:
  - {name: sums, query_params: {metrics: [total]}}
`,
  });
  const { code, text } = await dbt(folder, ['build', '--printer-width', '40']);
  assert.equal(code, 0);
  assert.match(text, /2 of 2 NO-OP saved query sums /);
  const [, saved] = artifact(folder, 'run_results.json').results;
  assert.deepEqual([saved?.unique_id, saved?.status, saved?.message], ['saved_query.shop.sums', 'no-op', 'NO-OP']);
});

test('a fixture that cannot be made is an error of the model it stands for', async () => {
  const folder = project({
    'models/m.sql': "select id from {{ source('raw', 'people') }}",
    'models/m.yml': `sources: [{name: raw, tables: [{name: people}]}]
unit_tests: [{name: t, model: m, given: [{input: "source('raw', 'people')", rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}]
`,
  });
  assert.equal((await dbt(folder, ['build'])).code, 1);
  const [result] = artifact(folder, 'run_results.json').results;
  assert.match(
    result?.message ?? '',
    /^Compilation Error in model people \(models\/m\.yml\)\n {2}Not able to get columns for unit test 'people' from relation "shop"\."raw"\."people" because the relation doesn't exist/,
  );
});

test('what cannot be compiled or shown ends its command with 2, what cannot run with 1', async () => {
  const folder = project({
    'models/m.sql': 'select nothing',
    'models/bad.sql': "{% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}",
  });
  const code = async (...words: readonly string[]): Promise<number> => (await dbt(folder, words)).code;
  assert.equal(await code('compile'), 2);
  assert.equal(await code('run-operation', 'none'), 2);
  assert.equal(await code('docs', 'generate'), 2);
  assert.equal(await code('show', '--select', 'm'), 2);
  assert.equal(await code('show', '--inline', 'select nothing'), 2);
  assert.equal(await code('compile', '--select', 'm', '--validate'), 1);
  assert.equal(await code('run', '--select', 'm'), 1);
  // What was to be run is written, also of a model that the check had told wrong.
  assert.equal(await code('run'), 1);
  assert.match(readFileSync(path.join(folder, 'target/run/shop/models/m.sql'), 'utf8'), /select nothing/);
});

const skips = (folder: string): readonly (string | null)[][] =>
  artifact(folder, 'run_results.json').results.map(({ unique_id, status, message }) => [
    unique_id.split('.')[2] as string,
    status,
    message,
  ]);

test('an ephemeral model that cannot be compiled keeps from running what refers to it', async () => {
  const folder = project({
    'models/eph.sql':
      "{{ config(materialized='ephemeral') }}{% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}select 1 as id",
    'models/child.sql': "select * from {{ ref('eph') }}",
    'models/grand.sql': "select * from {{ ref('child') }}",
  });
  const { code, text } = await dbt(folder, ['run', '--printer-width', '90']);
  assert.equal(code, 1);
  assert.match(text, /1 of 2 SKIP relation main\.child due to ephemeral model status 'error' \.+ \[ERROR SKIP\]\n/);
  assert.match(text, /in model eph \(models\/eph\.sql\)\n[\s\S]*Completed with 2 errors/);
  const why = (name: string): string =>
    `Compilation Error in model.shop.${name}, caused by compilation error in referenced ephemeral model model.shop.eph`;
  assert.deepEqual(skips(folder), [
    ['child', 'skipped', why('child')],
    ['grand', 'skipped', why('grand')],
  ]);
  await dbt(folder, ['build']);
  assert.deepEqual(skips(folder), [
    ['child', 'skipped', why('child')],
    ['grand', 'skipped', null],
  ]);
});

test('a build runs nodes in the order of dbt, numbers them as they begin, and unit tests only with their model', async () => {
  const folder = project({
    'models/a.sql': 'select 1 as id',
    'models/b.sql': "select * from {{ ref('a') }}",
    'models/z.sql': "{{ config(materialized='ephemeral') }}select 1 as id",
    'models/c.sql': "select * from {{ ref('z') }}",
    'models/d.sql': 'select 1 as id',
    'models/m.yml': `models: [{name: a, columns: [{name: id, data_tests: [unique]}]}]
unit_tests: [{name: t, model: b, given: [{input: ref('a'), rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}]
`,
  });
  const { text } = await dbt(folder, ['build', '--threads', '1']);
  const started = [...text.matchAll(/(\d of \d) START \S+ (?:view model |test )?(\S+)/g)].map(
    ([, at, name]) => `${at} ${name}`,
  );
  assert.deepEqual(started, [
    '1 of 6 main.a',
    '2 of 6 main.d',
    '3 of 6 unique_a_id',
    '4 of 6 main.c',
    '5 of 6 b::t',
    '6 of 6 main.b',
  ]);
  const alone = await dbt(folder, ['build', '--select', 't']);
  assert.equal(alone.code, 0);
  assert.match(alone.text, /Nothing to do/);
});

test('what depends on a model runs after it failed, where it says so; results of a choice hold ephemeral models', async () => {
  const folder = project({
    'models/a.sql': "{{ config(on_error='continue') }}select nothing",
    'models/b.sql': "select 1 as id -- {{ ref('a') }}",
    'models/e.sql': "{{ config(materialized='ephemeral') }}select 1 as id",
  });
  const statuses = (): readonly string[] => skips(folder).map(([name, status]) => `${name} ${status}`);
  assert.equal((await dbt(folder, ['run'])).code, 1);
  assert.deepEqual(statuses(), ['a error', 'b success']);
  const { text } = await dbt(folder, ['compile', '--select', 'e', 'b']);
  assert.deepEqual(statuses(), ['b success', 'e success']);
  assert.match(text, /Compiled node 'e' is:\nselect 1 as id/);
  assert.doesNotMatch(text, /Compiled node 'b' is/);
  await dbt(folder, ['compile']);
  assert.deepEqual(statuses(), ['a success', 'b success']);
});

test('a layout that only DuckLake has is looked at all the same; what stands in comments calls nothing', async () => {
  const folder = project({
    'macros/m.sql': '{% macro a() %}{# {% do b() %} #}{% endmacro %}{% macro b() %}{% endmacro %}',
    'models/bad.sql': "{{ config(materialized='table', partition_by={'field': 'id'}) }}select 1 as id",
    'models/good.sql': "{{ config(materialized='table', partition_by='id', sort_by=['id']) }}select 1 as id",
    'models/m.yml':
      'sources: [{name: raw, tables: [{name: people, external: {location: here, partitions: [{name: p, data_type: date}]}}]}]',
  });
  const { text } = await dbt(folder, ['run']);
  assert.match(text, /partition_by is only supported for DuckLake relations; ignoring for "shop"\."main"\."good"/);
  assert.deepEqual(
    skips(folder).map(([name, , message]) => [name, message?.split('\n')[1]?.trim()]),
    [
      ['bad', 'partitioned_by/partition_by must be a list of strings or a string'],
      ['good', undefined],
    ],
  );
  const { macros, sources } = parse(folder, { profilesDir: path.join(folder, 'profiles') }).manifest;
  assert.deepEqual(macros['macro.shop.a']?.depends_on.macros, []);
  assert.deepEqual(sources['source.shop.raw.people']?.external, {
    location: 'here',
    file_format: null,
    row_format: null,
    tbl_properties: null,
    partitions: [{ name: 'p', description: '', data_type: 'date', meta: {} }],
  });
});

test('the folder of a database is not made', async () => {
  const folder = project({ 'profiles/profiles.yml': profile.replace('shop.duckdb', 'data/shop.duckdb') });
  const { code, text } = await dbt(folder, ['run-operation', 'none']);
  assert.equal(code, 2);
  assert.match(text, /there is no folder .*\/data\n.*make the folder/);
});

test('configs as they are written, in the spelling of Python', () => {
  const code = `-- config(materialized='no')
{% raw %}{{ config(materialized='no') }}{% endraw %}
{{ config(enabled=(var("a")=='x' and not  y), tags=["a",'b',], meta={'k':1}, schema = 'raw' ~ env_var('E',"d")) }}`;
  assert.deepEqual(unrenderedCalls(code), {
    enabled: "var('a') == 'x' and not y",
    tags: "['a', 'b']",
    meta: "{'k': 1}",
    schema: "'raw' ~ env_var('E', 'd')",
  });
  assert.equal(unrenderedCalls("select 'config(' as a"), undefined);
});

test('a table with foreign keys that fails to be built is left as it was', async () => {
  const folder = project({
    'models/parent.sql': 'select 1 as id',
    'models/child.sql': `select {{ var('id', 1) }} as parent_id -- {{ ref('parent') }}`,
    'models/m.yml': `models:
  - name: parent
    config: {materialized: table, contract: {enforced: true}}
    constraints: [{type: primary_key, columns: [id]}]
    columns: [{name: id, data_type: integer}]
  - name: child
    config: {materialized: table, contract: {enforced: true}}
    constraints: [{type: foreign_key, columns: [parent_id], to: ref('parent'), to_columns: [id]}]
    columns: [{name: parent_id, data_type: integer}]
`,
  });
  assert.equal((await dbt(folder, ['run'])).code, 0);
  assert.equal((await dbt(folder, ['run', '--vars', '{id: 5}'])).code, 1);
  const engine = await openEngine({ database: path.join(folder, 'shop.duckdb') });
  try {
    assert.deepEqual(await queryRows(engine, 'select parent_id from main.child'), [{ parent_id: 1 }]);
  } finally {
    await engine.close();
  }
});

test('models past their date, and references to them, are warned of', () => {
  const folder = project({
    'models/old_v1.sql': 'select 1 as id',
    'models/old_v2.sql': 'select 1 as id',
    'models/uses.sql': "select * from {{ ref('old', v=1) }}",
    'models/m.yml':
      'models: [{name: old, latest_version: 2, versions: [{v: 1, deprecation_date: 2020-01-01}, {v: 2}]}]',
  });
  assert.deepEqual(
    parse(folder).told.map(({ name }) => name),
    ['DeprecatedModel', 'DeprecatedReference'],
  );
});

test('--event-time-start needs --event-time-end', async () => {
  const { code, text } = await dbt(project({}), ['run', '--event-time-end', '2024-01-01']);
  assert.equal(code, 2);
  assert.match(text, /--event-time-end was given without --event-time-start/);
});

test('show: a node that is named, not its tests', async () => {
  const folder = project({
    'models/m.sql': 'select 1 as id',
    'models/m.yml': 'models: [{name: m, columns: [{name: id, data_tests: [not_null]}]}]',
  });
  await dbt(folder, ['run']);
  const { text } = await dbt(folder, ['show', '--select', 'm']);
  assert.match(text, /Previewing node 'm'/);
  assert.doesNotMatch(text, /not_null_m_id/);
});

test('a private model serves its group only, in whatever package', () => {
  const files = {
    'dbt_packages/pkg/dbt_project.yml': 'name: pkg\nversion: 1.0.0\n',
    'dbt_packages/pkg/models/hidden.sql': 'select 1 as id',
    'dbt_packages/pkg/models/m.yml':
      'groups: [{name: g, owner: {email: a@b.c}}]\nmodels: [{name: hidden, access: private, group: g}]',
    'models/m.sql': "select * from {{ ref('pkg', 'hidden') }}",
  };
  assert.throws(() => parse(newProject(files)), /references 'model.pkg.hidden', which is private to group 'g'/);
});

test('hooks of the root project come before those of packages, counted in their order', async () => {
  const folder = project({
    'dbt_project.yml': 'name: shop\nversion: 1.0.0\nprofile: shop\non-run-start: select 1\n',
    'dbt_packages/a_pkg/dbt_project.yml': 'name: a_pkg\nversion: 1.0.0\non-run-start: [select 2, select 3]\n',
    'models/m.sql': 'select 1 as id',
  });
  assert.equal((await dbt(folder, ['run'])).code, 0);
  assert.deepEqual(
    artifact(folder, 'run_results.json').results.map(({ message }) => message),
    ['shop.on-run-start.0 passed', 'a_pkg.on-run-start.1 passed', 'a_pkg.on-run-start.2 passed', 'OK'],
  );
  assert.equal((await dbt(folder, ['compile'])).code, 0);
  assert.ok(existsSync(path.join(folder, 'target/compiled/shop/dbt_project.yml/hooks/shop-on-run-start-0.sql')));
  const { nodes } = artifact(folder, 'manifest.json') as unknown as {
    nodes: Record<string, { compiled_path: string }>;
  };
  assert.equal(
    nodes['operation.shop.shop-on-run-start-0']?.compiled_path,
    'target/compiled/shop/./dbt_project.yml/hooks/shop-on-run-start-0.sql',
  );
});

test('what a macro asks of an undefined name fails while parsing', () => {
  const folder = newProject({
    'macros/m.sql': '{% macro m() %}{{ nothing.there }}{% endmacro %}',
    'models/m.sql': 'select 1 {{ m() }}',
  });
  assert.throws(() => parse(folder), /'nothing' is undefined/);
});

test('windows of a model are times in templates; a window that fails leaves the others', async () => {
  const folder = project({
    'models/m.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='month', begin='2024-01-01') }}
select timestamp '2024-01-15' as at{% if model.batch and model.batch.event_time_start.month == 2 %}, missing_column{% endif %}`,
  });
  const times = ['--event-time-start', '2024-01-01', '--event-time-end', '2024-04-01'];
  assert.equal((await dbt(folder, ['run', ...times])).code, 1);
  assert.equal(artifact(folder, 'run_results.json').results[0]?.status, 'partial success');
});

test('nodes are told as skipped when a hook at the start fails, and statements of a hook are kept', async () => {
  const folder = project({
    'dbt_project.yml': `name: shop
version: 1.0.0
profile: shop
on-run-start:
  - "{% if execute %}{% call statement('made') %}create or replace table main.made as select 1 as a{% endcall %}{% endif %}"
  - "{% if var('bad', false) %}select * from nowhere{% endif %}"
`,
    'models/m.sql': 'select a from main.made',
  });
  assert.equal((await dbt(folder, ['run'])).code, 0);
  assert.equal((await dbt(folder, ['run', '--vars', '{bad: true}'])).code, 1);
  assert.deepEqual(
    artifact(folder, 'run_results.json').results.map(({ unique_id: id, status }) => [id.split('.').at(-1), status]),
    [
      ['shop-on-run-start-0', 'success'],
      ['shop-on-run-start-1', 'error'],
      ['m', 'skipped'],
    ],
  );
});

test('a source is no other because the target is: state compares what is written', async () => {
  const folder = project({
    'profiles/profiles.yml': `${profile}    prod: {type: duckdb, path: prod.duckdb, schema: main}\n`,
    'models/sources.yml':
      'version: 2\nsources:\n  - name: raw\n    tables:\n      - name: t\n        columns: [{name: id, data_tests: [not_null]}]\n',
    'models/m.sql': "select * from {{ source('raw', 't') }}",
  });
  assert.equal((await dbt(folder, ['parse', '--target-path', 'before'])).code, 0);
  const ls = async (select: string) =>
    (await dbt(folder, ['ls', '--target', 'prod', '--state', 'before', '--select', select])).text.split('\n');
  assert.ok((await ls('state:unmodified')).some((line) => line.endsWith('source:shop.raw.t')));
  writeFileSync(
    path.join(folder, 'models/sources.yml'),
    readFileSync(path.join(folder, 'models/sources.yml'), 'utf8').replace(
      '- name: raw',
      '- name: raw\n    schema: other',
    ),
  );
  assert.ok((await ls('state:modified')).some((line) => line.endsWith('source:shop.raw.t')));
});

test('retry writes its lines as its own command line says, not as that of the earlier run', async () => {
  const folder = project({ 'models/m.sql': 'select 1 as id', 'models/wrong.sql': 'select nothing' });
  const first = await dbt(folder, ['run', '--log-format', 'json']);
  assert.ok(
    first.text
      .trim()
      .split('\n')
      .every((line) => line.startsWith('{')),
  );
  const { code, text } = await dbt(folder, ['retry']);
  assert.equal(code, 1);
  assert.match(text, /1 of 1 ERROR creating sql view model main\.wrong/);
  assert.doesNotMatch(text, /^\{/m);
  assert.equal((artifact(folder, 'run_results.json').args as Record<string, unknown>).log_format, 'json');
});

test('what is shown is kept with its limit and its answer; a text of the command line is compiled to its own place', async () => {
  const folder = project({ 'models/m.sql': 'select 1 as id' });
  assert.equal((await dbt(folder, ['show', '--inline', 'select 7 as n', '--limit', '3'])).code, 0);
  const [shown] = artifact(folder, 'run_results.json').results;
  assert.match(String(shown?.compiled_code), /select 7 as n\s+limit 3/);
  assert.deepEqual(shown?.adapter_response, { _message: 'OK' });
  const place = 'target/compiled/shop/from remote system.sql/sql/inline_query';
  assert.equal(readFileSync(path.join(folder, place), 'utf8'), 'select 7 as n');
});

test('an on-run-start that fails leaves source freshness undone', async () => {
  const folder = project({
    'dbt_project.yml': 'name: shop\nversion: 1.0.0\nprofile: shop\non-run-start: select nothing\n',
    'models/s.yml':
      'sources: [{name: raw, schema: main, tables: [{name: t, loaded_at_field: at, freshness: {warn_after: {count: 1, period: day}}}]}]',
  });
  const { code, text } = await dbt(folder, ['source', 'freshness']);
  assert.equal(code, 1);
  assert.match(text, /1 of 1 SKIP source t \.+ \[SKIP\]/);
  assert.match(text, /\[ERROR\]: in operation shop-on-run-start-0 \(\.\/dbt_project\.yml\)/);
  assert.doesNotMatch(text, /START freshness/);
  assert.deepEqual(artifact(folder, 'sources.json').results, []);
});

test('versions: what their config says is kept as written, and a test that is rendered refers to the text of its version', () => {
  const folder = project({
    'models/m_v1.sql': 'select 1 as id',
    'models/m.yml': `models:
  - name: m
    columns: [{name: id, data_tests: [not_null, {accepted_values: {arguments: {values: [1]}}}]}]
    versions:
      - v: 1
        config: {alias: "{{ 'm_' ~ var('place', 'here') }}"}
`,
  });
  const { nodes } = parse(folder).manifest;
  const model = nodes['model.shop.m.v1'];
  assert.equal(model?.alias, 'm_here');
  assert.equal(model?.unrendered_config?.alias, "{{ 'm_' ~ var('place', 'here') }}");
  const versionOf = (name: string): unknown =>
    Object.values(nodes)
      .filter((node) => node.name.startsWith(name))
      .flatMap(({ refs }) => refs)[0]?.version;
  assert.equal(versionOf('not_null_m_v1'), 1);
  assert.equal(versionOf('accepted_values_m_v1'), '1');
});

test('a byte order mark before a model is part of its text, before a YAML file it is not; retry repeats exposures too', async () => {
  const folder = project({
    'models/m.sql': '\ufeffselect 1 as id\n',
    'models/wrong.sql': 'select nothing',
    'models/m.yml':
      "\ufeffexposures: [{name: e, type: notebook, owner: {email: a@b.c}, depends_on: [ref('wrong')]}]\nmodels: [{name: m, description: one}]",
  });
  assert.equal(parse(folder).manifest.nodes['model.shop.m']?.raw_code, '\ufeffselect 1 as id');
  assert.equal((await dbt(folder, ['build'])).code, 1);
  const ids = (): string[] => artifact(folder, 'run_results.json').results.map(({ unique_id }) => unique_id);
  assert.deepEqual(ids().sort(), ['exposure.shop.e', 'model.shop.m', 'model.shop.wrong']);
  assert.equal((await dbt(folder, ['retry'])).code, 1);
  assert.deepEqual(ids().sort(), ['exposure.shop.e', 'model.shop.wrong']);
});

test('packages read the variables of the run as config.vars.to_dict()', async () => {
  const folder = project({
    'dbt_project.yml': 'name: shop\nversion: 1.0.0\nprofile: shop\nvars: {place: here}\n',
    'macros/m.sql': '{% macro told() %}{{ print(builtins.ref.config.vars.to_dict().place) }}{% endmacro %}',
  });
  assert.match((await dbt(folder, ['run-operation', 'told'])).text, /^here$/m);
});

test('the rows of a result are grouped by a column, as agate does', async () => {
  const folder = project({
    'macros/m.sql': `{% macro told() %}
      {% set groups = run_query("select * from (values ('a', 1), ('b', 2), ('a', 3)) t(k, n)").group_by('k') %}
      {% for key, table in groups.items() %}{{ print(key ~ ' ' ~ (table.columns['n'].values() | join('+'))) }}{% endfor %}
      {{ print(groups.keys() | join(',') ~ ' ' ~ (groups.get('a').rows | length) ~ ' ' ~ groups.get('z') ~ ' ' ~ groups.key_name) }}
    {% endmacro %}`,
  });
  assert.match((await dbt(folder, ['run-operation', 'told'])).text, /^a 1\+3\nb 2\na,b 2 None k$/m);
});

test('context is a mapping of all names, which a macro may add to for those that come after it', async () => {
  const folder = project({
    'macros/m.sql': `{% macro keep() %}{% do context.update({"kept": "yes"}) %}{% endmacro %}
{% macro told() %}{{ return(context.get("kept", "no")) }}{% endmacro %}`,
    'models/a.sql': `{{ keep() }}select '{{ told() }} {{ context['project_name'] }} {{ context.get('nosuch') }} {{ 'keep' in context }} {{ context.model.name }}' as x`,
    'models/b.sql': "select '{{ told() }}' as x",
  });
  const { nodes } = parse(folder).manifest;
  assert.deepEqual(nodes['model.shop.a']?.depends_on.macros, ['macro.shop.keep', 'macro.shop.told']);
  assert.equal((await dbt(folder, ['compile'])).code, 0);
  const compiled = (name: string) => readFileSync(path.join(folder, `target/compiled/shop/models/${name}.sql`), 'utf8');
  assert.equal(compiled('a'), "select 'yes shop None True a' as x");
  assert.equal(compiled('b'), "select 'no' as x");
});

test('null takes back a config of the project, except of the keys that dbt knows', () => {
  const folder = project({
    'dbt_project.yml': 'name: shop\nprofile: shop\nmodels: {+own: true, +own_dict: {a: 1}, +schema: other}\n',
    'models/a.sql': '{{ config(own=None, own_dict=None, schema=None) }}select 1 as id',
  });
  const config = parse(folder).manifest.nodes['model.shop.a']?.config as Record<string, unknown>;
  assert.deepEqual([config.own, config.own_dict, config.schema], [null, null, 'other']);
});

test('a seed in the place of the latest version of a model is an error, as in dbt', async () => {
  const folder = project({
    'models/sub/a_v1.sql': 'select 1 as id',
    'models/s.yml': 'models:\n  - name: a\n    latest_version: 2\n    versions: [{v: 1}, {v: 2}]\n',
    'seeds/a.csv': 'id\n1\n',
  });
  const { code, text } = await dbt(folder, ['parse']);
  assert.equal(code, 2);
  assert.match(text, /models\/s\.yml: version 2 of model 'a' is found as a seed \(seeds\/a\.csv\)/);
});
