import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readArgs, resolveArgs } from '../../src/dbt/args.ts';
import { readYaml } from '../../src/dbt/project/render.ts';
import { type DbtMessages, runDbt } from '../../src/dbt/run-dbt.ts';
import { newFolder, newProject } from './project.ts';

const yaml = (text: string): unknown => readYaml(text, 'command line');
const resolve = (words: readonly string[], env = {}, flags = {}) =>
  resolveArgs(readArgs(words, yaml), env, flags, yaml);

test('the command line wins over the environment, that over the project, that over the default', () => {
  const value = (words: readonly string[], env: Record<string, string>, flags: Record<string, unknown>) =>
    resolve(['run', ...words], env, flags).values.fail_fast;
  assert.equal(value([], {}, {}), false);
  assert.equal(value([], {}, { fail_fast: true }), true);
  assert.equal(value([], { DBT_FAIL_FAST: '0' }, { fail_fast: true }), false);
  assert.equal(value([], { DBT_ENGINE_FAIL_FAST: 'true' }, {}), true);
  assert.equal(value(['--no-fail-fast'], { DBT_FAIL_FAST: '1' }, {}), false);
  assert.equal(value(['-x'], {}, {}), true);
});

test('what is said of the terminal goes for the log file, unless that is told its own', () => {
  const formats = (words: readonly string[], flags: Record<string, unknown> = {}): unknown[] => {
    const { values } = resolve(['run', ...words], {}, flags);
    return [values.log_format_file, values.log_level_file, values.use_colors_file];
  };
  assert.deepEqual(formats([]), ['debug', 'debug', true]);
  assert.deepEqual(formats(['--log-format', 'json', '--log-level', 'warn']), ['json', 'warn', true]);
  assert.deepEqual(formats(['--log-format', 'json', '--log-format-file', 'text', '--no-use-colors']), [
    'text',
    'debug',
    false,
  ]);
  assert.deepEqual(formats([], { log_format: 'json', use_colors: false }), ['json', 'debug', false]);
});

test('lists take words up to the next option, and may be repeated', () => {
  const { values } = resolve([
    '--target',
    'prod',
    'ls',
    '-s',
    'a',
    'b+',
    '--exclude',
    'c',
    '--select=d',
    '--vars',
    '{x: 1}',
    '--output',
    'JSON',
  ]);
  assert.deepEqual(
    [values.select, values.exclude, values.target, values.vars, values.output],
    [['a', 'b+', 'd'], ['c'], 'prod', { x: 1 }, 'json'],
  );
});

const messages: DbtMessages = {
  version: async () => '1.2.3',
  usage: 'usage',
  summary: (command) => `about ${command}`,
  error: ({ message, hint }) => ({ message, hint }),
};

async function dbt(cwd: string, ...words: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const parts: string[] = [];
  const code = await runDbt(words, { env: {}, cwd, write: (part) => void parts.push(part) }, messages);
  return { code, text: parts.join('') };
}

test('wrong use ends with 2 and says what may have been meant', async () => {
  const folder = newProject({ 'models/m.sql': 'select 1 as id' });
  for (const [words, expected] of [
    [['ls', '--slect', 'x'], /no such option: --slect of 'dbt ls'/],
    [['frobnicate'], /'frobnicate' is no command of dbt/],
    [['run', '--threads', 'many'], /--threads must be a whole number, not 'many'/],
    [['ls', '--vars', '{1: 2}'], /--vars: names are strings, and 1 is none/],
    [['run', '--warn-error-options', '{error: [Nope]}'], /Nope is not a valid dbt error name/],
    [['run', '--warn-error-options', '{warn: [NothingToDo]}'], /warn goes with error: all/],
    [['run', '--warn-error-options', '{error: some}'], /error is 'all', '\*' or a list of names/],
    [['run', '--warn-error-options', '{error: [NothingToDo], include: [NoNodesSelected]}'], /give one of them/],
    [['ls', '--output', 'xml'], /--output must be one of json, name, path, selector/],
    [['ls', '--project-dir', '/nowhere'], /no dbt_project\.yml found in \/nowhere/],
    [['ls', '--select', 'no_method:x'], /'no_method' is not a valid method name/],
  ] as const) {
    const { code, text } = await dbt(folder, ...words);
    assert.match(text, expected);
    assert.equal(code, 2, words.join(' '));
  }
});

test('ls prints each form; parse writes the manifest; clean removes what clean-targets names', async () => {
  const folder = newProject({
    'models/sub/m.sql': 'select 1 as id',
    'models/s.yml': 'sources: [{name: raw, tables: [{name: t}]}]',
  });
  const lines = async (...words: string[]): Promise<string[]> =>
    (await dbt(folder, 'ls', '--quiet', ...words)).text.trim().split('\n');
  assert.deepEqual(await lines(), ['shop.sub.m', 'source:shop.raw.t']);
  assert.deepEqual(await lines('--output', 'path'), ['models/sub/m.sql', 'models/s.yml']);
  assert.deepEqual(await lines('--output', 'json', '--output-keys', 'name config.materialized', '-s', 'm'), [
    '{"name": "m", "config.materialized": "view"}',
  ]);
  assert.equal((await dbt(folder, 'parse')).code, 0);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'target', 'manifest.json'), 'utf8'));
  assert.equal(manifest.metadata.dbt_schema_version, 'https://schemas.getdbt.com/dbt/manifest/v12.json');
  assert.deepEqual(manifest.child_map['model.shop.m'], []);
  assert.equal((await dbt(folder, 'clean')).code, 0);
  assert.equal(existsSync(path.join(folder, 'target')), false);
  assert.match(
    (await dbt(newProject({ 'dbt_project.yml': 'name: shop\nprofile: shop\nclean-targets: [models]\n' }), 'clean'))
      .text,
    /clean-targets names 'models', which holds/,
  );
});

test('warnings are errors where that is asked for', async () => {
  const folder = newProject({ 'models/s.yml': 'models: [{name: nobody}]' });
  const told = await dbt(folder, 'parse');
  assert.match(told.text, /\[WARNING\]: did not find a model named 'nobody'/);
  assert.equal(told.code, 0);
  assert.equal((await dbt(folder, 'parse', '--warn-error')).code, 2);
  assert.equal((await dbt(folder, 'parse', '--warn-error-options', '{error: [NoNodeForYamlKey]}')).code, 2);
  assert.equal(
    (await dbt(folder, 'parse', '--warn-error-options', '{silence: [NoNodeForYamlKey]}')).text.includes('nobody'),
    false,
  );
});

test('json logs have the events that orchestrators read', async () => {
  const folder = newProject({ 'models/m.sql': 'select 1 as id' });
  const { text } = await dbt(folder, 'ls', '--log-format', 'json');
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { info: { name: string; msg: string } });
  assert.deepEqual(
    events.map(({ info }) => info.name),
    ['MainReportVersion', 'PrintEvent'],
  );
  assert.equal(events[1]?.info.msg, 'shop.m');
});

test('init makes a project that parses', async () => {
  const folder = newFolder();
  assert.equal((await dbt(folder, 'init', 'fresh')).code, 0);
  const { code, text } = await dbt(path.join(folder, 'fresh'), 'ls', '--quiet');
  assert.deepEqual([code, text.split('\n')[0]], [0, 'fresh.numbers_doubled']);
});

test('version and help need no project', async () => {
  const folder = newFolder();
  assert.match((await dbt(folder, '--version')).text, /^duckhouse 1\.2\.3, dbt 1\./);
  assert.match((await dbt(folder, 'run', '--help')).text, /--full-refresh/);
  assert.equal((await dbt(folder)).code, 0);
  assert.equal((await dbt(folder, '--quiet')).code, 2);
});
