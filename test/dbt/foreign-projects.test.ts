/** Corners that projects written by others show; values are what dbt-core 1.12 with dbt-duckdb 1.11 gives. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newProject, parse } from './project.ts';
import { dbt } from './replay.ts';

const profile =
  'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 1}\n';

const shown = async (folder: string, sql: string): Promise<unknown> => {
  const { text } = await dbt(folder, ['show', '--quiet', '--inline', sql, '--output', 'json']);
  return (JSON.parse(text) as { show: unknown }).show;
};

test('--empty loads no rows of a seed, and keeps the types that its rows have', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'seeds/s.csv': 'id,d\n1,2024-01-01\n',
    'seeds/s.yml': 'seeds: [{name: s, config: {column_types: {gone: text}}}]\n',
  });
  const { code, text } = await dbt(folder, ['build', '--empty']);
  assert.equal(code, 0, text);
  assert.match(text, /INSERT 0 in/);
  assert.match(text, /seed 's' \(seeds\/s\.csv\) has no columns gone/);
  assert.deepEqual(await shown(folder, "select count(*) as n from {{ ref('s') }}"), [{ n: 0 }]);
  const types = "select string_agg(data_type order by column_name) as t from duckdb_columns() where table_name = 's'";
  assert.deepEqual(await shown(folder, types), [{ t: 'DATE,INTEGER' }]);
});

test('calls with hooks, and files with marks that take spaces away, are rendered: unrendered configs are texts', () => {
  const files = {
    'models/plain.sql': "{{ config(tags=['a']) }} {# - -}} #} select 1 as id",
    'models/marked.sql': "{{- config(tags=['a']) -}} select 1 as id",
    'models/later.sql': "{{ config(tags=['a']) }} select 1 as id from {{ ref('plain') -}}",
    'models/hooked.sql': "{{ config(tags=['a'], pre_hook=['select 1']) }} select 1 as id",
    'models/shown.sql': `{% set text %}{{ "{{ config(tags=['a']) }}" }}{% endset %} select 1 as id -- {{ text }} {{ var('x', 'config (') }}`,
    'models/spaced.sql': "{{ config (tags=['a']) }} select 1 as id -- {{ var('x', 1) }} {{- '' }}",
  };
  const { nodes } = parse(newProject(files)).manifest;
  const unrendered = (name: string) => nodes[`model.shop.${name}`]?.unrendered_config;
  assert.deepEqual(unrendered('plain'), { tags: ['a'] });
  assert.deepEqual(unrendered('marked'), { tags: "['a']" });
  assert.deepEqual(unrendered('later'), { tags: "['a']" });
  assert.deepEqual(unrendered('hooked'), { tags: "['a']", pre_hook: "['select 1']" });
  assert.deepEqual(unrendered('shown'), {});
});

test('configs that reach nothing are told for every kind of resource', () => {
  const { told } = parse(
    newProject({
      'dbt_project.yml': `name: shop
profile: shop
models: {shop: {+tags: [a], gone: {+enabled: true}, analyses: {+enabled: true}}}
exposures: {shop: {+enabled: true}}
semantic-models: {time-spine: {model: a}}
metrics: {shop: {+enabled: true}}
`,
      'models/a.sql': 'select 1 as id',
      'models/e.yml': 'exposures: [{name: e, type: dashboard, owner: {name: o}}]\n',
    }),
  );
  assert.deepEqual(
    told.filter(({ name }) => name === 'UnusedResourceConfigPath').map(({ message }) => message.split(': ')[1]),
    ['models.shop.gone, models.shop.analyses, metrics.shop, semantic_models.time-spine'],
  );
});

test('what YAML says of arguments that a macro has not, or of types that are none, is told', () => {
  const { told, manifest } = parse(
    newProject({
      'macros/m.sql': "{% macro m(a, b='x') %}{{ a }}{% endmacro %}{% macro n(c) %}{% endmacro %}",
      'macros/m.yml': `macros:
  - name: m
    arguments:
      - {name: a, type: 'list[dict[string, optional[int]]]'}
      - {name: c, type: list}
  - {name: n, arguments: [{name: c, type: ' '}, {name: d, type: 'dict[int]'}]}
`,
      'models/a.sql': 'select 1 as id',
    }),
  );
  assert.deepEqual(
    told.map(({ name, message }) => [name, message.replace('macros/m.yml: ', '')]),
    [
      ['InvalidMacroAnnotation', "argument 'c' of macro 'm' is not named so in the macro, or not in its place"],
      ['InvalidMacroAnnotation', "argument 'c' of macro 'm' has a type that is none: 'list'"],
      ['InvalidMacroAnnotation', "macro 'n' has 1 arguments, 2 are described"],
      ['InvalidMacroAnnotation', "argument 'd' of macro 'n' has a type that is none: 'dict[int]'"],
    ],
  );
  assert.equal(manifest.macros['macro.shop.m']?.arguments[1]?.name, 'c');
});

test('a macro that its package gives is another object each time: lists of such macros hold none of them', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'macros/m.sql': `{% macro f() %}x{% endmacro %}
{% macro named() %}{% do return(namespace(f=shop.f, all=[shop.f])) %}{% endmacro %}`,
    'models/a.sql': `{% set q = shop.f %}select '{{ shop.f == shop.f }} {{ shop.named().f in shop.named().all }}
{{- ' ' }}{{ {shop.f: 1}[shop.f] | default('none') }} {{ f == f }} {{ q in [q] }} {{ shop.named().f() }}' as t`,
  });
  const { code, text } = await dbt(folder, ['build']);
  assert.equal(code, 0, text);
  assert.deepEqual(await shown(folder, "select t from {{ ref('a') }}"), [{ t: 'False False none True True x' }]);
});

test('arguments of generic tests see the macros that the test calls, and no others, until they run', () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'macros/m.sql': `{% macro inner() %}id{% endmacro %}{% macro outer() %}{{ ref('b') }}1{% endmacro %}
{% test holds(model, expression) %}select * from {{ model }} where not ({{ inner() }} is not null and {{ expression }}){% endtest %}`,
    'models/a.sql': 'select 1 as id',
    'models/b.sql': 'select 1 as id',
    'models/m.yml': `models:
  - name: a
    data_tests:
      - holds: {arguments: {expression: "{{ shop.inner() }} = 1"}}
      - holds: {name: other, arguments: {expression: "{{ shop.outer() }} = 1"}}
`,
  });
  const { nodes } = parse(folder).manifest;
  const dependsOn = (name: string) =>
    Object.values(nodes).find((node) => node.resource_type === 'test' && node.name.startsWith(name))?.depends_on;
  const test = ['macro.shop.test_holds', 'macro.dbt.get_where_subquery'];
  assert.deepEqual(dependsOn('holds_a')?.macros.sort(), ['macro.shop.inner', ...test].sort());
  assert.deepEqual(dependsOn('other'), { macros: test, nodes: ['model.shop.a'] });
});

test("a project's own get_where_subquery is what the built-in tests call too", () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'macros/m.sql': '{% macro get_where_subquery(relation) %}{{ return(relation) }}{% endmacro %}',
    'models/a.sql': 'select 1 as id',
    'models/m.yml':
      'models: [{name: a, columns: [{name: id, data_tests: [{accepted_values: {arguments: {values: [1]}}}, not_null]}]}]',
  });
  const { nodes } = parse(folder).manifest;
  const called = (name: string) => Object.values(nodes).find((node) => node.name.startsWith(name))?.depends_on.macros;
  assert.deepEqual(called('accepted_values')?.sort(), [
    'macro.dbt.test_accepted_values',
    'macro.shop.get_where_subquery',
  ]);
  assert.deepEqual(called('not_null'), ['macro.dbt.test_not_null']);
});

test('tests of a disabled model are not among those that were found', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/a.sql': 'select 1 as id',
    'models/gone.sql': '{{ config(enabled=false) }} select 1 as id',
    'models/m.yml': `models:
  - {name: gone, columns: [{name: id, data_tests: [not_null]}]}
  - {name: a, data_tests: [{relationships: {arguments: {to: "ref('gone')", field: id}, column_name: id}}], columns: [{name: id, data_tests: [unique]}]}
`,
  });
  assert.match((await dbt(folder, ['build'])).text, /Found 1 model, 1 test, /);
});

test('empty lines of a seed are rows without values, as agate counts and loads them', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'seeds/one.csv': 'a\n1\n\n2\n\n',
    'seeds/two.csv': 'a,b\n1,2\n\n3,4\n',
    'seeds/s.yml': 'seeds: [{name: two, config: {fast: false}}]\n',
  });
  const { code, text } = await dbt(folder, ['seed']);
  assert.equal(code, 0, text);
  assert.match(text, /main\.one .*INSERT 4 in/);
  assert.match(text, /main\.two .*INSERT 3 in/);
  assert.deepEqual(await shown(folder, "select count(*) as n, count(a) as a, sum(b) as b from {{ ref('two') }}"), [
    { n: 3, a: 2, b: 6 },
  ]);
});

test('texts of YAML lose the line break that they end in, however they are written', () => {
  const { nodes } = parse(
    newProject({
      'models/a.sql': 'select 1 as id',
      'models/m.yml': `models:
  - name: a
    config:
      meta:
        folded: >${' '}
          one
          two
        kept: |  # as it is
          one
        indented: |2
            one
        quoted: "one\\n"
`,
    }),
  ).manifest;
  assert.deepEqual(nodes['model.shop.a']?.meta, { folded: 'one two', kept: 'one', indented: '  one', quoted: 'one' });
});

test('arguments of tests lose the line break that they end in when the test runs', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'macros/t.sql': `{% test holds(model, expression, other) %}{% if other is not string %}select 1 as is_a_relation where false{% else %}
select * from {{ model }} where not({{ expression }}){% endif %}{% endtest %}`,
    'models/a.sql': 'select 1 as id',
    'models/m.yml': `models:
  - name: a
    data_tests:
      - holds: {name: as_text, arguments: {expression: "id = 1\\n", other: ""}}
      - holds:
          name: as_relation
          arguments:
            expression: ''
            other: |
              {{ ref('a') }}
`,
  });
  const { code, text } = await dbt(folder, ['build']);
  assert.equal(code, 0, text);
  const compiled = (name: string) =>
    readFileSync(path.join(folder, `target/compiled/shop/models/m.yml/${name}.sql`), 'utf8');
  assert.match(compiled('as_text'), /where not\(id = 1\)$/m);
  assert.match(compiled('as_relation'), /is_a_relation/);
});

test('tags of a test that is not the shortest kind stand twice in its config, read or rendered', () => {
  const { nodes } = parse(
    newProject({
      'models/a.sql': 'select 1 as id',
      'models/m.yml': `models:
  - name: a
    columns:
      - name: id
        data_tests:
          - not_null: {config: {tags: [x]}}
          - accepted_values: {arguments: {values: [1]}, config: {tags: [x, y]}}
          - relationships: {arguments: {to: "ref(var('q', 'a'))", field: id}, config: {tags: x}}
`,
    }),
  ).manifest;
  const tests = Object.values(nodes).filter((node) => node.resource_type === 'test');
  assert.deepEqual(
    tests.map(({ tags, config }) => [tags, config.tags]),
    [
      [['x'], ['x']],
      [
        ['x', 'y'],
        ['x', 'y', 'x', 'y'],
      ],
      [['x'], ['x', 'x']],
    ],
  );
});

test('the macro a generic test is written down to use is found by its name alone: own package, root, others, built in', () => {
  const columns = 'columns: [{name: id, data_tests: [not_null]}]';
  const { nodes } = parse(
    newProject({
      'macros/t.sql': '{% test own(model) %}select 1{% endtest %}',
      'models/a.sql': 'select 1 as id',
      'models/m.yml': `models: [{name: a, data_tests: [lib.own, own, lib.fine], ${columns}}]\n`,
      'dbt_packages/lib/dbt_project.yml': 'name: lib\nversion: 1.0.0\n',
      'dbt_packages/lib/macros/t.sql':
        '{% test own(model) %}select 1{% endtest %}{% test fine(model) %}select 1{% endtest %}{% test not_null(model, column_name) %}select 1{% endtest %}',
      'dbt_packages/lib/models/b.sql': 'select 1 as id',
      'dbt_packages/lib/models/m.yml': 'models: [{name: b, data_tests: [own]}]\n',
    }),
  ).manifest;
  const used = Object.values(nodes).flatMap((node) =>
    node.resource_type === 'test' ? [[node.name, node.depends_on.macros[0]]] : [],
  );
  assert.deepEqual(Object.fromEntries(used), {
    not_null_a_id: 'macro.lib.test_not_null',
    lib_own_a_: 'macro.shop.test_own',
    own_a_: 'macro.shop.test_own',
    lib_fine_a_: 'macro.lib.test_fine',
    own_b_: 'macro.lib.test_own',
  });
});

test('selectors.yml is rendered: its values, its default and its texts', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/a.sql': 'select 1 as id',
    'models/b.sql': 'select 1 as id',
    'selectors.yml': `selectors:
  - name: one
    description: >
      Some text
    definition: {method: fqn, value: "{{ var('which', 'b') }}"}
  - name: two
    default: "{{ target.name == 'dev' }}"
    definition: a
`,
  });
  const listed = async (...words: string[]) => (await dbt(folder, ['-q', 'ls', ...words])).text.trim();
  assert.equal(await listed('--selector', 'one'), 'shop.b');
  assert.equal(await listed('--selector', 'one', '--vars', 'which: a'), 'shop.a');
  assert.equal(await listed(), 'shop.a');
  assert.deepEqual(parse(folder).manifest.selectors.one, {
    name: 'one',
    description: 'Some text',
    definition: { method: 'fqn', value: 'b' },
  });
});

test('the catalog has the tables that tests store their failures in', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'models/a.sql': 'select 1 as id',
    'models/m.yml': `models:
  - name: a
    columns: [{name: id, data_tests: [{unique: {config: {store_failures: true}}}, not_null]}]
`,
  });
  for (const command of [['build'], ['docs', 'generate']]) assert.equal((await dbt(folder, command)).code, 0);
  const { nodes } = JSON.parse(readFileSync(path.join(folder, 'target', 'catalog.json'), 'utf8')) as CatalogFile;
  const columns = Object.entries(nodes).map(([id, node]) => [id.split('.')[2], Object.keys(node.columns)]);
  assert.deepEqual(Object.fromEntries(columns), { a: ['id'], unique_a_id: ['unique_field', 'n_records'] });
});

interface CatalogFile {
  readonly nodes: Readonly<Record<string, { readonly columns: Readonly<Record<string, unknown>> }>>;
}

test('a package in context is a mapping of its macros, while parsing as while running', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'macros/m.sql': `{% macro probe() %}{{ return(context.get(project_name, {}).get('two')() ~ '_' ~ context.get('gone', {}).get('x') ~ '_' ~ (context[project_name] is mapping) ~ '_' ~ context[project_name].keys() | list | length) }}{% endmacro %}
{% macro two() %}{{ return('two') }}{% endmacro %}`,
    'models/a.sql': "{{ config(alias=probe()) }}select '{{ probe() }}' as found",
  });
  assert.equal(parse(folder).manifest.nodes['model.shop.a']?.alias, 'two_None_True_2');
  assert.deepEqual(await shown(folder, "select '{{ probe() }}' as found"), [{ found: 'two_None_True_2' }]);
});

test('keys that dbt does not know are refused where it refuses them, and taken where it takes them', () => {
  const refused: Readonly<Record<string, RegExp>> = {
    'sources: [{name: s, dataset: x, tables: [{name: t}]}]': /s of 'sources': 'dataset' is none of .*schema/,
    'sources: [{name: s, tests: [x], tables: [{name: t}]}]': /'tests' is none of/,
    'sources: [{name: s, freshness: {warn_afer: {count: 1, period: day}}}]': /'freshness\.warn_afer'.*warn_after\?/,
    'sources: [{name: s, tables: [{name: t, quoting: {foo: true}}]}]': /'tables\[0\]\.quoting\.foo' is none of/,
    'models: [{name: a, docs: {shown: true}}]': /'docs\.shown' is none of show, node_color; did you mean show\?/,
    'models: [{name: a, versions: [{v: 1, foo: 1}]}]': /'versions\[0\]\.foo' is none of/,
    'macros: [{name: m, arguments: [{name: a, foo: 1}]}]': /'arguments\[0\]\.foo' is none of/,
    'exposures: [{name: e, type: dashboard, owner: {name: x}, foo: 1}]': /'foo' is none of/,
    'groups: [{name: g, owner: {name: x}, tags: [a]}]': /'tags' is none of/,
    'unit_tests: [{name: u, model: a, given: [], expect: {rows: []}, foo: 1}]': /'foo' is none of/,
    "unit_tests: [{name: u, model: a, given: [{input: ref('a'), row: []}], expect: {rows: []}}]": /given\[0\]\.row/,
  };
  const files = (yaml: string) => ({ 'models/a.sql': 'select 1 as id', 'models/y.yml': yaml });
  for (const [yaml, problem] of Object.entries(refused)) assert.throws(() => parse(newProject(files(yaml))), problem);
  const taken = [
    'sources: [{name: s, overrides: shop, tables: [{name: t}]}]',
    'sources: [{name: s, tables: [{name: t, foo: 1, external: {foo: 1}, columns: [{name: c, foo: 1}]}]}]',
    'models: [{name: a, foo: 1, columns: [{name: id, foo: 1}], config: {foo: 1}}]',
    'exposures: [{name: e, type: dashboard, owner: {name: x, slack: y}}]',
  ];
  for (const yaml of taken) assert.ok(parse(newProject(files(yaml))).manifest);
});

test('adapter.dispatch looks in one namespace, not in a list of packages', () => {
  for (const call of ["dispatch('m', packages=['shop'])", "dispatch('m', ['shop'])", "dispatch('m', 'shop', ['shop'])"])
    assert.throws(
      () =>
        parse(
          newProject({
            'macros/m.sql': '{% macro default__m() %}1{% endmacro %}',
            'models/a.sql': `select {{ adapter.${call}() }}`,
          }),
        ),
      /looked for in a list of packages/,
    );
});
