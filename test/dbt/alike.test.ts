/** Projects that once had another outcome than with dbt-core 1.12.6 and dbt-duckdb 1.11.1, whose outcome stands here. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { baseFiles, type Files, newProject, parse } from './project.ts';
import { dbt } from './replay.ts';

const profile =
  'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 1}\n';
const models = { 'models/a.sql': 'select 1 as id', 'models/b.sql': "select * from {{ ref('a') }}" };
const project = (files: Files): string => newProject({ 'profiles/profiles.yml': profile, ...models, ...files });
const config = (text: string): Files => ({ 'dbt_project.yml': `${baseFiles['dbt_project.yml']}${text}` });

const json = (folder: string, file: string): Record<string, never> =>
  JSON.parse(readFileSync(path.join(folder, 'target', file), 'utf8'));

interface Case {
  readonly files: Files;
  readonly commands: readonly (readonly string[])[];
  readonly code: number;
  readonly text?: RegExp;
}

const model = (properties: string): Files => ({ 'models/s.yml': `models:\n  - name: a\n    ${properties}\n` });

const cases: Readonly<Record<string, Case>> = {
  'a var with a source that is not there stops the parse': {
    files: {
      ...config("vars: {x: \"{{ source('no', 'where') }}\"}\n"),
      'models/c.sql': "select * from {{ var('x') }}",
    },
    commands: [['parse']],
    code: 2,
    text: /no\.where/,
  },
  'an entry of data_tests without a name is told': {
    files: { 'models/s.yml': 'data_tests:\n  - description: no name\n' },
    commands: [['parse']],
    code: 0,
    text: /models\/s\.yml: entry 1 of 'data_tests' has no name/,
  },
  'a date of deprecation that is a number is refused': {
    files: model('deprecation_date: 1'),
    commands: [['parse']],
    code: 2,
    text: /'deprecation_date' must be a date, not 1/,
  },
  'so is one that is no date, of a version': {
    files: model('versions: [{v: 1, defined_in: a, deprecation_date: "2020-13-45"}]'),
    commands: [['parse']],
    code: 2,
    text: /'versions\[0\]\.deprecation_date' must be a date/,
  },
  'a date of deprecation may be a date or a text': {
    files: {
      'models/s.yml':
        'models:\n  - {name: a, deprecation_date: 2999-01-01}\n  - {name: b, deprecation_date: "2999-01-01 10:00:00+00:00"}\n',
    },
    commands: [['parse']],
    code: 0,
  },
  'a latest version needs versions': {
    files: model('latest_version: 1'),
    commands: [['parse']],
    code: 2,
    text: /'latest_version' 1 is none of the versions: there are none/,
  },
  'a catalog of catalogs.yml is refused': {
    files: {
      'catalogs.yml': 'catalogs:\n  - name: lake\n    write_integrations: [{name: x, catalog_type: built_in}]\n',
    },
    commands: [['parse'], ['run'], ['ls']],
    code: 2,
    text: /names the catalog 'lake', and DuckDB has no catalogs/,
  },
  'an empty catalogs.yml is refused': { files: { 'catalogs.yml': '' }, commands: [['parse']], code: 2, text: /empty/ },
  'catalogs.yml with other things in it is taken': {
    files: { 'catalogs.yml': 'other: 1\n' },
    commands: [['parse']],
    code: 0,
  },
  'tags of any kind are texts': {
    files: config('models:\n  +tags: [3.5, true, null, {a: b}]\n'),
    commands: [['run'], ['ls', '-s', 'tag:True']],
    code: 0,
  },
  'tags of a test are a list': {
    files: model('columns: [{name: id, data_tests: [{unique: {config: {tags: 3}}}]}]'),
    commands: [['parse']],
    code: 2,
    text: /'tags' of a test of 'a' must be a list of strings, not 3/,
  },
  'a period without a count is refused': {
    files: model('config: {freshness: {build_after: {period: day}}}'),
    commands: [['parse']],
    code: 2,
    text: /with both 'count' and 'period'/,
  },
  'vars are a dictionary with names': {
    files: {},
    commands: ['', 'null', '{true: 2}', '{1.5: 2}', '[1]'].map((vars) => ['parse', '--vars', vars]),
    code: 2,
    text: /--vars/,
  },
  'a folder of analyses that is named twice has them twice': {
    files: { ...config('analysis-paths: [looks, looks]\n'), 'looks/y.sql': 'select 1' },
    commands: [['parse']],
    code: 2,
    text: /two analyses are named 'y'/,
  },
  'a macro that dispatches to none is refused, called or not': {
    files: {
      'macros/m.sql': "{% macro go() %}{{ adapter.dispatch('go', 'shop')() }}{% endmacro %}",
      'macros/other.sql': '{% macro snowflake__go() %}1{% endmacro %}',
    },
    commands: [['parse'], ['run']],
    code: 2,
    text: /macros\/m\.sql: in macro 'go' no macro 'go' was found to dispatch to; .*'shop\.duckdb__go', 'shop\.default__go'/,
  },
  'a colour of a node that is none is refused': {
    files: model("docs: {node_color: '#xxx111'}"),
    commands: [['parse']],
    code: 2,
    text: /config 'docs\.node_color' must be a name of a colour in HTML, .* not string "#xxx111"/,
  },
  'colours have names or numbers': {
    files: {
      'models/s.yml':
        "models:\n  - {name: a, docs: {node_color: DarkSlateGray}}\n  - {name: b, config: {docs: {node_color: '#abc'}}}\n",
    },
    commands: [['parse']],
    code: 0,
  },
  'a warning of a test is an error when all warnings are, or its own': {
    files: { 'tests/t.sql': "{{ config(severity='warn') }} select 1 as id" },
    commands: ['{error: all}', '{error: [LogTestResult]}'].map((options) => ['test', '--warn-error-options', options]),
    code: 1,
    text: /Got 1 result, configured to fail if != 0/,
  },
  'and a warning when it is left out': {
    files: { 'tests/t.sql': "{{ config(severity='warn') }} select 1 as id" },
    commands: [['test', '--warn-error-options', '{error: all, warn: [LogTestResult]}']],
    code: 0,
    text: /Got 1 result, configured to warn if != 0/,
  },
  'a text that speaks of a dispatch is none': {
    files: {
      'macros/m.sql': `{% macro go() %}{# adapter.dispatch('a') #}{{ return("adapter.dispatch('b')") }}{% endmacro %}`,
    },
    commands: [['parse']],
    code: 0,
  },
};

for (const [name, { files, commands, code, text = /./ }] of Object.entries(cases))
  test(name, async () => {
    const folder = project(files);
    for (const argv of commands) {
      const ran = await dbt(folder, argv);
      assert.equal(ran.code, code, ran.text);
      assert.match(ran.text, text);
    }
  });

test('a var may name what a node depends on; in YAML it is the text as written', async () => {
  const folder = project({
    ...config('vars:\n  x: "{{ ref(\'a\') }}"\n  deep: "{{ var(\'x\') }}"\n'),
    'models/c.sql': "select * from {{ var('x') }}",
    'models/d.sql': "select * from {{ var('deep') }} -- {{ var('deep', 'never') }}",
    'models/s.yml': `models:\n  - name: c\n    description: "{{ var('x') }}"\n`,
  });
  const { code, text } = await dbt(folder, ['run']);
  assert.equal(code, 0, text);
  const { nodes } = json(folder, 'manifest.json') as unknown as { nodes: Record<string, Record<string, unknown>> };
  for (const id of ['model.shop.c', 'model.shop.d']) {
    assert.deepEqual(nodes[id]?.depends_on, { macros: [], nodes: ['model.shop.a'] });
    assert.match(String(nodes[id]?.compiled_code), /^select \* from "shop"\."main"\."a"/);
  }
  assert.equal(nodes['model.shop.c']?.description, "{{ ref('a') }}");
});

test('quoting of the project is not for sources, their own is', async () => {
  const folder = project({
    ...config('quoting: {database: false, schema: true, identifier: false}\n'),
    'models/s.yml':
      'sources:\n  - {name: s, schema: main, quoting: {schema: false}, tables: [{name: t}, {name: u, quoting: {identifier: false}}]}\n',
    'models/c.sql': "select * from {{ source('s', 't') }}, {{ source('s', 'u') }}, {{ ref('a') }}",
  });
  assert.equal((await dbt(folder, ['compile'])).code, 0);
  const { nodes } = json(folder, 'manifest.json') as unknown as { nodes: Record<string, { compiled_code: string }> };
  assert.equal(nodes['model.shop.c']?.compiled_code, 'select * from "shop".main."t", "shop".main.u, shop."main".a');
});

test('the state of another time is refused by its schema, even when nothing is compared', async () => {
  const folder = project({});
  assert.equal((await dbt(folder, ['parse', '--target-path', 'before'])).code, 0);
  const file = path.join(folder, 'before', 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  const tell = async (schema: unknown): Promise<string> => {
    const metadata = { ...manifest.metadata, dbt_schema_version: schema };
    writeFileSync(file, JSON.stringify({ ...manifest, metadata }));
    const { code, text } = await dbt(folder, ['ls', '-s', 'a', '--state', 'before']);
    return `${code} ${text}`;
  };
  const place = 'https://schemas.getdbt.com/dbt/manifest';
  assert.match(await tell(`${place}/v3.json`), /^2 [\s\S]*has the schema \S+v3\.json, none of v12, v11/);
  assert.match(await tell(`${place}/v13.json`), /^2 /);
  assert.match(await tell(undefined), /^2 [\s\S]*does not say its schema/);
  assert.match(await tell(`${place}/v11.json`), /^0 /);
  mkdirSync(path.join(folder, 'empty'));
  assert.equal((await dbt(folder, ['ls', '-s', 'a', '--state', 'empty'])).code, 0);
});

test('a disabled model is described as others are', () => {
  const folder = project({
    'models/b.sql': '{{ config(enabled=false) }} select 1 as id',
    'models/s.yml':
      'models:\n  - {name: b, description: Away, config: {tags: [x]}, columns: [{name: id, data_tests: [unique]}]}\n',
  });
  const [node] = parse(folder).manifest.disabled['model.shop.b'] ?? [];
  assert.equal((node as { description: string }).description, 'Away');
  assert.deepEqual((node as { tags: string[] }).tags, ['x']);
});

test('tags and counts are what dbt makes of them', () => {
  const folder = project({
    ...config('models:\n  +tags: [3.5, true, null, {a: b}]\n'),
    ...model('config: {freshness: {build_after: {count: 1.5, period: day}}}'),
  });
  const node = parse(folder).manifest.nodes['model.shop.a'];
  assert.deepEqual(node?.config.tags, ['3.5', 'True', 'None', "{'a': 'b'}"]);
  assert.deepEqual(node?.config.freshness, { build_after: { count: 1, period: 'day', updates_on: 'any' } });
});

test('where nothing is selected no database is made', async () => {
  const folder = project({});
  for (const argv of [['test'], ['run', '-s', 'no'], ['build', '-s', 'no'], ['seed'], ['compile', '-s', 'no']]) {
    const { code, text } = await dbt(folder, argv);
    assert.equal(code, 0);
    assert.match(text, /Nothing to do/);
    assert.deepEqual(json(folder, 'run_results.json').results, []);
  }
  assert.ok(!existsSync(path.join(folder, 'shop.duckdb')));
});

test('sources.json leaves out what could not be read; errors are told after the count', async () => {
  const folder = project({
    'models/a.sql': "{{ config(materialized='table') }} select now() as t",
    'models/b.sql': 'select 1 as id',
    'models/s.yml': `sources:
  - name: s
    schema: main
    loaded_at_field: t
    freshness: {warn_after: {count: 1, period: day}}
    tables: [{name: a}, {name: gone}]
`,
  });
  assert.equal((await dbt(folder, ['run'])).code, 0);
  const { code, text } = await dbt(folder, ['source', 'freshness']);
  assert.equal(code, 1);
  assert.match(text, /ERROR freshness of s\.gone[\s\S]*Finished running 2 sources[\s\S]*Runtime Error in source gone/);
  const results = json(folder, 'sources.json').results as unknown as { unique_id: string; status: string }[];
  assert.deepEqual(
    results.map(({ unique_id: id, status }) => [id, status]),
    [['source.shop.s.a', 'pass']],
  );
});

test('documentation that cannot be made leaves no manifest and no results', async () => {
  const folder = project({ 'models/c.sql': 'select {{ no_such_macro() }}' });
  assert.equal((await dbt(folder, ['docs', 'generate'])).code, 2);
  for (const name of ['manifest.json', 'semantic_manifest.json', 'run_results.json'])
    assert.ok(!existsSync(path.join(folder, 'target', name)), name);
  writeFileSync(path.join(folder, 'models/c.sql'), 'select 1 as id');
  assert.equal((await dbt(folder, ['docs', 'generate'])).code, 0);
  for (const name of ['manifest.json', 'semantic_manifest.json', 'run_results.json', 'catalog.json'])
    assert.ok(existsSync(path.join(folder, 'target', name)), name);
});

test('run-operation --sql runs a text with references, and keeps what it made if the text commits', async () => {
  const folder = project({ 'macros/m.sql': '{% macro seven() %}7{% endmacro %}' });
  assert.equal((await dbt(folder, ['run'])).code, 0);
  const sql = "create table made as select {{ seven() }} as x, id from {{ ref('a') }}";
  const undone = await dbt(folder, ['run-operation', '--sql', sql]);
  assert.equal(undone.code, 0, undone.text);
  assert.match(undone.text, /is undone, as dbt does it: end the text with "; commit"/);
  assert.equal((await dbt(folder, ['show', '--inline', 'select * from made'])).code, 2);
  const ran = await dbt(folder, ['run-operation', '--sql', `${sql}; commit`]);
  assert.equal(ran.code, 0, ran.text);
  assert.doesNotMatch(ran.text, /undone/);
  assert.match(ran.text, /1 of 1 START executing inline_query \.+ \[RUN\]/);
  assert.match(ran.text, /1 of 1 OK executed inline_query \.+ \[OK in /);
  const [result] = json(folder, 'run_results.json').results as unknown as Record<string, unknown>[];
  assert.equal(result?.unique_id, 'sql_operation.shop.inline_query');
  assert.deepEqual([result?.status, result?.failures, result?.compiled], ['success', 0, false]);
  assert.match((await dbt(folder, ['show', '--inline', 'select * from made'])).text, /\| 7 \| +1 \|/);
});

test('run-operation --sql fails as its text does, and is not mixed with a macro', async () => {
  const folder = project({ 'macros/m.sql': '{% macro seven() %}7{% endmacro %}' });
  const tell = async (...words: string[]): Promise<string> => {
    const { code, text } = await dbt(folder, ['run-operation', ...words]);
    return `${code} ${text}`;
  };
  assert.match(
    await tell('--sql', 'select nope'),
    /^1 [\s\S]*while running operation: Runtime Error[\s\S]*ERROR executing/,
  );
  assert.match(await tell('--sql', "select {{ ref('nope') }}"), /^1 [\s\S]*nope/);
  assert.match(await tell('seven', '--sql', 'select 1'), /^2 [\s\S]*not both/);
  assert.match(await tell('--sql', 'select 1', '--args', '{a: 1}'), /^2 [\s\S]*--args are of a macro/);
  assert.match(await tell('--sql', ''), /^2 [\s\S]*needs the name of a macro, or --sql/);
});

test('columns of a relation are what a macro of the project says of them, which may ask for the others', async () => {
  const log =
    "{% if execute %}{{ log('columns: ' ~ adapter.get_columns_in_relation(ref('a')), info=true) }}{% endif %}";
  const tell = async (files: Files): Promise<string> => {
    const folder = project({ 'models/c.sql': `-- depends_on: {{ ref('a') }}\n${log} select 1 as id`, ...files });
    const { code, text } = await dbt(folder, ['run']);
    assert.equal(code, 0, text);
    return /columns: .*/.exec(text)?.[0] ?? '';
  };
  const macro = (name: string, gives = "'own'"): string =>
    `{% macro ${name}(relation) %}{{ return(${gives}) }}{% endmacro %}`;
  const all = 'get_columns_in_relation';
  assert.match(await tell({}), /DuckDBColumn\(column='id'/);
  assert.equal(await tell({ 'macros/m.sql': macro(all) }), 'columns: own');
  assert.equal(await tell({ 'macros/m.sql': macro(`duckdb__${all}`) }), 'columns: own');
  const asks = macro(all, `dbt.${all}(relation) | map(attribute='name') | list`);
  assert.equal(await tell({ 'macros/m.sql': asks }), "columns: ['id']");
  const packaged = {
    'packages.yml': 'packages: [{local: other}]\n',
    'dbt_packages/other/dbt_project.yml': 'name: other\n',
    'dbt_packages/other/macros/m.sql': macro(all),
  };
  assert.equal(await tell(packaged), 'columns: own');
});

test('tests of a version that are left empty are those of the model; an empty list is none', () => {
  const tests = (given: string): string[] => {
    const entry = `{name: a, data_tests: [{unique: {column_name: id}}], versions: [{v: 1, defined_in: a, data_tests: ${given}}]}`;
    const { nodes } = parse(project({ 'models/s.yml': `models: [${entry}]\n` })).manifest;
    return Object.values(nodes).flatMap(({ resource_type, name }) => (resource_type === 'test' ? [name] : []));
  };
  assert.deepEqual(tests('null'), ['unique_a_v1_id']);
  assert.deepEqual(tests('[]'), []);
});
