import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  compileTemplate,
  createEnvironment,
  framesOf,
  PyError,
  pythonBuiltins,
  renderText,
} from '../../src/jinja/index.ts';
import { newFolder, newProject, parse, parseError, writeFiles } from './project.ts';
import { dbt } from './replay.ts';

const environment = createEnvironment();
const render = (text: string): string =>
  renderText(compileTemplate(environment, text, { path: 't' }), pythonBuiltins());

function errorOf(text: string): PyError {
  try {
    render(text);
  } catch (error) {
    if (error instanceof PyError) return error;
    throw error;
  }
  throw new Error(`${text} was rendered`);
}

test('no value leads to an object of JavaScript', () => {
  const values = ["''", '[]', '{}', '1', 'range', 'modules', 'modules.re', 'namespace()', 'set', 'zip', 'tojson'];
  for (const value of values)
    for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'call', '__class__', '__globals__']) {
      assert.equal(render(`{{ ${value}.${name} is defined }}`), 'False', `${value}.${name}`);
      assert.equal(render(`{{ ${value}['${name}'] is defined }}`), 'False', `${value}['${name}']`);
      assert.equal(render(`{{ (${value} | attr('${name}')) is defined }}`), 'False', `${value}|attr('${name}')`);
    }
  for (const name of ['globalThis', 'process', 'require', 'Function', 'eval', 'R', 'self'])
    assert.equal(render(`{{ ${name} is defined }}`), 'False', name);
  for (const text of ['{{ 1 | constructor }}', '{{ 1 is constructor }}', "{{ [1] | map('constructor') | list }}"])
    assert.match(errorOf(text).message, /No (filter|test) named 'constructor'/);
  assert.throws(() => render("{{ '{0.constructor}'.format('x') }}"), /has no attribute/);
});

test('keys named as parts of objects are keys', () => {
  const texts = [
    "{% set d = {'__proto__': {'polluted': 1}} %}{{ d.polluted is defined }}",
    "{% set d = {} %}{% do d.update({'__proto__': {'polluted': 1}}) %}{{ d.polluted is defined }}",
    "{% set n = namespace() %}{% set n.__proto__ = {'polluted': 1} %}{{ n.polluted is defined }}",
    `{{ fromjson('{"__proto__": {"polluted": 1}}').polluted is defined }}`,
    "{{ fromyaml('__proto__: {polluted: 1}').polluted is defined }}",
    "{{ modules.re.match('(?P<__proto__>a)', 'a').groupdict().polluted is defined }}",
  ];
  for (const text of texts) assert.equal(render(text), 'False', text);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test('keys of YAML, vars and configs pollute nothing', async () => {
  const folder = newProject({
    'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n',
    'dbt_project.yml':
      'name: shop\nprofile: shop\nvars: {__proto__: {polluted: 1}, constructor: {prototype: {polluted: 1}}}\n',
    'models/a.sql':
      "{{ config(meta={'__proto__': {'polluted': 1}}, __proto__={'polluted': 1}) }}select 1 as a -- {{ var('__proto__') }}",
    'models/a.yml':
      'models: [{name: a, config: {meta: {__proto__: {polluted: 2}}}, columns: [{name: __proto__, meta: {__proto__: {polluted: 1}}}, {name: constructor}]}]\n',
    'models/constructor.sql': 'select 1 as id',
    'models/toString.sql': "select * from {{ ref('constructor') }}",
    'seeds/__proto__.csv': '__proto__,constructor\n1,2\n',
    'macros/m.sql': '{% macro constructor() %}x{% endmacro %}{% macro hasOwnProperty() %}y{% endmacro %}',
  });
  const run = await dbt(folder, ['build', '--vars', '{__proto__: {polluted: 1}, constructor: 2}']);
  assert.equal(run.code, 0, run.text);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'target/manifest.json'), 'utf8')) as {
    nodes: Record<string, { name: string }>;
  };
  const names = Object.values(manifest.nodes).map(({ name }) => name);
  assert.deepEqual(names.sort(), ['__proto__', 'a', 'constructor', 'toString']);
});

test('what would not fit into memory is an error of the template', () => {
  const large = [
    "{{ 'a' * 10**9 }}",
    '{{ [0] * 10**8 }}',
    '{{ range(10**9) }}',
    "{{ 'a'.ljust(10**10) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 'x'.join(['y' * 10**6] * 10**4) }}",
    '{{ modules.itertools.count() | list }}',
    '{{ modules.itertools.product([1], repeat=10**9) | list }}',
  ];
  for (const text of large) assert.match(errorOf(text).pyClass, /^(Memory|Overflow)Error$/, text);
  assert.match(errorOf('{{ 10 ** 5000 }}').message, /Exceeds the limit \(4300 digits\)/);
  assert.equal(render("{{ ('9' * 10**6) | int }}"), '0');
  assert.equal(render("{{ fromjson('9' * 10**6) }}"), 'None');
  assert.equal(render('{% set a = [1] %}{% do a.extend(range(100000) | list * 3) %}{{ a | length }}'), '300001');
});

test('what is nested without end is an error of the template, with its place', () => {
  const deep = (open: string, close: string, times = 20_000): string => open.repeat(times) + close.repeat(times);
  const texts = [
    `{{ ${deep('(', ')').replace(')', '1)')} }}`,
    `{{ ${deep('[', ']')} }}`,
    deep('{% if 1 %}', '{% endif %}'),
    `{{ 1${'+1'.repeat(50_000)} }}`,
    `{{ a${'.b'.repeat(20_000)} }}`,
    `{{ fromjson('${deep('[', ']')}') }}`,
    '{% macro r() %}{{ r() }}{% endmacro %}{{ r() }}',
    '{% set a = [] %}{% do a.append(a) %}{{ a }}',
    '{% set a = [] %}{% do a.append(a) %}{{ tojson(a) }}',
  ];
  for (const text of texts) {
    const error = errorOf(text);
    assert.equal(error.pyClass, 'RecursionError', text.slice(0, 40));
    assert.equal(framesOf(error)[0]?.path, 't');
  }
});

test('no file is read by a template', () => {
  for (const tag of [
    "include '/etc/passwd'",
    "import '/etc/passwd' as x",
    "from '/etc/passwd' import x",
    "extends '/etc/passwd'",
  ])
    assert.throws(() => render(`{% ${tag} %}`), /no loader/);
  assert.throws(() => render("{{ modules.pytz.timezone('../../etc/passwd') }}"), /etc\/passwd/);
});

test('the environment is reached by env_var only, and as far as it is given', () => {
  assert.match(parseError({ 'models/a.sql': "{{ env_var('PATH') }}" }).message, /'PATH' is not set/);
  for (const name of ['constructor', '__proto__', 'toString'])
    assert.match(
      parseError({ 'models/a.sql': `{{ env_var('${name}') }}` }).message,
      new RegExp(`'${name}' is not set`),
    );
});

const endless = {
  loop: `const { createEnvironment, compileTemplate, renderText, pythonBuiltins } = await import(workerData);
renderText(compileTemplate(createEnvironment(), TEXT, { path: 't' }), pythonBuiltins());`,
};

for (const [name, text] of [
  ['a loop', '{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}'],
  ['a regular expression', `{{ modules.re.match('(a+)+$', 'a' * 60 + '!') }}`],
] as const)
  test(`${name} without end is ended with its thread`, { timeout: 30_000 }, async () => {
    const code = `import { workerData } from 'node:worker_threads';\n${endless.loop.replace('TEXT', () => JSON.stringify(text))}`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: new URL('../../src/jinja/index.js', import.meta.url).href,
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = performance.now();
    assert.equal(await worker.terminate(), 1);
    assert.ok(performance.now() - before < 5000);
  });

test('clean removes nothing outside the project, nothing that holds sources', async () => {
  const base = newFolder();
  const outside = path.join(base, 'outside');
  mkdirSync(outside);
  const clean = async (target: string, ...more: string[]) => {
    const folder = writeFiles(path.join(base, 'project'), {
      'dbt_project.yml': `name: shop\nprofile: shop\nclean-targets: ['${target}']\n`,
      'models/a.sql': 'select 1',
      'target/x': '',
    });
    return dbt(folder, ['clean', ...more]);
  };
  for (const target of ['../outside', outside, '/', '..', '.', 'models', 'models/..', 'target/../../outside']) {
    const run = await clean(target);
    assert.equal(run.code, 2, target);
    assert.match(run.text, /which is outside the project|which holds/, target);
  }
  symlinkSync(outside, path.join(base, 'project', 'link'));
  writeFileSync(path.join(outside, 'kept'), '');
  assert.equal((await clean('link/kept')).code, 2);
  assert.equal((await clean('link')).code, 0); // the link alone
  assert.ok(existsSync(path.join(outside, 'kept')));
  assert.equal((await clean('target')).code, 0);
  assert.equal(existsSync(path.join(base, 'project', 'target')), false);
});

test('where there is a workspace no file outside of it is read', () => {
  const base = newFolder();
  writeFiles(path.join(base, 'secret'), {
    'secret.sql': 'select 1',
    'secret.yml': 'models: []',
    'dbt_project.yml': 'name: lib',
  });
  const within = path.join(base, 'workspace');
  const at = (name: string, more: string, links: Readonly<Record<string, string>> = {}): string => {
    const folder = writeFiles(path.join(within, name), {
      'dbt_project.yml': `name: shop\nprofile: shop\n${more}\n`,
      'profiles.yml': 'shop: {target: dev, outputs: {dev: {type: duckdb, path: x.duckdb}}}\n',
      'models/a.sql': 'select 1',
    });
    for (const [link, target] of Object.entries(links)) {
      mkdirSync(path.dirname(path.join(folder, link)), { recursive: true });
      symlinkSync(path.join(base, target), path.join(folder, link));
    }
    return folder;
  };
  const kinds = ['model', 'macro', 'seed', 'test', 'analysis', 'snapshot', 'function', 'docs', 'asset'];
  const projects = [
    ...kinds.map((kind) => at(kind, `${kind}-paths: ['../../secret']`)),
    at('file', '', { 'models/b.sql': 'secret/secret.sql' }),
    at('folder', '', { 'models/sub': 'secret' }),
    at('package', '', { 'dbt_packages/lib': 'secret' }),
    at('lock', '', { 'package-lock.yml': 'secret/secret.yml' }),
    at('install', `packages-install-path: ../..`),
  ];
  for (const folder of projects)
    assert.throws(() => parse(folder, { within }), /is not in the workspace of the server/, path.basename(folder));
  parse(at('plain', ''), { within });
});
