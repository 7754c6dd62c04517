/** Corners that small projects written for one feature show; values are what dbt-core 1.12 with dbt-duckdb 1.11 gives. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DbtManifest } from '../../src/dbt/manifest-types.ts';
import { newProject, parse, parseError, writeFiles } from './project.ts';
import { dbt } from './replay.ts';

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
  const flags = { STATE_MODIFIED_COMPARE_MORE_UNRENDERED_VALUES: false };
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

test('model leaves out what is null, and spells types as the database does', () => {
  const files = {
    'models/m.sql': `{{ config(meta={'x': none}, tags=[model.group ~ '|' ~ ('group' in model), model.get('patch_path', 'no')]) }}
{% if model.columns %}{{ config(alias=model.columns['a'].data_type) }}{% endif %} select 1 as id`,
  };
  const { tags, meta } = parse(newProject(files)).manifest.nodes['model.shop.m'] ?? {};
  assert.deepEqual([tags, meta], [['|False', 'no'], { x: null }]);
});

test('what is read off a text keeps its backslashes; what is rendered does not', () => {
  const files = {
    'models/read.sql': String.raw`{{ config(tags=['it\'s', 'a\\b\n']) }} select 1 as id`,
    'models/rendered.sql': String.raw`{{ config(tags=['it\'s', 'a\\b\n']) }} {% if is_incremental() %}{% endif %} select 1 as id`,
  };
  const { nodes } = parse(newProject(files)).manifest;
  assert.deepEqual(nodes['model.shop.read']?.tags, [String.raw`it\'s`, String.raw`a\\b\n`]);
  assert.deepEqual(nodes['model.shop.rendered']?.tags, ["it's", 'a\\b\n']);
});

test('semantic models: kinds in any case, expressions and descriptions as dbt has them, groups that know them', () => {
  const files = {
    'models/orders.sql': 'select 1 as id',
    'models/metricflow_time_spine.sql': 'select current_date as date_day',
    'models/docs.md': '{% docs day %}the day{% enddocs %}',
    'models/m.yml': `groups: [{name: g, owner: {name: me}}]
semantic_models:
  - name: orders
    model: ref('orders')
    config: {group: g}
    defaults: {agg_time_dimension: day}
    entities: [{name: id, type: PRIMARY}]
    dimensions: [{name: day, type: TIME, description: "{{ doc('day') }}", type_params: {time_granularity: DAY}}]
    measures: [{name: orders, agg: SUM, expr: true, non_additive_dimension: {name: day, window_choice: MAX}}]
`,
  };
  const { manifest } = parse(newProject(files));
  const model = manifest.semantic_models['semantic_model.shop.orders'] as unknown as Record<
    string,
    { [key: string]: unknown }[]
  >;
  assert.equal(model.entities?.[0]?.type, 'primary');
  assert.deepEqual(
    [model.dimensions?.[0]?.type, model.dimensions?.[0]?.description, model.dimensions?.[0]?.type_params],
    ['time', 'the day', { time_granularity: 'day', validity_params: null }],
  );
  assert.deepEqual(
    [model.measures?.[0]?.agg, model.measures?.[0]?.expr, model.measures?.[0]?.non_additive_dimension],
    ['sum', 'True', { name: 'day', window_choice: 'max', window_groupings: [] }],
  );
  assert.deepEqual(manifest.group_map, { g: ['semantic_model.shop.orders'] });
});

test('relations that templates create are quoted as the project says', () => {
  const files = {
    'dbt_project.yml': 'name: shop\nprofile: shop\nquoting: {identifier: false}\n',
    'models/m.sql': `{{ config(tags=[api.Relation.create(schema='s', identifier='i') | string,
  api.Relation.create(identifier='i', quote_policy={'identifier': true}) | string]) }} select 1 as id`,
  };
  assert.deepEqual(parse(newProject(files)).manifest.nodes['model.shop.m']?.tags, ['"s".i', '"i"']);
});

test('a sample cuts what models read by its event time, quoted where the column says so', async () => {
  const folder = newProject({
    'profiles/profiles.yml':
      'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n',
    'models/a.sql':
      "{{ config(event_time='at') }} select timestamp '2024-01-01' + i * interval 1 day as at from range(60) t(i)",
    'models/b.sql': "select count(*) as n from {{ ref('a') }}",
    'models/m.yml': 'models: [{name: a, columns: [{name: at, quote: true}]}]\n',
  });
  const { code } = await dbt(folder, ['run', '--sample', "{start: '2024-01-10', end: '2024-01-12'}"]);
  assert.equal(code, 0);
  assert.match(
    readFileSync(path.join(folder, 'target/compiled/shop/models/b.sql'), 'utf8'),
    /where "at" >= '2024-01-10 00:00:00\+00:00' and "at" < '2024-01-12 00:00:00\+00:00'/,
  );
});

test('unit tests: what overrides macros and names, where their text goes, how they fail', async () => {
  const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/a.sql': "select 1 as id, 'x' as name",
    'models/b.sql': "select id, name, '{{ invocation_id }}' as run, {{ limit() }} as most from {{ ref('a') }}",
    'models/c.sql': "select id from {{ ref('a') }}",
    'macros/limit.sql': '{% macro limit() %}10{% endmacro %}',
    'models/m.yml': `unit_tests:
  - name: good
    model: b
    overrides: {macros: {invocation_id: 123, limit: 7}}
    given: [{input: ref('a'), rows: [{id: 1, name: "it's"}]}]
    expect: {rows: [{id: 1, name: "it's", run: '123', most: 7}]}
  - name: bad
    model: c
    given: [{input: ref('a'), rows: [{id: 1}]}]
    expect: {rows: [{identity: 1}]}
`,
  });
  assert.equal((await dbt(folder, ['build'])).code, 1);
  const { results } = JSON.parse(readFileSync(path.join(folder, 'target/run_results.json'), 'utf8')) as {
    readonly results: readonly { readonly [key: string]: string | null }[];
  };
  const found = (id: string) => results.find(({ unique_id }) => unique_id?.endsWith(`.${id}`));
  assert.equal(found('good')?.status, 'pass');
  assert.match(found('good')?.compiled_code ?? '', /-- Fixture for a\n/);
  assert.match(
    found('bad')?.message ?? '',
    /^Runtime Error in unit_test bad .*\n {2}An error occurred during execution of unit test 'bad'\. [^\n]*check the data types\.[\s\S]*Invalid column name: 'identity' in unit test fixture for expected output\.[\s\S]*Accepted columns for expected output are: \['id'\]/,
  );
  assert.equal(found('bad')?.compiled, null);
  assert.ok(existsSync(path.join(folder, 'target/compiled/shop/models/m.yml/models/good.sql')));
});

test('what a running model sees: the whole target, every name among the builtins, unit tests in the graph', async () => {
  const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/m.sql': `{% if execute %}{{ log([target.disable_transactions, target.settings, target.external_root, builtins.target.name,
  builtins.ref is defined, 'unit_tests' in graph, run_query('select 1 as a') | string], info=true) }}{% endif %} select 1 as id`,
  });
  const { text } = await dbt(folder, ['compile']);
  assert.match(
    text,
    /\[False, \{\}, '\.', 'dev', True, True, '\| column \| data_type \|\\n\| -+ \| -+ \|\\n\| a {6}\| Integer {3}\|\\n'\]/,
  );
});

test('checksums of contracts know quotes in constraints', () => {
  const files = {
    'models/a.sql': 'select 1 as id',
    'models/b.sql': 'select 1 as id',
    'models/m.yml': `models:
  - name: a
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: integer, constraints: [{type: foreign_key, to: ref('b'), to_columns: [id]}]}]
`,
  };
  const { contract } = parse(newProject(files)).manifest.nodes['model.shop.a'] ?? {};
  assert.equal(contract?.checksum, 'db72229c0b0f43de0d3405764e5ba0d836f1955d7dba65ea3f47562f3a9e8af8');
});

test("a test's macros know each other by name while it is parsed", () => {
  const files = {
    'packages.yml': 'packages: [{local: lib}]\n',
    'lib/dbt_project.yml': 'name: lib\nprofile: shop\n',
    'lib/macros/t.sql': `{% test fine(model) %}{% if execute %}select 1{% else %}{{ lib.outer() }}{% endif %}{% endtest %}
{% macro outer() %}{{ inner() }}{% endmacro %}{% macro inner() %}x{% endmacro %}`,
    'dbt_packages/lib/dbt_project.yml': 'name: lib\nprofile: shop\n',
    'dbt_packages/lib/macros/t.sql': `{% test fine(model) %}{% if execute %}select 1{% else %}{{ lib.outer() }}{% endif %}{% endtest %}
{% macro outer() %}{{ inner() }}{% endmacro %}{% macro inner() %}x{% endmacro %}`,
    'models/m.sql': 'select 1 as id',
    'models/m.yml': 'models: [{name: m, data_tests: [lib.fine]}]\n',
  };
  assert.deepEqual(
    Object.values(parse(newProject(files)).manifest.nodes).map(({ name }) => name),
    ['m', 'lib_fine_m_'],
  );
});

test('the latest version of a model gets a view under the plain name where it is asked for', async () => {
  const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/m_v1.sql': 'select 1 as id',
    'models/m_v2.sql': "{{ config(materialized='table') }} select 2 as id",
    'models/m.yml': 'models: [{name: m, config: {latest_version_pointer: true}, versions: [{v: 1}, {v: 2}]}]\n',
  });
  assert.equal((await dbt(folder, ['run'])).code, 0);
  const { code, text } = await dbt(folder, ['--quiet', 'show', '--inline', 'select id, 5 as five from main.m']);
  assert.deepEqual([code, text], [0, '| id | five |\n| -- | ---- |\n|  2 |    5 |\n\n']);
});

test('freshness: queries are rendered, times are as Python writes them', async () => {
  const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'seeds/orders.csv': 'id\n1\n',
    'models/m.yml': `sources:
  - name: raw
    schema: main
    tables:
      - name: orders
        config:
          loaded_at_query: "select {{ var('time') }} from {{ this }}"
          freshness: {warn_after: {count: 1, period: day}}
`,
  });
  assert.equal((await dbt(folder, ['seed'])).code, 0);
  for (const [time, text] of [
    ['2024-01-02 03:04:05.000678', '2024-01-02T03:04:05.000678+00:00'],
    ['2024-01-02 03:04:05', '2024-01-02T03:04:05+00:00'],
  ] as const) {
    const vars = JSON.stringify({ time: `timestamp '${time}'` });
    assert.equal((await dbt(folder, ['source', 'freshness', '--vars', vars])).code, 0);
    const { results } = JSON.parse(readFileSync(path.join(folder, 'target/sources.json'), 'utf8'));
    assert.equal(results[0].max_loaded_at, text);
    assert.deepEqual(results[0].adapter_response, { _message: 'OK' });
  }
});

test('exports follow their saved query where they say nothing themselves', () => {
  const files = {
    'models/m.yml': `saved_queries:
  - name: q
    query_params: {metrics: []}
    config: {export_as: view, schema: out}
    exports: [{name: plain}, {name: own, config: {export_as: table, schema: mine}}]
`,
  };
  const { exports } = parse(newProject(files)).manifest.saved_queries['saved_query.shop.q'] as unknown as {
    readonly exports: readonly { readonly config: { readonly export_as: string; readonly schema_name: string } }[];
  };
  assert.deepEqual(
    exports.map(({ config }) => [config.export_as, config.schema_name]),
    [
      ['view', 'out'],
      ['table', 'mine'],
    ],
  );
});

test('brackets of YAML may close at any column', () => {
  const files = {
    'models/m.sql': 'select 1 as id',
    'models/m.yml': `models:
  - name: m
    columns:
      - {name: id,
  data_tests: [
    not_null,
  ]
}
    description: >
      folded
      text
    config: {tags: [a]}
`,
  };
  const { nodes } = parse(newProject(files)).manifest;
  assert.deepEqual(nodes['model.shop.m']?.tags, ['a']);
  assert.ok(Object.keys(nodes).some((id) => id.startsWith('test.shop.not_null_m_id.')));
  assert.match(parseError({ 'models/m.yml': 'models: {\n a: 1\nb: 2\n' }).message, /models\/m\.yml:2|models\/m\.yml:3/);
});

test('a versioned model that breaks its contract since the state is an error, another is warned of', async () => {
  const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
  const models = (type: string, versions = '[{v: 1}]') => `models:
  - name: m
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: ${type}}]
    versions: ${versions}
  - name: free
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: ${type}}]
`;
  const code = 'select 1 as id';
  const files = { 'models/m_v1.sql': code, 'models/m_v2.sql': code, 'models/free.sql': code };
  const folder = newProject({
    'profiles/profiles.yml': profile,
    ...files,
    'models/m.yml': models('integer', '[{v: 1}, {v: 2}]'),
  });
  const ls = () => dbt(folder, ['ls', '--quiet', '--select', 'state:modified.contract', '--state', 'state']);
  assert.equal((await dbt(folder, ['parse', '--target-path', 'state'])).code, 0);
  assert.deepEqual(await ls(), { code: 0, text: '' });
  writeFiles(folder, { 'models/m.yml': models('text', '[{v: 1}, {v: 2}]') });
  const changed = await ls();
  assert.equal(changed.code, 2);
  assert.match(changed.text, /Columns with data_type changes: id \(integer -> text\)/);
  writeFiles(folder, { 'models/m.yml': models('integer', '[{v: 1}, {v: 2, config: {enabled: false}}]') });
  assert.match((await ls()).text, /Contracted model 'model\.shop\.m\.v2' was disabled/);
  // What it breaks is told also where the text has changed as well.
  writeFiles(folder, { 'models/m.yml': models('text', '[{v: 1}, {v: 2}]'), 'models/m_v1.sql': `${code} -- other` });
  const modified = ['ls', '--select', 'state:modified', '--exclude', 'state:unmodified', '--state', 'state'];
  assert.equal((await dbt(folder, modified)).code, 2);
});

test('a model without versions that breaks its contract, or is gone, is warned of once', async () => {
  const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
  const models = (type: string) =>
    `models: [{name: free, config: {contract: {enforced: true}}, columns: [{name: id, data_type: ${type}}]}]\n`;
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/free.sql': 'select 1 as id',
    'models/m.yml': models('integer'),
  });
  assert.equal((await dbt(folder, ['parse', '--target-path', 'state'])).code, 0);
  const modified = ['ls', '--select', 'state:modified', '--exclude', 'state:unmodified', '--state', 'state'];
  writeFiles(folder, { 'models/m.yml': models('text') });
  const retyped = await dbt(folder, modified);
  assert.equal(retyped.code, 0);
  assert.equal(
    retyped.text.match(/free \(models\/free\.sql\), a model without versions, breaks its contract/g)?.length,
    1,
  );
  assert.match(retyped.text, /Columns with data_type changes: id \(integer -> text\)/);
  assert.equal((await dbt(folder, ['--warn-error', ...modified])).code, 2);
  writeFiles(folder, { 'models/m.yml': '' });
  rmSync(path.join(folder, 'models/free.sql'));
  const gone = await dbt(folder, modified);
  assert.match(gone.text, /Contracted model 'model\.shop\.free' was deleted or renamed/);
});

test('state: what is new among sources and exposures is no change, another target is none, nor another version of dbt', async () => {
  const profile = (schema: string) =>
    `shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: ${schema}}\n`;
  const described = (text: string) => `models:
  - {name: days, deprecation_date: "2999-01-01 10:00:00.5-04:00", time_spine: {standard_granularity_column: day}, columns: [{name: day, granularity: day}]}
semantic_models:
  - name: orders
    model: ref('m')
    defaults: {agg_time_dimension: at}
    entities: [{name: id, type: primary}]
    dimensions: [{name: at, type: time, type_params: {time_granularity: day}}]
    measures: [{name: orders, agg: count, expr: id}]
metrics:
  - {name: orders, label: ${text}, type: simple, type_params: {measure: orders}}
`;
  const folder = newProject({
    'profiles/profiles.yml': profile('main'),
    'models/m.sql': "{{ config(materialized='table') }} select 1 as id, current_date as at",
    'models/days.sql': 'select current_date as day',
    'models/m.yml': described('Orders'),
  });
  assert.equal((await dbt(folder, ['parse', '--target-path', 'state'])).code, 0);
  const file = path.join(folder, 'state/manifest.json');
  const state = JSON.parse(readFileSync(file, 'utf8')) as DbtManifest;
  assert.equal(state.nodes['model.shop.days']?.deprecation_date, '2999-01-01T10:00:00.500000-04:00');
  Object.assign(state.metadata, { dbt_version: '1.9.0' });
  Object.assign(state.nodes['model.shop.m']?.unrendered_config ?? {}, { materialized: 'Keyword(...)' });
  writeFiles(folder, {
    'state/manifest.json': JSON.stringify(state),
    'profiles/profiles.yml': profile('other'),
    'models/new.yml': `sources: [{name: s, tables: [{name: t}]}]
exposures: [{name: e, type: dashboard, owner: {name: a}, depends_on: [ref('m')]}]`,
  });
  const ls = async (name: string) =>
    (await dbt(folder, ['ls', '--quiet', '--select', `state:${name}`, '--state', 'state'])).text.trim();
  assert.equal(await ls('modified'), '');
  assert.equal(await ls('new'), 'exposure:shop.e\nsource:shop.s.t');
  writeFiles(folder, { 'models/m.yml': described('All orders') });
  assert.equal(await ls('modified'), 'metric:shop.orders');
});

test('selectors are named by patterns too, and may not go round', async () => {
  const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n';
  const code = 'select 1 as id';
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/a.sql': code,
    'models/b.sql': code,
    'models/c.sql': code,
    'selectors.yml': `selectors:
  - {name: one_a, definition: a}
  - {name: one_b, definition: b, default: true}
  - {name: round, definition: {union: ['selector:trip']}}
  - {name: trip, definition: {union: ['selector:round']}}
`,
  });
  const ls = (what: string) => dbt(folder, ['ls', '--quiet', '--select', what]);
  assert.deepEqual(await ls('selector:one_[ab]'), { code: 0, text: 'shop.a\nshop.b\n' });
  const round = await ls('selector:round');
  assert.equal(round.code, 2);
  assert.match(round.text, /round --> trip --> round/);
  assert.equal(parse(folder).manifest.selectors.one_b?.default, true);
});
