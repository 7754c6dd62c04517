import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { writeOsiDocument } from '../../src/dbt/parse/osi-document.ts';
import { semanticManifest, writeSemanticManifest } from '../../src/dbt/parse/semantic-manifest.ts';
import { newFolder, newProject, parse } from './project.ts';

const fixtures = path.resolve(import.meta.dirname, '../../../test/fixtures/dbt/semantic');
const fixture = (name: string): string => readFileSync(path.join(fixtures, name), 'utf8');

const models = {
  'profiles.yml': 'sem:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: sem.duckdb, schema: main}\n',
  'models/orders.sql': 'select 1',
  'models/customers.sql': 'select 1',
  'models/time_spine.sql': 'select 1',
};
const trees = `name: sem
version: '1.0'
profile: sem
saved-queries: {sem: {+tags: [sq]}}
metrics: {sem: {+meta: {team: bi}}}
semantic-models: {sem: {+meta: {sm: 1}}}
`;

// The files on the right were written by dbt-core 1.12.6 for the same projects.
for (const form of ['v1', 'v2'])
  test(`semantic_manifest.json of the ${form} form is that of dbt, byte for byte`, () => {
    const folder = newProject({ ...models, 'dbt_project.yml': trees, 'models/schema.yml': fixture(`${form}.yml`) });
    const file = writeSemanticManifest(semanticManifest(parse(folder).manifest), newFolder());
    assert.equal(readFileSync(file, 'utf8'), fixture(`${form}.json`));
  });

for (const form of ['v1', 'v2', 'osi'])
  test(`osi_document.json of the project ${form} is that of dbt, byte for byte`, () => {
    const folder = newProject({ ...models, 'dbt_project.yml': trees, 'models/schema.yml': fixture(`${form}.yml`) });
    const told: string[] = [];
    const written = newFolder();
    writeOsiDocument(semanticManifest(parse(folder).manifest), written, (loss) => told.push(loss));
    assert.equal(readFileSync(path.join(written, 'osi_document.json'), 'utf8'), fixture(`${form}-document.json`));
    if (form === 'osi') assert.match(told.join(), /'cumul' was included.*'conv' was excluded/);
  });

test('what cannot be written as a document of the interchange format is told of', () => {
  const metric = { name: 'derived_one', type: 'derived', type_params: { metrics: [{ name: 'conv' }] } };
  const semantics = { semantic_models: [], metrics: [metric, { name: 'conv', type: 'conversion', type_params: {} }] };
  const told: string[] = [];
  writeOsiDocument(semantics, newFolder(), (loss) => told.push(loss));
  assert.match(told.join(), /could not be generated: 'conv' is a conversion metric/);
});

const semantic = `semantic_models: [{name: o, model: ref('orders'), measures: [{name: n, agg: count, expr: 1}]}]\n`;
const spine =
  'models: [{name: time_spine, time_spine: {standard_granularity_column: d}, columns: [{name: d, granularity: day}]}]\n';
const failing = (yaml: string): (() => unknown) => {
  const folder = newProject({ ...models, 'dbt_project.yml': trees, 'models/s.yml': yaml });
  return () => parse(folder);
};

test('what a metric needs must be there; semantic models need a time spine', () => {
  assert.throws(failing(semantic), /has semantic models but no time spine/);
  assert.throws(failing(`${semantic}${spine.replace('day', 'month')}`), /no time spine of days or finer/);
  assert.throws(failing(spine.replace(', granularity: day', '')), /column 'd' needs a granularity/);
  assert.throws(failing(spine.replace('column: d', 'column: e')), /column 'e' is not described; described are: d/);
  const metric = (params: string): string => `${semantic}${spine}metrics: [{name: m, label: M, ${params}}]\n`;
  assert.throws(
    failing(metric('type: simple, type_params: {measure: nn}')),
    /needs the measure 'nn', which is not there/,
  );
  assert.throws(failing(metric('type: ratio, type_params: {numerator: m, denominator: x}')), /needs the metric 'x'/);
  assert.throws(failing(metric('type: simple, agg: sum')), /metric 'm' is simple: it must stand under the model/);
});

test('a spine known by its name alone is listed as such', () => {
  const files = { ...models, 'models/metricflow_time_spine.sql': 'select 1', 'models/s.yml': semantic };
  const { manifest } = parse(newProject({ ...files, 'dbt_project.yml': trees }));
  assert.deepEqual(semanticManifest(manifest).project_configuration, {
    time_spine_table_configurations: [
      { location: '"sem"."main"."metricflow_time_spine"', column_name: 'date_day', grain: 'day' },
    ],
    metadata: null,
    dsi_package_version: { major_version: '0', minor_version: '213', patch_version: '0' },
    time_spines: [],
  });
});
