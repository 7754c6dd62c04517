import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n';
const shop = (): string =>
  newProject({
    'profiles/profiles.yml': profile,
    'models/a.sql': "select i as id, 'a name ' || i as name from range(12) t(i)",
    'tests/small.sql': 'select id, name from {{ ref("a") }} where id >= 3 order by id',
    'tests/kept.sql': '{{ config(store_failures=true, severity="warn") }} select id from {{ ref("a") }} where id = 7',
    'tests/fine.sql': 'select id from {{ ref("a") }} where id < 0',
  });

test('the rows of failing tests are printed after the summary, as many as asked for', async () => {
  const { code, text } = await dbt(shop(), ['build', '--show-failures', '3']);
  assert.equal(code, 1);
  assert.match(text, /Failing rows of small \(3 of 9\):\n\| id \| name {5}\|\n.*\n\| {2}3 \| a name 3 \|/);
  assert.doesNotMatch(text, /a name 6/);
  assert.match(text, /Failing rows of kept \(1 of 1\):\n\| id \|\n.*\n\| {2}7 \|/);
  assert.ok(text.indexOf('Done. PASS') < text.indexOf('Failing rows'));
});

test('without the flag none are read; quiet runs and JSON lines have them too', async () => {
  const folder = shop();
  assert.doesNotMatch((await dbt(folder, ['build'])).text, /Failing rows/);
  const quiet = await dbt(folder, ['test', '--quiet'], { DBT_SHOW_FAILURES: 'true' });
  assert.match(quiet.text, /Failing rows of small \(9 of 9\)/);
  const json = await dbt(folder, ['test', '--show-failures', '2', '--log-format', 'json', '-s', 'small']);
  const lines = json.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { info: { name: string }; data: object });
  assert.deepEqual(lines.find(({ info }) => info.name === 'TestFailureRows')?.data, {
    unique_id: 'test.shop.small',
    node_name: 'small',
    failures: 9,
    rows: [
      { id: 3, name: 'a name 3' },
      { id: 4, name: 'a name 4' },
    ],
  });
  assert.doesNotMatch(
    (await dbt(folder, ['test', '--no-show-failures'], { DBT_SHOW_FAILURES: '4' })).text,
    /Failing rows/,
  );
});
