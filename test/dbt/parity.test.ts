import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newProject, parse, writeFiles } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n';

test('functions of the project are made as DuckDB macros, before what calls them', async () => {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'functions/twice.sql': 'x * 2',
    'functions/uses.sql': "y + {{ function('twice') }}(y)",
    'functions/mean.sql': 'sum(x) / count(*)',
    'functions/pair.sql': 'select x as a, x + 1 as b',
    'functions/f.yml': `functions:
  - {name: twice, config: {volatility: deterministic}, arguments: [{name: x, data_type: integer}], returns: {data_type: integer}}
  - {name: uses, arguments: [{name: y, data_type: integer, default_value: 3}], returns: {data_type: integer}}
  - {name: mean, config: {type: aggregate}, arguments: [{name: x, data_type: integer}], returns: {data_type: double}}
  - {name: pair, config: {type: table}, arguments: [{name: x, data_type: integer}], returns: {data_type: integer}}
`,
    'models/m.sql': `select {{ function('uses') }}() as u, {{ function('mean') }}(v) as m, max(b) as b from (values (1), (2)) t(v), {{ function('shop', 'pair') }}(7)`,
  });
  const { code, text } = await dbt(folder, ['build']);
  assert.equal(code, 0, text);
  assert.match(text, /OK created function main\.twice/);
  assert.match(text, /4 functions, 1 view model/);
  const shown = await dbt(folder, ['show', '-s', 'm', '--quiet', '--output', 'json']);
  assert.deepEqual((JSON.parse(shown.text) as { show: unknown }).show, [{ u: 9, m: 1.5, b: 8 }]);
  const run = readFileSync(path.join(folder, 'target/run/shop/functions/twice.sql'), 'utf8');
  assert.match(run, /create or replace macro "shop"\."main"\."twice"\(x\) as\s+cast\(\(x \* 2\) as integer\)/);
});

test('vars.yml holds vars of the root project, for dbt_project.yml too; expressions in vars are rendered', () => {
  const files = {
    'vars.yml': `vars: {tag: file, n: 1, lazy: "n is {{ var('n') }}", shop: {n: 2}}\n`,
    'dbt_project.yml': `name: shop\nprofile: shop\nmodels: {shop: {+tags: "{{ var('tag') }}"}}\n`,
    'models/a.sql': "select '{{ config(alias=var('lazy')) }}'",
  };
  const folder = newProject(files);
  const node = (given = {}) => parse(folder, { vars: given }).manifest.nodes['model.shop.a'];
  assert.deepEqual([node()?.tags, node()?.alias], [['file'], 'n is 2']);
  assert.deepEqual([node({ tag: 'cli', n: 9 })?.tags, node({ n: 9 })?.alias], [['cli'], 'n is 9']);
  writeFiles(folder, { 'dbt_project.yml': `${files['dbt_project.yml']}vars: {x: 1}\n` });
  assert.throws(() => parse(folder), /it has vars, and so has vars\.yml/);
  const circle = newProject({
    'vars.yml': `vars: {a: "{{ var('a') }}"}`,
    'models/a.sql': "select {{ var('a') | upper }}",
  });
  assert.throws(() => parse(circle), /vars refer to one another in a circle/);
});

// The texts on the right were made by dbt-core 1.12.6.
const configs: readonly (readonly [string, unknown])[] = [
  ["'it\"s'", 'it"s'],
  ["var('m', default='view')", "var('m', default='view')"],
  [
    "'x' ~ var('s', 'y') | upper",
    "'x' ~ Filter(node=Call(node=Name(name='var', ctx='load'), args=[Const(value='s'), Const(value='y')], kwargs=[], dyn_args=None, dyn_kwargs=None), name='upper', args=[], kwargs=[], dyn_args=None, dyn_kwargs=None)",
  ],
  [
    "'table' if target.name == 'dev' else 'view'",
    "CondExpr(test=Compare(expr=Getattr(node=Name(name='target', ctx='load'), attr='name', ctx='load'), ops=[Operand(op='eq', expr=Const(value='dev'))]), expr1=Const(value='table'), expr2=Const(value='view'))",
  ],
  [
    "['a', \"b\"] + ['c']",
    "Add(left=List(items=[Const(value='a'), Const(value='b')]), right=List(items=[Const(value='c')]))",
  ],
  ['{"k": [True]}', { k: [true] }],
  ['[true]', '[True]'],
  ["{'k': 1.0, 'n': none, 't': true}", "{'k': 1.0, 'n': None, 't': True}"],
  ["not var('off', false) and (1 < 2 or 3 in [3,])", "not var('off', False) and 1 < 2 or 3 in [3]"],
  [
    'modules.datetime.datetime(2024, 1, 1).isoformat()[:4]',
    'modules.datetime.datetime(2024, 1, 1).isoformat()[Slice(start=None, stop=Const(value=4), step=None)]',
  ],
];

test('unrendered configs of expressions are spelled as dbt spells them', () => {
  const files = Object.fromEntries(
    configs.map(([code], i) => [`models/m${i}.sql`, `{{ config(any_key=${code}) }}select 1`]),
  );
  const { manifest } = parse(newProject(files));
  for (const [i, [code, expected]] of configs.entries())
    assert.deepEqual(manifest.nodes[`model.shop.m${i}`]?.unrendered_config.any_key, expected, code);
});

test('the overview that every manifest has can be overridden', () => {
  const { manifest } = parse(newProject({ 'models/o.md': '{% docs __overview__ %}Ours{% enddocs %}' }));
  assert.deepEqual(Object.keys(manifest.docs), ['doc.dbt.__overview__', 'doc.shop.__overview__']);
});

test('packages read the configuration of the run while it is parsed too', () => {
  const { manifest } = parse(
    newProject({
      'macros/m.sql':
        '{% macro version_of(name) %}{% do return(builtins.ref.config.dependencies[name].version) %}{% endmacro %}',
      'models/a.sql': "{{ config(alias='v' ~ version_of('shop') | replace('.', '_')) }}select 1",
    }),
  );
  assert.equal(manifest.nodes['model.shop.a']?.alias, 'v1_0_0');
});
