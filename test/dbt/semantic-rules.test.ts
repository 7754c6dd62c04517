/** What programs that compute metrics refuse was parsed without a word: rules found by breaking one project in one place each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newProject, parse } from './project.ts';

type Entry = Record<string, unknown>;
interface Semantic {
  semantic_models: { [key: string]: unknown; entities: Entry[]; dimensions: Entry[]; measures: Entry[] }[];
  metrics: Entry[];
  saved_queries: (Entry & { query_params: Entry })[];
}

const day = { time_granularity: 'day' };
const sound = (): Semantic & Entry => ({
  models: [
    { name: 'spine', time_spine: { standard_granularity_column: 'd' }, columns: [{ name: 'd', granularity: 'day' }] },
  ],
  semantic_models: [
    {
      name: 'orders',
      model: "ref('orders')",
      defaults: { agg_time_dimension: 'ordered_at' },
      entities: [
        { name: 'order_id', type: 'primary', expr: 'id' },
        { name: 'customer', type: 'foreign', expr: 'customer_id' },
      ],
      dimensions: [
        { name: 'ordered_at', type: 'time', type_params: day },
        { name: 'status', type: 'categorical' },
      ],
      measures: [
        { name: 'amount', agg: 'sum' },
        { name: 'cnt', agg: 'count', expr: 'id' },
      ],
    },
    {
      name: 'customers',
      model: "ref('customers')",
      defaults: { agg_time_dimension: 'since' },
      entities: [{ name: 'customer', type: 'primary', expr: 'id' }],
      dimensions: [
        { name: 'since', type: 'time', type_params: day },
        { name: 'country', type: 'categorical' },
      ],
      measures: [{ name: 'people', agg: 'sum', expr: '1' }],
    },
  ],
  metrics: [
    { name: 'total', label: 'T', type: 'simple', type_params: { measure: 'amount' } },
    { name: 'orders_n', label: 'N', type: 'simple', type_params: { measure: 'cnt' } },
    { name: 'part', label: 'P', type: 'ratio', type_params: { numerator: 'total', denominator: 'orders_n' } },
    { name: 'made', label: 'M', type: 'derived', type_params: { expr: 'total * 2', metrics: [{ name: 'total' }] } },
    {
      name: 'cumul',
      label: 'C',
      type: 'cumulative',
      type_params: { measure: 'amount', cumulative_type_params: { window: '7 days' } },
    },
    {
      name: 'conv',
      label: 'V',
      type: 'conversion',
      type_params: {
        conversion_type_params: { base_measure: 'cnt', conversion_measure: 'people', entity: 'customer' },
      },
    },
  ],
  saved_queries: [
    {
      name: 'saved',
      query_params: { metrics: ['total'], group_by: ["Dimension('order_id__status')"], order_by: ["Metric('total')"] },
    },
  ],
});

const params = (semantic: Semantic, name: string): Entry =>
  semantic.metrics.find((metric) => metric.name === name)?.type_params as Entry;
const made = (semantic: Semantic, input: Entry): void =>
  void Object.assign(params(semantic, 'made'), { metrics: [{ name: 'total', ...input }] });
const measure = (own: Entry) => (semantic: Semantic) =>
  void semantic.semantic_models[0]?.measures.push({ name: 'pp', agg: 'sum', expr: 'x', ...own });
const element = (model: 0 | 1, kind: 'entities' | 'dimensions', own: Entry) => (semantic: Semantic) =>
  void semantic.semantic_models[model]?.[kind].push(own);
const conversion = (own: Entry) => (semantic: Semantic) =>
  void Object.assign(params(semantic, 'conv').conversion_type_params as Entry, own);
const filter = (text: string) => (semantic: Semantic) =>
  void Object.assign(semantic.metrics[0] as Entry, { filter: text });
const saved = (own: Entry) => (semantic: Semantic) =>
  void Object.assign(semantic.saved_queries[0]?.query_params as Entry, own);
const labelled = (kind: 'entities' | 'dimensions' | 'measures') => (semantic: Semantic) => {
  for (const one of semantic.semantic_models[0]?.[kind] ?? []) one.label = 'x';
};
const start = { name: 'vfrom', type: 'time', type_params: { ...day, validity_params: { is_start: true } } };

// dbt-core 1.12.6 refuses each of them.
const broken: readonly (readonly [string, (semantic: Semantic) => unknown, RegExp])[] = [
  ['natural', element(1, 'entities', { name: 'nat', type: 'natural' }), /natural entity, which needs a window/],
  ['half a window', element(1, 'dimensions', start), /one dimension with is_start and another with is_end/],
  ['a window beside measures', element(1, 'dimensions', start), /goes with no measures/],
  ['percentile of 1', measure({ agg: 'percentile', agg_params: { percentile: 1.0 } }), /between 0 and 1, not 1/],
  ['percentile of a sum', measure({ agg_params: { percentile: 0.4 } }), /agg_params of a percentile, but is a sum/],
  ['median', measure({ agg: 'median', agg_params: { percentile: 0.4 } }), /neither another percentile/],
  ['count of nothing', measure({ agg: 'count', expr: undefined }), /counts, and says not what/],
  ['count distinct', measure({ agg: 'count', expr: 'distinct x' }), /use count_distinct/],
  ['window_choice', measure({ non_additive_dimension: { name: 'ordered_at', window_choice: 'sum' } }), /min or max/],
  ['additive', measure({ non_additive_dimension: { name: 'status', window_choice: 'min' } }), /is no time dimension/],
  ['a word of SQL', element(0, 'dimensions', { name: 'select', type: 'categorical' }), /is a word of SQL/],
  ['type', element(1, 'dimensions', { name: 'status', type: 'time', type_params: day }), /has another type/],
  [
    'partition',
    element(1, 'dimensions', { name: 'status', type: 'categorical', is_partition: true }),
    /another is_partition/,
  ],
  ['labels of entities', labelled('entities'), /'x' is that of several entities/],
  ['labels of dimensions', labelled('dimensions'), /'x' is that of several dimensions/],
  ['labels of measures', labelled('measures'), /'x' is that of several measures/],
  [
    'labels of metrics',
    ({ metrics }) => Object.assign(metrics[0] as Entry, { label: 'N' }),
    /'N' is that of several metrics/,
  ],
  ['an alias', (all) => made(all, { alias: 't' }), /alias 't' is no name/],
  [
    'two offsets',
    (all) => made(all, { offset_window: '1 day', offset_to_grain: 'month' }),
    /offset_window and offset_to/,
  ],
  ['an offset', (all) => made(all, { offset_window: '1 blob' }), /a number and a granularity, not '1 blob'/],
  ['an offset without a number', (all) => made(all, { offset_window: 'blob' }), /window 'blob'/],
  ['a grain', (all) => made(all, { offset_to_grain: 'blob' }), /offset_to_grain takes a granularity, not 'blob'/],
  ['nothing', (all) => delete params(all, 'cumul').measure, /cumulative, but of nothing/],
  ['an entity', conversion({ entity: 'nope' }), /the entity 'nope' is not in semantic_model\.shop\.orders/],
  ['a sum', conversion({ base_measure: 'amount' }), /'amount' has to count/],
  ['no base', conversion({ base_measure: undefined }), /give base_measure/],
  [
    'a property',
    conversion({ constant_properties: [{ base_property: 'nope', conversion_property: 'country' }] }),
    /constant property 'nope' is not in semantic_model\.shop\.orders/,
  ],
  ['a dimension', filter("{{ Dimension('status') }} = 1"), /'status' names no dimension/],
  ['no template', filter("{{ Dimension('order_id__status' }} = 1"), /metric\.shop\.total: unexpected/],
  ['no function', filter("{{ Nope('order_id__status') }} = 1"), /'Nope' is undefined/],
  ['a group', saved({ group_by: ["Dimension('status')"] }), /saved_query\.shop\.saved: 'status' names no dimension/],
  ['an order', saved({ order_by: ["Dimension('order_id__country')"] }), /none of its metrics and groups/],
  ['a limit', saved({ limit: -1 }), /limit cannot be -1/],
  [
    'alias of a measure',
    (all) => Object.assign(params(all, 'total'), { measure: { name: 'amount', alias: 'people' } }),
    /alias 'people' is the name of a measure/,
  ],
];

const files = (semantic: Semantic) => ({
  'models/s.yml': JSON.stringify(semantic),
  ...Object.fromEntries(['orders', 'customers', 'spine'].map((name) => [`models/${name}.sql`, 'select 1'])),
});

test('semantic models and metrics that programs which compute metrics refuse are refused', () => {
  parse(newProject(files(sound())));
  for (const [what, change, message] of broken) {
    const semantic = sound();
    change(semantic);
    assert.throws(() => parse(newProject(files(semantic))), message, what);
  }
});
