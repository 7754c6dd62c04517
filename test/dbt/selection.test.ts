import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Files, newProject, parseError } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n';
const project = (files: Files): string => newProject({ 'profiles/profiles.yml': profile, ...files });
const unitTest = (more: string): string =>
  `unit_tests: [{name: one, model: a, given: [], expect: {rows: [{x: 1}]}, ${more}}]`;

test('unit tests are selected by their own tags too', async () => {
  const folder = project({
    'models/a.sql': 'select 1 as x',
    'models/m.yml': unitTest('config: {tags: fast}'),
  });
  const { text } = await dbt(folder, ['ls', '-s', 'tag:f*', '--quiet']);
  assert.equal(text.trim(), 'unit_test:shop.one');
});

test('what is selected beside a named selector counts for nothing, and it is said so', async () => {
  const folder = project({
    'models/a.sql': 'select 1 as x',
    'models/b.sql': 'select 1 as x',
    'selectors.yml': 'selectors: [{name: mine, definition: a}]',
  });
  const list = (...words: string[]) => dbt(folder, ['ls', ...words]);
  const both = await list('--selector', 'mine', '--exclude', 'a');
  assert.match(both.text, /\[WARNING\]: --select and --exclude count for nothing beside --selector[\s\S]*^shop\.a$/m);
  assert.doesNotMatch((await list('--selector', 'mine')).text, /WARNING/);
});

test('a unit test that both includes and excludes versions is refused', () => {
  const { message } = parseError({
    'models/a_v1.sql': 'select 1 as x',
    'models/m.yml': `models: [{name: a, versions: [{v: 1}]}]\n${unitTest('versions: {include: [1], exclude: [2]}')}`,
  });
  assert.match(message, /unit test 'one' both includes and excludes versions/);
});
