/** What programs that compute metrics refuse in metrics and saved queries: windows, filters, conversions, labels. */
import type { Dict, SemanticNode } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import { filterProblem } from './osi-filters.ts';
import { repeated } from './semantic-models-validity.ts';

export interface Semantics {
  readonly models: readonly SemanticNode[];
  readonly metrics: readonly SemanticNode[];
  readonly savedQueries: readonly SemanticNode[];
  /** Granularities of the project's own. */
  readonly customGrains: ReadonlySet<string>;
}

export const metricsProblems = (all: Semantics): string[] => [
  ...repeated(all.metrics.map(({ label }) => label)).map((label) => `the label '${label}' is that of several metrics`),
  ...all.metrics.flatMap((metric) => {
    const params = isDict(metric.type_params) ? metric.type_params : {};
    return [
      ...inputProblems(metric, params, all),
      ...windowsOf(params).flatMap((window) => windowProblems(metric.unique_id, window, all)),
      ...conversionProblems(metric, params, all),
      ...aliasProblems(metric, params, all),
      ...filtersOf(metric, params).flatMap((filter) => filterProblems(metric.unique_id, filter)),
    ];
  }),
  ...all.savedQueries.flatMap(savedProblems),
];

const dicts = (value: unknown): readonly Dict[] => (Array.isArray(value) ? value.filter(isDict) : []);
const dictOf = (value: unknown): Dict => (isDict(value) ? value : {});

const inputsOf = (params: Dict): readonly Dict[] => [
  ...dicts(params.metrics),
  ...[params.numerator, params.denominator].filter(isDict),
];

const measuresOf = (params: Dict): readonly Dict[] => {
  const { base_measure: base, conversion_measure: converted } = dictOf(params.conversion_type_params);
  return [params.measure, base, converted].filter(isDict);
};

function inputProblems({ unique_id: where, type }: SemanticNode, params: Dict, { customGrains }: Semantics): string[] {
  const cumulative = dictOf(params.cumulative_type_params);
  const grain = params.grain_to_date ?? cumulative.grain_to_date;
  const hasBoth = isDict(params.measure) && isDict(cumulative.metric);
  const hasNone = !isDict(params.measure) && !isDict(cumulative.metric);
  return [
    ...(type === 'cumulative' && hasBoth ? [`${where} has both a measure and a metric: give one`] : []),
    ...(type === 'cumulative' && hasNone ? [`${where} is cumulative, but of nothing: give a measure`] : []),
    ...grainProblems(where, 'grain_to_date', grain, customGrains),
    ...inputsOf(params).flatMap(({ name, offset_window: window, offset_to_grain: to }) => [
      ...(isDict(window) && isText(to)
        ? [`${where}: '${String(name)}' has offset_window and offset_to_grain: give one`]
        : []),
      ...grainProblems(where, 'offset_to_grain', to, customGrains),
    ]),
  ];
}

const grains = new Set('nanosecond microsecond millisecond second minute hour day week month quarter year'.split(' '));

/** Granularities of the project's own cannot stand here. */
const grainProblems = (where: string, key: string, grain: unknown, custom: ReadonlySet<string>): string[] =>
  !isText(grain) || grains.has(grain.toLowerCase())
    ? []
    : [`${where}: ${key} takes ${custom.has(grain) ? 'no granularity of your own' : 'a granularity'}, not '${grain}'`];

const windowsOf = (params: Dict): readonly unknown[] => [
  params.window,
  dictOf(params.cumulative_type_params).window,
  dictOf(params.conversion_type_params).window,
  ...inputsOf(params).map(({ offset_window: window }) => window),
];

function windowProblems(where: string, window: unknown, { customGrains }: Semantics): string[] {
  if (!isDict(window)) return [];
  const grain = String(window.granularity).toLowerCase();
  const isKnown = [grain, grain.replace(/s$/, '')].some((one) => grains.has(one) || customGrains.has(one));
  return isKnown ? [] : [`${where}: a window is a number and a granularity, not '${String(window.count)} ${grain}'`];
}

function conversionProblems({ unique_id: where, type }: SemanticNode, params: Dict, { models }: Semantics): string[] {
  if (type !== 'conversion') return [];
  const given = dictOf(params.conversion_type_params);
  const sides = [
    ['base', given.base_measure, given.base_metric],
    ['conversion', given.conversion_measure, given.conversion_metric],
  ] as const;
  return sides.flatMap(([side, measure, metric]) => {
    if (!isDict(measure)) return isDict(metric) ? [] : [`${where}: give ${side}_measure`];
    const model = models.find((one) => dicts(one.measures).some(({ name }) => name === measure.name));
    const found = dicts(model?.measures).find(({ name }) => name === measure.name);
    if (model === undefined || found === undefined) return [];
    const properties = dicts(given.constant_properties).map((one) => one[`${side}_property`]);
    const known = new Set([...dicts(model.dimensions), ...dicts(model.entities)].map(({ name }) => name));
    const isCount = found.agg === 'count' || found.agg === 'count_distinct';
    return [
      ...(dicts(model.entities).some(({ name }) => name === given.entity)
        ? []
        : [`${where}: the entity '${String(given.entity)}' is not in ${model.unique_id}`]),
      ...(isCount || (found.agg === 'sum' && String(found.expr) === '1')
        ? []
        : [`${where}: '${String(found.name)}' has to count: count, count_distinct, or a sum of 1`]),
      ...properties
        .filter((property) => !known.has(property))
        .map((property) => `${where}: the constant property '${String(property)}' is not in ${model.unique_id}`),
    ];
  });
}

const aliasForm = /^[a-z](?:(?!__)[a-z0-9_])*[a-z0-9]$/;

function aliasProblems({ unique_id: where }: SemanticNode, params: Dict, { models }: Semantics): string[] {
  const measures = new Set(models.flatMap((model) => dicts(model.measures).map(({ name }) => name)));
  return [
    ...inputsOf(params)
      .filter(({ alias }) => isText(alias) && !aliasForm.test(alias))
      .map(({ alias }) => `${where}: the alias '${String(alias)}' is no name`),
    ...measuresOf(params)
      .filter(({ alias }) => isText(alias) && measures.has(alias))
      .map(({ alias }) => `${where}: the alias '${String(alias)}' is the name of a measure`),
  ];
}

const filtersOf = (metric: SemanticNode, params: Dict): readonly unknown[] => [
  metric.filter,
  ...[...inputsOf(params), ...measuresOf(params), dictOf(params.cumulative_type_params).metric].map(
    (input) => dictOf(input).filter,
  ),
];

const filterProblems = (where: string, filter: unknown): string[] =>
  dicts(dictOf(filter).where_filters).flatMap(({ where_sql_template: text }) => problemsOf(where, String(text)));

function problemsOf(where: string, text: string): string[] {
  const problem = filterProblem(text);
  return problem === undefined ? [] : [`${where}: ${problem} in '${text}'`];
}

function savedProblems({ unique_id: where, query_params }: SemanticNode): string[] {
  const params = dictOf(query_params);
  const texts = (key: string): string[] => (Array.isArray(params[key]) ? params[key].map(String) : []);
  const limit = params.limit;
  const listed = new Set([...texts('group_by'), ...texts('metrics').map((name) => `Metric('${name}')`)].map(unspaced));
  return [
    ...texts('group_by').flatMap((text) => problemsOf(where, `{{ ${text} }}`)),
    ...filterProblems(where, params.where),
    ...texts('order_by')
      .filter((text) => !listed.has(unspaced(text)))
      .map((text) => `${where}: order_by names '${text}', which is none of its metrics and groups`),
    ...(typeof limit === 'number' && limit < 0 ? [`${where}: limit cannot be ${limit}`] : []),
  ];
}

/** An item without what only orders it. */
const unspaced = (text: string): string =>
  text
    .replace(/\.descending\([^)]*\)\s*$/, '')
    .replaceAll('"', "'")
    .replace(/\s+/g, '');
