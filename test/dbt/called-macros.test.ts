/** Macros that nodes call only while they run were missing in what the manifest says they depend on. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newProject, parse } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 1}\n';

type Nodes = Record<string, { depends_on: { macros: string[] }; build_path?: string | null; compiled?: boolean }>;

const nodesOf = (folder: string): Nodes =>
  (JSON.parse(readFileSync(path.join(folder, 'target/manifest.json'), 'utf8')) as { nodes: Nodes }).nodes;

/** The macros of each node, by its name. */
const macrosOf = (folder: string): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(nodesOf(folder)).map(([id, node]) => [id.split('.')[2] ?? '', node.depends_on.macros]),
  );

// The lists are those of dbt-core 1.12.6.
test('a node depends on the macros that it calls itself while it is compiled and tested', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'macros/m.sql': `{% macro one() %}1{% endmacro %}
      {% macro deep() %}{{ one() }}{% endmacro %}
      {% macro call_me() %}{{ caller() }}{% endmacro %}
      {% macro duckdb__two() %}{{ one() }}{% endmacro %}
      {% macro two() %}{{ adapter.dispatch('two')() }}{% endmacro %}
      {% macro duckdb__get_columns_in_relation(relation) %}{{ return(dbt.duckdb__get_columns_in_relation(relation)) }}{% endmacro %}`,
    'models/a.sql': `{{ config(materialized='table', post_hook='select {{ deep() }}') }} select {{ deep() }} as id
      {% if execute %}{% set r = run_query('select 1') %}, {{ two() }} as r, {{ adapter.dispatch('two')() }} as s{% endif %}`,
    'models/b.sql': `{{ config(materialized='incremental') }} select {% call call_me() %}{{ one() }}{% endcall %} as id from {{ ref('a') }}
      {% if execute %}{% do adapter.get_columns_in_relation(ref('a')) %}{% endif %}
      {% if is_incremental() %} where id > {{ two() }}{% endif %}`,
    'models/m.yml': 'models: [{name: a, columns: [{name: id, data_tests: [unique]}]}]',
  });
  const parsed = { a: ['macro.shop.deep'], b: ['macro.shop.call_me', 'macro.dbt.is_incremental'] };
  const compiled = ['macro.shop.deep', 'macro.dbt.run_query', 'macro.shop.two', 'macro.shop.duckdb__two'];
  const built = ['get_where_subquery', 'get_limit_subquery_sql', 'should_store_failures', 'statement'];
  assert.equal((await dbt(folder, ['parse'])).code, 0);
  assert.deepEqual(macrosOf(folder), { ...parsed, unique_a_id: ['macro.dbt.test_unique'] });
  const { code, text } = await dbt(folder, ['build']);
  assert.equal(code, 0, text);
  const unique_a_id = ['test_unique', ...built].map((name) => `macro.dbt.${name}`);
  assert.deepEqual(macrosOf(folder), { a: compiled, b: parsed.b, unique_a_id });
  assert.equal((await dbt(folder, ['run'])).code, 0);
  assert.deepEqual(macrosOf(folder).b, [...parsed.b, 'macro.shop.two']);
});

test('clone says what it wrote, which macros it called, and compiles no ephemeral model', async () => {
  const folder = newProject({
    'profiles/profiles.yml': `${profile}    prod: {type: duckdb, path: shop.duckdb, schema: prod, threads: 1}\n`,
    'models/a.sql': "{{ config(materialized='table') }} select 1 as id",
    'models/e.sql': "{{ config(materialized='ephemeral') }} select 1 as id",
  });
  assert.equal((await dbt(folder, ['run', '--target', 'prod'])).code, 0);
  cpSync(path.join(folder, 'target'), path.join(folder, 'state'), { recursive: true });
  const { code, text } = await dbt(folder, ['clone', '--state', 'state']);
  assert.equal(code, 0, text);
  const { 'model.shop.a': a, 'model.shop.e': e } = nodesOf(folder);
  assert.equal(a?.build_path, 'target/run/shop/models/a.sql');
  assert.deepEqual(
    a?.depends_on.macros,
    ['load_cached_relation', 'can_clone_table', 'materialization_view_default'].map((name) => `macro.dbt.${name}`),
  );
  assert.deepEqual([e?.compiled, e?.depends_on.macros], [undefined, []]);
});

test('what a package dispatches without a namespace is the macro of the root project, as far as the manifest says', () => {
  const folder = newProject({
    'macros/m.sql': '{% macro default__two() %}1{% endmacro %}',
    'dbt_packages/tools/dbt_project.yml': 'name: tools\nversion: 1.0.0\n',
    'dbt_packages/tools/macros/m.sql':
      "{% macro two() %}{{ adapter.dispatch('two')() }}{% endmacro %}{% macro default__two() %}2{% endmacro %}",
    'models/a.sql': 'select 1 as id',
  });
  const { manifest } = parse(folder);
  assert.deepEqual(manifest.macros['macro.tools.two']?.depends_on.macros, ['macro.shop.default__two']);
});
