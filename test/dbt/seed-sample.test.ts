import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

test('seed --show prints up to ten rows of each seed that was loaded', async () => {
  const rows = Array.from({ length: 12 }, (_, i) => `${i},n${i}`).join('\n');
  const folder = newProject({
    'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n',
    'seeds/small.csv': 'id,name\n1,one\n',
    'seeds/large.csv': `id,name\n${rows}\n`,
  });
  const { text } = await dbt(folder, ['seed', '--show']);
  assert.match(text, /Random sample of table: main\.small\n.*-{34}\n.*\n\| id \| name \|\n.*\n\| {2}1 \| one {2}\|/);
  assert.equal(text.match(/^\| +\d+ \| n\d/gm)?.length, 10, text);
  assert.doesNotMatch((await dbt(folder, ['seed'])).text, /Random sample/);
});
