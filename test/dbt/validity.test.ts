import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateCheck } from '../../src/dbt/select/state.ts';
import { newProject, parse } from './project.ts';

interface Semantics {
  readonly entities?: string;
  readonly dimensions?: string;
  readonly measures?: string;
  readonly defaults?: string;
  readonly metrics?: string;
  readonly more?: string;
}

const time = '{name: sold_on, type: time, type_params: {time_granularity: day}}';

function semantics({
  entities = '{name: sale, type: primary, expr: id}',
  dimensions = time,
  measures = '{name: total, agg: sum, expr: id}',
  defaults = '{agg_time_dimension: sold_on}',
  metrics = '',
  more = '',
}: Semantics): string {
  return newProject({
    'models/sales.sql': 'select 1 as id, current_date as sold_on',
    'models/days.sql': 'select current_date as day',
    'models/s.yml': `models:
  - {name: days, time_spine: {standard_granularity_column: day}, columns: [{name: day, granularity: day}]}
semantic_models:
  - name: sales
    model: ref('sales')
    defaults: ${defaults}
    entities: [${entities}]
    dimensions: [${dimensions}]
    measures: [${measures}]
${more}
metrics:
  - {name: all_sold, label: Sold, type: simple, type_params: {measure: total}}
${metrics}
`,
  });
}

const metric = (text: string): Semantics => ({ metrics: `  - {name: other, label: Other, ${text}}` });

const refused: readonly (readonly [Semantics, RegExp])[] = [
  [
    { entities: '{name: sale, type: foreign, expr: id}' },
    /semantic_model\.shop\.sales has dimensions but no primary entity/,
  ],
  [{ entities: '{name: aa, type: primary}, {name: bb, type: primary}' }, /more than one primary entity: aa, bb/],
  [{ defaults: '{}' }, /measure 'total' of semantic_model\.shop\.sales has no aggregation time dimension/],
  [
    { defaults: '{agg_time_dimension: sold}' },
    /time dimension 'sold', which is no time dimension there; those are: sold_on/,
  ],
  [{ measures: '{name: total, agg: sum}, {name: total, agg: max}' }, /has more than one measure 'total'/],
  [{ dimensions: `${time}, {name: total, type: categorical}` }, /'total' is used as measure and as dimension/],
  [{ dimensions: `${time}, {name: Kind, type: categorical}` }, /the name 'Kind' needs two characters or more/],
  [{ dimensions: `${time}, {name: metric_time, type: categorical}` }, /the name 'metric_time' is reserved/],
  [{ dimensions: `${time}, {name: week, type: categorical}` }, /'week' is the name of a granularity/],
  [{ measures: '{name: total, agg: percentile}' }, /give agg_params\.percentile/],
  [
    { measures: '{name: total, agg: sum, non_additive_dimension: {name: nope, window_choice: min}}' },
    /non-additive dimension 'nope', which is no dimension there/,
  ],
  [
    {
      more: `  - {name: more, model: ref('sales'), defaults: {agg_time_dimension: sold_on}, entities: [{name: sale, type: primary}], dimensions: [${time}], measures: [{name: total, agg: max}]}`,
    },
    /measure 'total' is both in .*dimension 'sold_on' of the primary entity 'sale' is both in/,
  ],
  [metric('type: derived, type_params: {expr: 1}'), /metric\.shop\.other is derived, but from no metrics/],
  [metric('type: ratio, type_params: {numerator: all_sold}'), /give both numerator and denominator/],
  [metric('type: simple, type_params: {}'), /metric\.shop\.other is simple, but has no measure/],
  [
    metric(
      'type: cumulative, type_params: {measure: total, cumulative_type_params: {window: 7 days, grain_to_date: month}}',
    ),
    /both a window and a grain_to_date/,
  ],
  [
    { metrics: '  - {name: all_sold, label: Again, type: simple, type_params: {measure: total}}' },
    /metric\.shop\.all_sold is described twice/,
  ],
];

test('semantic models and metrics that cannot be computed are refused when they are parsed', () => {
  assert.equal(Object.keys(parse(semantics({})).manifest.metrics).length, 1);
  for (const [given, expected] of refused) assert.throws(() => parse(semantics(given)), expected, String(expected));
});

test('numbers in configs become the texts that dbt makes of them', () => {
  const { manifest } = parse(
    newProject({
      'models/m.sql': `{{ config(tags=[5], schema=6, alias=7, materialized=8, unique_key=9, incremental_strategy=10) }} select 1 as id`,
    }),
  );
  const { schema, alias, tags, config } = manifest.nodes['model.shop.m'] ?? assert.fail();
  const { materialized, unique_key, incremental_strategy } = config;
  assert.deepEqual(
    [schema, alias, tags, materialized, unique_key, incremental_strategy],
    ['main_6', '7', ['5'], '8', '9', '10'],
  );
});

test('when a model is to be built must be said in numbers and known words', () => {
  const build = (after: string) => () =>
    parse(
      newProject({
        'models/m.sql': 'select 1 as id',
        'models/s.yml': `models: [{name: m, config: {freshness: {build_after: ${after}}}}]`,
      }),
    );
  assert.doesNotThrow(build('{count: 1.5, period: day, updates_on: all}'));
  for (const wrong of [
    '5',
    '{count: x, period: day}',
    '{count: 1, period: week}',
    '{count: 1, period: day, updates_on: x}',
  ])
    assert.throws(build(wrong), /config 'freshness\.build_after' must be a dictionary/, wrong);
});

test('a plain name among what an exposure depends on means nothing', () => {
  const { manifest } = parse(
    newProject({
      'models/m.sql': 'select 1 as id',
      'models/s.yml': `exposures: [{name: e, type: dashboard, owner: {name: x}, depends_on: [m, "ref('m')"]}]`,
    }),
  );
  assert.deepEqual(manifest.exposures['exposure.shop.e']?.depends_on.nodes, ['model.shop.m']);
});

test('a folder that is named twice holds its models twice', () => {
  const folder = newProject({
    'dbt_project.yml': 'name: shop\nversion: 1.0.0\nprofile: shop\nmodel-paths: [models, models]\n',
    'models/m.sql': 'select 1 as id',
  });
  assert.throws(() => parse(folder), /models\/m\.sql/);
});

test('a test whose macro is gone cannot be compared with a state', () => {
  const files = { 'models/m.sql': 'select 1 as id', 'models/s.yml': 'models: [{name: m, data_tests: [fits]}]' };
  const before = parse(newProject({ ...files, 'macros/t.sql': '{% test fits(model) %}select 1{% endtest %}' }));
  const { manifest } = parse(newProject(files));
  const check = stateCheck({ manifest, previous: before.manifest, warn: assert.fail }, 'modified');
  const gone = Object.values(manifest.nodes).find(({ resource_type }) => resource_type === 'test') ?? assert.fail();
  assert.throws(() => check(gone), /needs the generic test 'fits', which is not there/);
});
