import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

const project = {
  'dbt_project.yml': 'name: dep\nprofile: shop\nsource-paths: [models]\nlog-path: here\n',
  'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n',
  'models/a.sql': '{% set p = modules.itertools.product([1], [2]) | list %}select {{ p }} as id',
  'models/s.yml': `models:
  - name: a
    description: one
    description: two
    columns:
      - name: id
        tests:
          - accepted_values: {values: [1]}
          - accepted_values: {arguments: {values: [1, 2]}, name: av2}
          - not_null: {severity: warn, where: "id > 0"}
exposures:
  - {name: "Bad name", type: dashboard, owner: {name: x}}
`,
  'macros/m.sql': '{% macro ok() %}x{% endmacro %}\n{% set y = 1 %}{% endmacro %}',
};

// Names, codes and counts are those of dbt-core 1.12.6 for the same project.
const expected = {
  ConfigSourcePathDeprecation: ['D003', 1],
  ConfigLogPathDeprecation: ['D010', 1],
  DuplicateYAMLKeysDeprecation: ['D024', 1],
  ExposureNameDeprecation: ['D007', 1],
  MissingArgumentsPropertyInGenericTestDeprecation: ['D039', 1],
  ModulesItertoolsUsageDeprecation: ['D034', 1],
  PropertyMovedToConfigDeprecation: ['D030', 2],
  UnexpectedJinjaBlockDeprecation: ['D023', 2],
};

interface Line {
  readonly info: { readonly name: string; readonly code: string; readonly msg: string };
  readonly data: { readonly summaries: readonly { event_name: string; event_code: string; occurrences: number }[] };
}
const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
    .filter(({ info }) => info.name.includes('Deprecation'));

test('deprecations have the names and counts of dbt, each kind is told once, or always where that is asked for', async () => {
  const folder = newProject(project);
  const { code, text } = await dbt(folder, ['parse', '--log-format', 'json']);
  assert.equal(code, 0, text);
  const lines = linesOf(text);
  const summary = lines.find(({ info }) => info.name === 'DeprecationsSummary');
  assert.equal(summary?.info.code, 'D028');
  const found = (summary?.data.summaries ?? []).map((one) => [one.event_name, [one.event_code, one.occurrences]]);
  assert.deepEqual(Object.fromEntries(found.sort()), expected);
  assert.equal(lines.length, 9);
  assert.match(
    lines.find(({ info }) => info.code === 'D024')?.info.msg ?? '',
    /models\/s\.yml:4:5: the key 'description'/,
  );
  const all = await dbt(folder, ['parse', '--log-format', 'json', '--show-all-deprecations']);
  assert.equal(linesOf(all.text).length, 11);
});

test('deprecations can be errors or kept silent, by name or all', async () => {
  const folder = newProject(project);
  const run = (options: string) => dbt(folder, ['parse', '--warn-error-options', options]);
  assert.equal((await run('{error: [ExposureNameDeprecation]}')).code, 2);
  assert.equal((await run('{error: [Deprecations]}')).code, 2);
  const silent = await run('{error: all, silence: [Deprecations]}');
  assert.deepEqual([silent.code, /ExposureName.*should hold/.test(silent.text)], [0, false]);
  const old = await run('{include: all, exclude: [ExposureNameDeprecation]}');
  assert.match(old.text, /WEOIncludeExcludeDeprecation/);
  assert.equal((await dbt(folder, ['parse', '--warn-error'])).code, 2);
});

test('ways of asking that will end', async () => {
  const folder = newProject({ 'models/a.sql': 'select 1', 'profiles/profiles.yml': project['profiles/profiles.yml'] });
  const { text } = await dbt(folder, ['ls', '-m', 'a'], { DBT_ENGINE_OWN: '1', DBT_ENGINE_DEBUG: '0' });
  assert.match(text, /ModelParamUsageDeprecation/);
  assert.match(text, /variable DBT_ENGINE_OWN has/);
  assert.doesNotMatch(text, /DBT_ENGINE_DEBUG/);
});
