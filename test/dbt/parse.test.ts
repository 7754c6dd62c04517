import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dict } from '../../src/dbt/manifest-types.ts';
import { baseFiles, newProject, parse, parseError } from './project.ts';

const model = (folder: string, id: string, flags = {}) => {
  const { manifest } = parse(folder, flags);
  const node = manifest.nodes[id];
  assert.ok(node, `${id} of ${Object.keys(manifest.nodes).join(', ')}`);
  return node;
};

test('configs: tree, then YAML, then config(), each kind of key merging in its own way', () => {
  const folder = newProject({
    'dbt_project.yml': `${baseFiles['dbt_project.yml']}models:
  shop:
    +materialized: view
    +tags: [root]
    +meta: {a: 1, b: 1}
    sub:
      +tags: sub
      +schema: deep
      +grants: {select: [x]}
`,
    'models/sub/m.sql': `{{ config(tags=['call'], meta={'b': 3}, grants={'+select': ['y']}, alias='other') }} select 1 as id`,
    'models/schema.yml': `models:
  - name: m
    description: about m
    config: {tags: [yaml], meta: {c: 4}, materialized: table}
`,
  });
  const {
    config,
    tags,
    schema,
    alias,
    relation_name: relation,
    description,
    patch_path: patch,
  } = model(folder, 'model.shop.m');
  assert.equal(config.materialized, 'table');
  assert.deepEqual(config.tags, ['root', 'sub', 'yaml', 'call']);
  assert.deepEqual([...tags].sort(), ['call', 'root', 'sub', 'yaml']);
  assert.deepEqual(config.meta, { a: 1, b: 3, c: 4 });
  assert.deepEqual(config.grants, { select: ['x', 'y'] });
  assert.deepEqual(
    [schema, alias, relation, description, patch],
    ['main_deep', 'other', '"shop"."main_deep"."other"', 'about m', 'shop://models/schema.yml'],
  );
});

test('generate_schema_name of the project is used, with its node', () => {
  const folder = newProject({
    'macros/names.sql': `{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ custom_schema_name if custom_schema_name else target.schema }}_{{ node.resource_type }}
{%- endmacro %}`,
    'models/m.sql': `{{ config(schema='gold') }} select 1 as id`,
  });
  assert.equal(model(folder, 'model.shop.m').schema, 'gold_model');
});

test('refs inside branches that run later, in macros and hooks are found', () => {
  const folder = newProject({
    'macros/pick.sql': `{% macro pick() %}{{ ref('b') }}{% endmacro %}`,
    'models/a.sql': `{{ config(post_hook="insert into x select * from {{ ref('c') }}") }} select * from {{ pick() }}`,
    'models/b.sql': 'select 1 as id',
    'models/c.sql': 'select 1 as id',
  });
  const { depends_on: depends } = model(folder, 'model.shop.a');
  assert.deepEqual([...depends.nodes].sort(), ['model.shop.b', 'model.shop.c']);
  assert.ok(depends.macros.includes('macro.shop.pick'));
});

test('vars: command line over package scope over all; var() without a value fails with the names there are', () => {
  const files = {
    'dbt_project.yml': `${baseFiles['dbt_project.yml']}vars:\n  color: red\n  shop: {color: blue}\n`,
    'models/m.sql': `{{ config(alias=var('color')) }} select 1 as id`,
  };
  assert.equal(model(newProject(files), 'model.shop.m').alias, 'blue');
  assert.equal(model(newProject(files), 'model.shop.m', { vars: { color: 'green' } }).alias, 'green');
  const yaml = 'models: [{name: m, config: {alias: "{{ var(\'nope\') }}"}}]';
  const error = parseError({ 'models/m.sql': 'select 1', 'models/m.yml': yaml });
  assert.match(error.message, /cannot compile models\/m\.yml.*var 'nope'/s);
});

test('env_var reaches the environment it is given, secrets stay in profiles', () => {
  const folder = newProject({ 'models/m.sql': `{{ config(alias=env_var('NAME', 'none')) }} select 1 as id` });
  assert.equal(model(folder, 'model.shop.m', { env: { NAME: 'given' } }).alias, 'given');
  assert.equal(model(folder, 'model.shop.m').alias, 'none');
  assert.match(
    parseError({ 'models/m.sql': `select {{ env_var('NOT_THERE') }}` }).message,
    /environment variable 'NOT_THERE' is not set/,
  );
  const secret = parseError(
    { 'models/m.sql': `select '{{ env_var("DBT_ENV_SECRET_X") }}'` },
    { env: { DBT_ENV_SECRET_X: 'hush' } },
  );
  assert.match(secret.message, /DBT_ENV_SECRET_X' is secret/);
  assert.doesNotMatch(secret.message, /hush/);
});

test('a generic test has the name, id and code that its arguments give', () => {
  const folder = newProject({
    'models/m.sql': 'select 1 as id',
    'macros/tests.sql': `{% test at_least(model, column_name, least) %}select * from {{ model }} where {{ column_name }} < {{ least }}{% endtest %}`,
    'models/schema.yml': `models:
  - name: m
    columns:
      - name: id
        data_tests:
          - not_null: {config: {severity: warn}}
          - at_least: {arguments: {least: 1.0}}
          - accepted_values: {name: my_values, values: [1, yes, null]}
`,
  });
  const { manifest } = parse(folder);
  const tests = Object.values(manifest.nodes).filter((node) => node.resource_type === 'test');
  assert.deepEqual(tests.map(({ name }) => name).sort(), ['at_least_m_id__1_0', 'my_values', 'not_null_m_id']);
  const named = (name: string) => tests.find((node) => node.name === name);
  assert.equal(named('not_null_m_id')?.config.severity, 'warn');
  assert.match(named('at_least_m_id__1_0')?.unique_id ?? '', /^test\.shop\.at_least_m_id__1_0\.[0-9a-f]{10}$/);
  assert.deepEqual(named('my_values')?.depends_on.nodes, ['model.shop.m']);
  assert.equal(named('my_values')?.attached_node, 'model.shop.m');
});

test('disabled models go aside; YAML can disable and enable; tests of them are no error', () => {
  const { manifest } = parse(
    newProject({
      'models/hidden.sql': '{{ config(enabled=false) }} select 1 as id',
      'models/by_yaml.sql': 'select 1 as id',
      'models/schema.yml': `models:
  - name: hidden
    columns: [{name: id, data_tests: [unique]}]
  - name: by_yaml
    config: {enabled: false}
`,
    }),
  );
  assert.deepEqual(
    Object.keys(manifest.disabled)
      .filter((id) => id.startsWith('model.'))
      .sort(),
    ['model.shop.by_yaml', 'model.shop.hidden'],
  );
  assert.equal(Object.values(manifest.nodes).filter((node) => node.config.enabled).length, 0);
});

test('packages: local ones are found, their macros by name, and the root overrides their configs', () => {
  const folder = newProject({
    'dbt_project.yml': `${baseFiles['dbt_project.yml']}models:\n  lib:\n    +materialized: table\n`,
    'dbt_packages/lib/dbt_project.yml': 'name: lib\nversion: 1.0.0\nmodels:\n  +materialized: ephemeral\n',
    'dbt_packages/lib/macros/l.sql': `{% macro twice(x) %}{{ x }} * 2{% endmacro %}`,
    'dbt_packages/lib/models/base.sql': 'select 1 as id',
    'models/m.sql': `select {{ lib.twice('id') }} as d from {{ ref('lib', 'base') }}`,
  });
  const { manifest } = parse(folder);
  assert.equal(manifest.nodes['model.lib.base']?.config.materialized, 'table');
  assert.deepEqual(manifest.nodes['model.shop.m']?.depends_on, {
    macros: ['macro.lib.twice'],
    nodes: ['model.lib.base'],
  });
});

test('dispatch takes the root project first where its search order says so', () => {
  const folder = newProject({
    'dbt_project.yml': `${baseFiles['dbt_project.yml']}dispatch:\n  - {macro_namespace: lib, search_order: [shop, lib]}\n`,
    'dbt_packages/lib/dbt_project.yml': 'name: lib\nversion: 1.0.0\n',
    'dbt_packages/lib/macros/l.sql': `{% macro name() %}{{ return(adapter.dispatch('name', 'lib')()) }}{% endmacro %}{% macro default__name() %}lib{% endmacro %}`,
    'macros/own.sql': `{% macro default__name() %}own{% endmacro %}`,
    'models/m.sql': `{{ config(alias=lib.name()) }} select 1 as id`,
  });
  assert.equal(model(folder, 'model.shop.m').alias, 'own');
});

test('sources: schema, identifier, freshness and files take their places', () => {
  const { manifest } = parse(
    newProject({
      'models/sources.yml': `sources:
  - name: raw
    schema: landing
    freshness: {warn_after: {count: 1, period: day}}
    loaded_at_field: at
    config: {meta: {external_location: "data/{name}.parquet"}}
    tables:
      - name: orders
      - name: calls
        freshness: null
        config: {meta: {external_location: "read_csv('{identifier}.csv')"}}
        identifier: c
      - name: parts
        config: {meta: {external_location: "data/%(name)s-%(part)03d.csv", formatter: oldstyle, part: 7}}
      - name: padded
        config: {meta: {external_location: "data/{part:03d}/{tags[0]}.csv", part: 7, tags: [a]}}
`,
      'models/m.sql': `select * from {{ source('raw', 'orders') }}`,
    }),
  );
  const { 'source.shop.raw.orders': orders, 'source.shop.raw.calls': calls } = manifest.sources;
  assert.equal(orders?.relation_name, "'data/orders.parquet'");
  assert.deepEqual((orders?.freshness as Dict | null | undefined)?.warn_after, { count: 1, period: 'day' });
  assert.equal(calls?.relation_name, "read_csv('c.csv')");
  assert.equal(calls?.freshness, null);
  assert.equal(manifest.sources['source.shop.raw.parts']?.relation_name, "'data/parts-007.csv'");
  assert.equal(manifest.sources['source.shop.raw.padded']?.relation_name, "'data/007/a.csv'");
  assert.deepEqual(manifest.nodes['model.shop.m']?.depends_on.nodes, ['source.shop.raw.orders']);
});

test('descriptions show doc blocks, and name them', () => {
  const { manifest } = parse(
    newProject({
      'models/m.sql': 'select 1 as id',
      'models/d.md': '{% docs about %}\nAll *about* it.\n{% enddocs %}',
      'models/schema.yml': `models: [{name: m, description: "See: {{ doc('about') }}"}]`,
    }),
  );
  const node = manifest.nodes['model.shop.m'];
  assert.equal(node?.description, 'See: All *about* it.');
  assert.deepEqual(node?.doc_blocks, ['doc.shop.about']);
});

test('mistakes are told with names, places and what may have been meant', () => {
  const table: readonly (readonly [string, Readonly<Record<string, string>>, RegExp, RegExp?])[] = [
    [
      'unknown ref',
      { 'models/orders.sql': 'select 1 as id', 'models/m.sql': `select * from {{ ref('ordres') }}` },
      /model\.shop\.m' \(models\/m\.sql\) depends on a node named 'ordres' which was not found/,
      /orders/,
    ],
    [
      'disabled ref',
      { 'models/o.sql': '{{ config(enabled=false) }} select 1 as id', 'models/m.sql': `select * from {{ ref('o') }}` },
      /named 'o' which is disabled/,
    ],
    [
      'unknown source',
      { 'models/m.sql': `select * from {{ source('raw', 'x') }}` },
      /a source named 'raw\.x' which was not found/,
    ],
    [
      'two models of a name',
      { 'models/x/m.sql': 'select 1 as id', 'models/y/m.sql': 'select 1 as id' },
      /two models are named 'm': models\/x\/m\.sql and models\/y\/m\.sql/,
    ],
    ['broken YAML', { 'models/s.yml': 'models:\n  - name: a\n   x: [\n' }, /models\/s\.yml:3:\d+: not valid YAML/],
    [
      'YAML of the wrong shape',
      { 'models/s.yml': 'models: {a: 1}\n' },
      /models\/s\.yml: 'models' must be a list, not a dictionary/,
    ],
    [
      'wrong type of config',
      { 'models/m.sql': `{{ config(enabled='maybe') }} select 1 as id` },
      /model\.shop\.m \(models\/m\.sql\): config 'enabled' must be true or false, not string "maybe"/,
    ],
    [
      'Jinja that does not parse',
      { 'models/m.sql': 'select 1\n{% if %}\n' },
      /cannot compile model m \(models\/m\.sql\)[\s\S]*models\/m\.sql:2/,
    ],
    [
      'an error in a macro',
      {
        'macros/a.sql': `{% macro a() %}\n{{ exceptions.raise_compiler_error('no way') }}{% endmacro %}`,
        'models/m.sql': 'select {{ a() }}',
      },
      /no way[\s\S]*in macro a \(macros\/a\.sql:2[\s\S]*in m \(models\/m\.sql:1/,
    ],
    [
      'unknown group',
      {
        'models/m.sql': `{{ config(group='fin') }} select 1 as id`,
        'models/s.yml': 'groups: [{name: finance, owner: {name: F}}]',
      },
      /group 'fin' does not exist/,
      /finance/,
    ],
    [
      'one relation for two',
      {
        'models/a.sql': `{{ config(alias='x') }} select 1 as id`,
        'models/b.sql': `{{ config(alias='x') }} select 1 as id`,
      },
      /would both be stored as "shop"\."main"\."x"/,
    ],
    [
      'described twice',
      {
        'models/m.sql': 'select 1 as id',
        'models/s.yml': 'models: [{name: m}]',
        'models/t.yml': 'models: [{name: m}]',
      },
      /'m' is described twice: in models\/s\.yml and in models\/t\.yml/,
    ],
    [
      'unknown fixture',
      {
        'models/m.sql': 'select 1 as id',
        'models/s.yml': 'unit_tests: [{name: u, model: m, given: [], expect: {format: csv, fixture: nope}}]',
      },
      /fixture 'nope'/,
    ],
  ];
  for (const [what, files, message, hint] of table) {
    const error = parseError(files) as Error & { readonly context?: Dict };
    assert.match(error.message, message, what);
    if (hint !== undefined) assert.match(String((error.context?.candidates as string[]) ?? ''), hint, what);
  }
});

test('profiles: what is missing or wrong is named, and the last place is the workspace', () => {
  assert.match(parseError({ 'profiles.yml': 'other: {}\n' }).message, /profile 'shop' is not in .*profiles\.yml/);
  assert.match(parseError({}, { target: 'prod' }).message, /profile 'shop' has no target named 'prod'; it has dev/);
  assert.match(
    parseError({ 'profiles.yml': 'shop:\n  outputs:\n    default: {type: snowflake}\n' }).message,
    /only duckdb is supported/,
  );
  const workspace = newProject({ 'config/dbt_profiles.yml': baseFiles['profiles.yml']?.replace('main', 'gold') ?? '' });
  const project = newProject({ 'models/m.sql': 'select 1 as id' });
  assert.equal(parse(project, { workspace }).profile.schema, 'main');
  const bare = newProject({ 'models/m.sql': 'select 1 as id' });
  const empty = newProject({});
  assert.equal(parse(bare, { profilesDir: `${workspace}/config`, workspace: empty }).profile.schema, 'gold');
});

test('versions: latest, refs to each, columns and tests of each', () => {
  const { manifest } = parse(
    newProject({
      'models/p_v1.sql': 'select 1 as id, 2 as old',
      'models/p_v2.sql': 'select 1 as id',
      'models/u.sql': `select * from {{ ref('p') }} join {{ ref('p', v=1) }} using (id)`,
      'models/s.yml': `models:
  - name: p
    latest_version: 2
    columns: [{name: id, data_tests: [unique]}, {name: old}]
    versions:
      - v: 1
      - v: 2
        columns: [{include: all, exclude: [old]}]
`,
    }),
  );
  assert.deepEqual(manifest.nodes['model.shop.u']?.depends_on.nodes, ['model.shop.p.v2', 'model.shop.p.v1']);
  assert.equal(manifest.nodes['model.shop.p.v1']?.alias, 'p_v1');
  assert.deepEqual(Object.keys(manifest.nodes['model.shop.p.v2']?.columns ?? {}), ['id']);
  assert.equal(Object.keys(manifest.nodes).filter((id) => id.startsWith('test.shop.unique_p_v')).length, 2);
});

test('.dbtignore hides files, Python models are read for their references', () => {
  const { manifest } = parse(
    newProject({
      '.dbtignore': 'skip_*\nold/\n',
      'models/skip_me.sql': 'select nothing {{',
      'models/old/x.sql': '{{ broken',
      'models/base.sql': 'select 1 as id',
      'models/p.py': `def model(dbt, session):\n    dbt.config(materialized="table", tags=["py"])  # dbt.ref("no")\n    return dbt.ref('base')\n`,
    }),
  );
  assert.deepEqual(Object.keys(manifest.nodes).sort(), ['model.shop.base', 'model.shop.p']);
  const node = manifest.nodes['model.shop.p'];
  assert.deepEqual(
    [node?.language, node?.config.materialized, node?.tags, node?.depends_on.nodes],
    ['python', 'table', ['py'], ['model.shop.base']],
  );
});

test('a template reaches no object of the program', () => {
  for (const text of [
    '{{ ref.constructor }}',
    '{{ this.constructor }}',
    '{{ adapter.constructor }}',
    '{{ env_var("constructor", "x") }}',
    '{{ [].constructor.constructor("x")() }}',
    '{{ this.__proto__ }}',
    '{{ target["constructor"] }}',
  ]) {
    const { manifest } = parse(newProject({ 'models/m.sql': `select '${text}' as x` }));
    assert.ok(manifest.nodes['model.shop.m'], text);
  }
  const folder = newProject({
    'models/m.sql': `{{ config(alias='a' ~ (target["constructor"] | string)) }} select 1 as id`,
  });
  assert.equal(model(folder, 'model.shop.m').alias, 'a');
});

test('functions, metrics and saved queries take their place in the graph', () => {
  const { manifest, graph } = parse(
    newProject({
      'functions/twice.sql': 'x * 2',
      'models/m.sql': `select {{ function('twice') }}(2) as id, date '2024-01-01' as at`,
      'models/metricflow_time_spine.sql': 'select 1 as date_day',
      'models/s.yml': `functions:
  - name: twice
    arguments: [{name: x, data_type: integer}]
    returns: {data_type: integer}
semantic_models:
  - name: ms
    model: ref('m')
    defaults: {agg_time_dimension: at}
    entities: [{name: id, type: primary}]
    dimensions: [{name: at, type: time, type_params: {time_granularity: day}}]
    measures: [{name: total, agg: sum, expr: id}]
metrics:
  - {name: total, label: Total, type: simple, type_params: {measure: total}}
  - {name: share, label: Share, type: ratio, type_params: {numerator: total, denominator: {name: total, filter: "{{ Dimension('id__x') }} = 1"}}}
saved_queries:
  - {name: shares, query_params: {metrics: [share]}, exports: [{name: q, config: {export_as: table}}]}
`,
    }),
  );
  assert.deepEqual(manifest.nodes['model.shop.m']?.depends_on.nodes, ['function.shop.twice']);
  assert.deepEqual(manifest.functions['function.shop.twice']?.arguments, [
    { description: null, default_value: null, name: 'x', data_type: 'integer' },
  ]);
  assert.deepEqual(graph.parents.get('metric.shop.total'), ['semantic_model.shop.ms']);
  assert.deepEqual(graph.parents.get('metric.shop.share'), ['metric.shop.total']);
  assert.deepEqual(graph.parents.get('saved_query.shop.shares'), ['metric.shop.share']);
  const params = manifest.metrics['metric.shop.share']?.type_params as Dict;
  assert.deepEqual((params.denominator as Dict).filter, {
    where_filters: [{ where_sql_template: "{{ Dimension('id__x') }} = 1" }],
  });
  assert.equal((params.input_measures as Dict[]).length, 1);
});

test('a version that the project does not take, and configs that reach nothing, are told', () => {
  const files = {
    'dbt_project.yml': `${baseFiles['dbt_project.yml']}require-dbt-version: ["<1.0.0"]\nmodels: {shop: {nowhere: {+tags: x}}}\n`,
    'models/m.sql': 'select 1 as id',
  };
  assert.match(parseError(files, { versionCheck: true }).message, /project 'shop' requires dbt <1\.0\.0/);
  const { told } = parse(newProject(files));
  assert.deepEqual(
    told.map(({ name, message }) => [name, message.includes('models.shop.nowhere')]),
    [['UnusedResourceConfigPath', true]],
  );
});
