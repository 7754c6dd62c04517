import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseFiles, type Files, newProject, parse, parseError } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n';
const project = baseFiles['dbt_project.yml'] as string;
const files = (more: Files): Files => ({ 'profiles/profiles.yml': profile, ...more });

const model = { 'models/a.sql': 'select 1 as id' };

// Exit codes are those of dbt-core 1.12.6 with dbt-duckdb 1.11.1.
const commands: readonly (readonly [string, Files, readonly string[], number, RegExp])[] = [
  [
    'a cycle stops everything but a parse',
    { 'models/a.sql': "select * from {{ ref('b') }}", 'models/b.sql': "select * from {{ ref('a') }}" },
    ['run'],
    2,
    /found a cycle: (model\.shop\.[ab] --> ){2}model\.shop\.[ab]$/m,
  ],
  ['of a cycle a parse tells', { 'models/a.sql': "select * from {{ ref('a') }}" }, ['parse'], 0, /found a cycle/],
  [
    'a macro that is not there',
    { 'models/a.sql': 'select {{ my_macro(1) }}', 'macros/m.sql': '{% macro my_macros(x) %}{% endmacro %}' },
    ['compile'],
    2,
    /'my_macro' is undefined\. Is it a macro .* Did you mean my_macros/,
  ],
  [
    'an error in a macro, with the lines of its file',
    {
      'models/a.sql': 'select {{ m1() }}',
      'macros/m.sql':
        "{% macro m1() %}\n{{ m2() }}\n{% endmacro %}\n{% macro m2() %}\n{% if execute %}{{ exceptions.raise_compiler_error('Boom') }}{% endif %}\n{% endmacro %}",
    },
    ['run'],
    1,
    /Boom\n {2}\n {2}> in macro m2 \(macros\/m\.sql:5\)\n {2}> called by macro m1 \(macros\/m\.sql:2\)/,
  ],
  [
    'a var that is not set is None while parsing',
    { 'models/a.sql': "select '{{ var('x') }}'" },
    ['parse'],
    0,
    /Parsed/,
  ],
  [
    'and an error when it runs',
    { 'models/a.sql': "select '{{ var('x') }}'" },
    ['run'],
    1,
    /var 'x', which model\.shop\.a/,
  ],
  [
    'files without a text are no models',
    { 'models/a.sql': ' \n', 'models/b.sql': 'select 1 as id' },
    ['run'],
    0,
    /1 of 1 OK created sql view model main\.b/,
  ],
  ['and are listed', { 'models/a.sql': ' \n' }, ['ls'], 0, /^shop\.a$/m],
  [
    'a database in no folder',
    { 'profiles/profiles.yml': profile.replace('shop.duckdb', 'nowhere/shop.duckdb'), 'models/a.sql': 'select 1' },
    ['run'],
    2,
    /there is no folder .*nowhere/,
  ],
  ['debug without a profile', { 'profiles/profiles.yml': 'other: {}\n' }, ['debug'], 1, /profile 'shop' is not in/],
  ['debug of a broken project', { 'dbt_project.yml': 'name: [\n' }, ['debug'], 1, /dbt_project\.yml: \[ERROR\]/],
  ['a query that cannot be shown', { 'models/a.sql': 'selec 1' }, ['show', '-s', 'a'], 2, /syntax error at or near/],
  ['nor one given inline', {}, ['show', '--inline', 'selec 1'], 2, /syntax error at or near/],
  ['a show of nothing', {}, ['show'], 2, /show needs --select or --inline/],
  ['a show of two things', model, ['show', '--inline', 'select 1', '-s', 'a'], 2, /--inline and --select exclude/],
  ['an operation without a name', {}, ['run-operation'], 2, /needs the name of a macro/],
  ['an unknown operation', {}, ['run-operation', 'nope'], 2, /could not find a macro with the name 'nope'/],
  ['a switch with a value', model, ['run', '--full-refresh=true'], 2, /option --full-refresh takes no value/],
  [
    'a time that YAML takes for a date',
    model,
    ['run', '--sample', '{start: 2024-01-01, end: 2024-02-01}'],
    2,
    /quotes/,
  ],
  [
    'a source without a time',
    { 'models/s.yml': 'sources: [{name: s, freshness: {warn_after: {count: 1, period: day}}, tables: [{name: t}]}]\n' },
    ['source', 'freshness'],
    1,
    /freshness of 's\.t' needs a loaded_at_field/,
  ],
  [
    'a delimiter of two characters',
    { 'seeds/a.csv': 'x;;y\n1;;2\n', 'seeds/a.yml': 'seeds: [{name: a, config: {delimiter: ";;"}}]\n' },
    ['seed'],
    1,
    /"delimiter" must be a 1-character string/,
  ],
  [
    'a unit test that leaves an input out',
    {
      'models/u.sql': 'select 1 as id',
      'models/a.sql': "select id from {{ ref('u') }}",
      'models/a.yml': 'unit_tests: [{name: t, model: a, given: [], expect: {rows: [{id: 1}]}}]\n',
    },
    ['build'],
    1,
    /unit test 't' gives no rows for ref\('u'\)/,
  ],
  [
    'a hook that is a number',
    { 'models/a.sql': '{{ config(pre_hook=3) }}select 1' },
    ['run'],
    2,
    /'pre-hook' must be a/,
  ],
  [
    'a selector of no method',
    { ...model, 'selectors.yml': 'selectors: [{name: x, definition: {method: nope, value: a}}]\n' },
    ['ls'],
    2,
    /nope/,
  ],
  [
    'a selector with two exclusions',
    { ...model, 'selectors.yml': 'selectors: [{name: x, definition: {union: [a, {exclude: [b]}, {exclude: [c]}]}}]\n' },
    ['ls'],
    2,
    /more than one 'exclude'/,
  ],
  ['debug', {}, ['debug'], 0, /All checks passed!/],
  ['names of objects are no commands', {}, ['constructor'], 2, /'constructor' is no command of dbt/],
];

for (const [name, given, argv, code, text] of commands)
  test(`${name}: ${argv.join(' ')} exits with ${code}`, async () => {
    const run = await dbt(newProject(files(given)), argv);
    assert.equal(run.code, code, run.text);
    assert.match(run.text, text);
  });

const withKey = (key: string): Files => ({ ...model, 'dbt_project.yml': `${project}${key}\n` });

const parsed: readonly (readonly [string, Files, RegExp])[] = [
  ['an unknown key', withKey('model_paths: [x]'), /there is no key 'model_paths'/],
  ['a misspelt key', withKey('snapshotz: {}'), /there is no key 'snapshotz'/],
  ['old and new key', withKey('model-paths: [models]\nsource-paths: [m]'), /both 'source-paths' and 'model-paths'/],
  ['another config-version', withKey('config-version: 3'), /'config-version' must be 2, not 3/],
  ['vars as a list', withKey('vars: [1]'), /'vars' must be a dictionary, not a list/],
  ['quoting by number', withKey('quoting: {database: 3}'), /'quoting' must be a dictionary of/],
  ['a hook that is a dictionary', withKey('on-run-start: {a: b}'), /'on-run-start' must be a string or a list/],
  ['a comment by number', withKey('query-comment: 3'), /'query-comment' must be a string/],
  ['a folder that is no list', withKey('clean-targets: target'), /'clean-targets' must be a list of folders/],
  ['a range of no versions', withKey('require-dbt-version: abc'), /versions such as '>=1\.9\.0', not 'abc'/],
  [
    'a reserved name',
    { ...model, 'dbt_project.yml': 'name: adapter\nprofile: shop\n' },
    /'adapter' has another meaning/,
  ],
  [
    'an expression in the project file',
    withKey(`models: {shop: {+alias: "{{ env_var('NOPE_X') }}"}}`),
    /dbt_project\.yml: cannot render .*environment variable 'NOPE_X' is not set/,
  ],
  [
    'a schema that is a list',
    { ...model, 'profiles.yml': profileOf('schema: [1]') },
    /'schema' of target 'dev' must be/,
  ],
  ['extensions by number', { ...model, 'profiles.yml': profileOf('extensions: 3') }, /'extensions' .* must be a list/],
  [
    'a target without a type',
    { ...model, 'profiles.yml': 'shop: {target: dev, outputs: {dev: {path: x}}}\n' },
    /no type/,
  ],
  ['a name with a space', { 'models/a b.sql': 'select 1' }, /names must not have spaces: 'model\.shop\.a b'/],
  [
    'a macro that is no template, though nothing calls it',
    { ...model, 'macros/m.sql': '{% macro ok() %}{% endmacro %}\n{% macro m() %}\nselect {{ 1 + }}\n{% endmacro %}' },
    /cannot compile macro m \(macros\/m\.sql\): unexpected 'end of print statement'\n {2}> in macro m \(macros\/m\.sql:3:15\)/,
  ],
  [
    'recursion, told briefly',
    { 'models/a.sql': '{{ m() }}', 'macros/m.sql': '{% macro m() %}{{ m() }}{% endmacro %}' },
    /maximum recursion depth exceeded\n(.*\n){5,15}.*> \.\.\. \d+ more/,
  ],
  ['an unknown metric', { 'models/a.sql': "select * from {{ metric('mm') }}" }, /depends on a metric named 'mm'/],
];

const described = (entry: string): Files => ({ ...model, 'models/s.yml': `${entry}\n` });

const entries: readonly (readonly [string, RegExp])[] = [
  ['models: [{name: a, description: 3}]', /models\/s\.yml: a of 'models': 'description' must be a string, not 3/],
  ['models: [{name: a, description: }]', /'description' must be a string, not empty/],
  ['models: [{name: a, columns: {id: {}}}]', /'columns' must be a list, not a dictionary/],
  ['models: [{name: a, columns: [{description: x}]}]', /'columns\[0\]' has no 'name'/],
  ['models: [{name: a, columns: [{name: id, quote: x}]}]', /'columns\[0\]\.quote' must be true or false, not "x"/],
  ['models: [{name: a, versions: [{v: 1}, {v: 1}]}]', /'versions' has version 1 twice/],
  ['models: [{name: a, latest_version: 3, versions: [{v: 1}]}]', /'latest_version' 3 is none of the versions: 1/],
  ['models: [{name: a, versions: [{x: 1}]}]', /'versions\[0\]' has no 'v'/],
  ['sources: [{name: s, tables: [t]}]', /'tables\[0\]' must be a dictionary, not "t"/],
  ['sources: [{name: s, schema: 3, tables: [{name: t}]}]', /'schema' must be a string, not 3/],
  [
    'sources: [{name: s, freshness: {warn_after: {count: 1, period: eon}}, tables: [{name: t}]}]',
    /'freshness\.warn_after\.period' must be one of minute, hour, day, not "eon"/,
  ],
  [
    'exposures: [{name: e, type: dashboard, owner: {name: x}, maturity: nope}]',
    /'maturity' must be one of low, medium/,
  ],
  ['groups: [{name: g, owner: {foo: x}}]', /'owner' needs a 'name' or an 'email'/],
  ['unit_tests: [{name: t, model: a, expect: {rows: []}}]', /t of 'unit_tests': has no 'given'/],
  [
    'unit_tests: [{name: t, model: a, given: [], expect: {rows: []}, overrides: {macro: {}}}]',
    /'overrides\.macro' is none of macros, vars, env_vars; did you mean macros/,
  ],
];

for (const [entry, text] of entries)
  test(`${entry} is told`, () => assert.match(parseError(described(entry)).message, text));

function profileOf(more: string): string {
  return `shop: {target: dev, outputs: {dev: {type: duckdb, ${more}}}}\n`;
}

for (const [name, given, text] of parsed) test(`${name} is told`, () => assert.match(parseError(given).message, text));

test('names: by flags of the project spaces are told, and one name is for one resource', () => {
  const spaces = { 'models/a b.sql': 'select 1', 'models/c d.sql': 'select 1' };
  const { told } = parse(newProject(spaces), { flags: { REQUIRE_RESOURCE_NAMES_WITHOUT_SPACES: false } });
  assert.deepEqual(
    told.map(({ name }) => name),
    ['SpacesInResourceNameDeprecation', 'ResourceNamesWithSpacesDeprecation'],
  );
  const shared = { 'models/a.sql': "{{ config(alias='x') }}select 1", 'seeds/a.csv': 'id\n1\n' };
  assert.deepEqual(
    parse(newProject(shared)).told.map(({ name }) => name),
    ['DuplicateNameDistinctNodeTypesDeprecation'],
  );
  assert.match(
    parseError(shared, { flags: { REQUIRE_UNIQUE_PROJECT_RESOURCE_NAMES: true } }).message,
    /'a' is the name of/,
  );
});

test('a schema that a macro leaves open is told, or refused', () => {
  const none = {
    ...model,
    'macros/g.sql': '{% macro generate_schema_name(n, node) %}{{ return(none) }}{% endmacro %}',
  };
  assert.deepEqual(
    parse(newProject(none)).told.map(({ name }) => name),
    ['GenerateSchemaNameNullValueDeprecation'],
  );
  const flags = { REQUIRE_VALID_SCHEMA_FROM_GENERATE_SCHEMA_NAME: true };
  assert.match(parseError(none, { flags }).message, /no schema for model\.shop\.a/);
});

test("'config' of profiles.yml is taken as flags, and told", async () => {
  const given = files({ 'profiles/profiles.yml': `${profile}config: {fail_fast: true}\n`, ...model });
  const { code, text } = await dbt(newProject(given), ['parse']);
  assert.equal(code, 0);
  assert.match(text, /ProjectFlagsMovedDeprecation/);
  const twice = await dbt(newProject({ ...given, 'dbt_project.yml': `${project}flags: {fail_fast: true}\n` }), [
    'parse',
  ]);
  assert.equal(twice.code, 2);
  assert.match(twice.text, /flags are given twice/);
});
