import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { baseFiles, newFolder, newProject, parse, writeFiles } from './project.ts';
import { dbt } from './replay.ts';

test('docs are read from a folder that is named from the root of the file system', () => {
  const docs = writeFiles(newFolder(), { 'd.md': '{% docs told %}what it is{% enddocs %}' });
  const folder = newProject({
    'dbt_project.yml': `${baseFiles['dbt_project.yml']}docs-paths: ['${docs}']\n`,
    'models/a.sql': 'select 1 as x',
    'models/m.yml': `models: [{name: a, description: "{{ doc('told') }}"}]`,
  });
  assert.equal(parse(folder).manifest.nodes['model.shop.a']?.description, 'what it is');
});

test('tags and meta of all exposures are added to those of each', () => {
  const folder = newProject({
    'dbt_project.yml': `${baseFiles['dbt_project.yml']}exposures:\n  tags: [all, common]\n  meta: {k: 1, own: 1}\n`,
    'models/m.yml': `exposures:
  - {name: e, type: notebook, owner: {name: o}, config: {tags: [common, mine], meta: {own: 2}}}`,
  });
  const exposure = parse(folder).manifest.exposures['exposure.shop.e'];
  assert.deepEqual(exposure?.tags, ['all', 'common', 'mine']);
  assert.deepEqual(exposure?.config.meta, { k: 1, own: 2 });
});

test('docs generate has the sources that are selected, and everything where nothing is compiled', async () => {
  const folder = newProject({
    'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n',
    'models/a.sql': 'select 1 as x',
    'models/m.yml': 'sources: [{name: s, schema: main, tables: [{name: t}, {name: u}]}]',
    'macros/m.sql':
      "{% macro make() %}{% do run_query('create table t(x int); create table u(x int)') %}{% endmacro %}",
  });
  const catalog = async (...words: string[]) => {
    await dbt(folder, ['docs', 'generate', ...words]);
    const { nodes, sources } = JSON.parse(readFileSync(path.join(folder, 'target/catalog.json'), 'utf8'));
    return [...Object.keys(nodes), ...Object.keys(sources)].map((id) => id.split('.').pop()).sort();
  };
  await dbt(folder, ['run-operation', 'make']);
  await dbt(folder, ['run']);
  assert.deepEqual(await catalog('-s', 'source:s.t'), ['t']);
  assert.deepEqual(await catalog('--exclude', 'source:s.t'), ['a', 'u']);
  assert.deepEqual(await catalog('-s', 'a', '--no-compile'), ['a', 't', 'u']);
});
