/** What programs that compute metrics refuse in semantic models: windows of validity, aggregations, words and labels. */
import type { Dict, SemanticNode } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';

type Elements = 'measures' | 'entities' | 'dimensions';

const elementsOf = (model: SemanticNode, kind: Elements): readonly Dict[] =>
  (Array.isArray(model[kind]) ? model[kind] : []) as readonly Dict[];

export const modelProblems = (models: readonly SemanticNode[]): string[] => [
  ...models.flatMap((model) => [...validityProblems(model), ...aggregateProblems(model), ...wordProblems(model)]),
  ...dimensionConflicts(models),
  ...labelProblems(models),
];

/** A window of validity has a start and an end, a natural entity, and nothing to aggregate. */
function validityProblems(model: SemanticNode): string[] {
  const { unique_id: where } = model;
  const entities = elementsOf(model, 'entities');
  const naturals = entities.filter(({ type }) => type === 'natural');
  const several = naturals.length > 1 ? [`${where} has more than one natural entity`] : [];
  const windows = elementsOf(model, 'dimensions').flatMap(({ type_params: params }) =>
    isDict(params) && isDict(params.validity_params) ? [params.validity_params] : [],
  );
  if (windows.length === 0)
    return naturals.length > 0
      ? [
          ...several,
          `${where} has a natural entity, which needs a window of validity: two dimensions with validity_params`,
        ]
      : several;
  const ends = (key: string): number => windows.filter((window) => window[key] === true).length;
  const isWindow = windows.length === 2 && ends('is_start') === 1 && ends('is_end') === 1;
  return [
    ...several,
    ...(isWindow ? [] : [`${where}: a window of validity has one dimension with is_start and another with is_end`]),
    ...(naturals.length > 0 ? [] : [`${where} has a window of validity, which needs a natural entity`]),
    ...(entities.some(({ type }) => type === 'primary' || type === 'unique')
      ? [`${where} has a window of validity, which goes with no primary or unique entity`]
      : []),
    ...(elementsOf(model, 'measures').length > 0
      ? [`${where} has a window of validity, which goes with no measures`]
      : []),
  ];
}

function aggregateProblems(model: SemanticNode): string[] {
  const entities = new Set(elementsOf(model, 'entities').map(({ name }) => name));
  const times = new Set(elementsOf(model, 'dimensions').flatMap(({ name, type }) => (type === 'time' ? [name] : [])));
  return elementsOf(model, 'measures').flatMap((measure) => {
    const where = `measure '${String(measure.name)}' of ${model.unique_id}`;
    const other = measure.non_additive_dimension;
    return [
      ...percentileProblems(where, measure),
      ...countProblems(where, measure),
      ...(isDict(other) ? additiveProblems(where, other, { entities, times }) : []),
    ];
  });
}

function percentileProblems(where: string, { agg, agg_params: params }: Dict): string[] {
  if (!isDict(params)) return [];
  const given = params.percentile ?? null;
  const percentile = given === null ? null : Number(JSON.stringify(given));
  const isDiscrete = params.use_discrete_percentile === true;
  const isApproximate = params.use_approximate_percentile === true;
  if (agg === 'percentile')
    return percentile !== null && (percentile <= 0 || percentile >= 1)
      ? [`${where}: a percentile is between 0 and 1, not ${percentile}`]
      : [];
  if (agg === 'median')
    return (percentile ?? 0.5) !== 0.5 || isDiscrete
      ? [`${where} is a median: it takes neither another percentile nor use_discrete_percentile`]
      : [];
  return percentile !== null || isDiscrete || isApproximate
    ? [`${where} has agg_params of a percentile, but is a ${String(agg)}`]
    : [];
}

function countProblems(where: string, { agg, expr = null }: Dict): string[] {
  if (agg !== 'count') return [];
  if (expr === null) return [`${where} counts, and says not what: give it an expr ('1' for all rows)`];
  return /^distinct /i.test(String(expr)) ? [`${where} counts distinct values: use count_distinct`] : [];
}

interface Known {
  readonly entities: ReadonlySet<unknown>;
  readonly times: ReadonlySet<unknown>;
}

function additiveProblems(where: string, other: Dict, { entities, times }: Known): string[] {
  const groups = (Array.isArray(other.window_groupings) ? other.window_groupings : []) as unknown[];
  const choice = other.window_choice ?? 'min';
  return [
    ...(times.has(other.name)
      ? []
      : [`${where}: the non-additive dimension '${String(other.name)}' is no time dimension`]),
    ...(choice === 'min' || choice === 'max' ? [] : [`${where}: window_choice is min or max, not ${String(choice)}`]),
    ...groups
      .filter((group) => !entities.has(group))
      .map((group) => `${where}: the window grouping '${String(group)}' is no entity of the model`),
  ];
}

const reserved = new Set(
  'and as create distinct for from full having in inner into is join left like natural not null on or right select union using where with'.split(
    ' ',
  ),
);

const wordProblems = (model: SemanticNode): string[] =>
  (['dimensions', 'measures', 'entities'] as const).flatMap((kind) =>
    elementsOf(model, kind)
      .filter(({ name }) => reserved.has(String(name).toLowerCase()))
      .map(({ name }) => `${model.unique_id}: '${String(name)}' is a word of SQL, and can be no name in ${kind}`),
  );

/** Dimensions of one name are alike in all models. */
function dimensionConflicts(models: readonly SemanticNode[]): string[] {
  const first = new Map<unknown, Dict>();
  return models.flatMap((model) =>
    elementsOf(model, 'dimensions').flatMap((dimension) => {
      const other = first.get(dimension.name);
      if (other === undefined) first.set(dimension.name, dimension);
      if (other === undefined) return [];
      const isPartition = (one: Dict): boolean => one.is_partition === true;
      const where = `dimension '${String(dimension.name)}' of ${model.unique_id}`;
      if (other.type !== dimension.type) return [`${where} has another type than in another model`];
      return isPartition(other) === isPartition(dimension)
        ? []
        : [`${where} has another is_partition than in another model`];
    }),
  );
}

/** Texts that come again. */
export function repeated(labels: readonly unknown[]): string[] {
  const given = labels.filter(isText);
  return [...new Set(given.filter((label, i) => given.indexOf(label) !== i))];
}

function labelProblems(models: readonly SemanticNode[]): string[] {
  const labels = new Map<unknown, string>();
  return [
    ...repeated(models.map(({ label }) => label)).map(
      (label) => `the label '${label}' is that of several semantic models`,
    ),
    ...models.flatMap((model) =>
      (['dimensions', 'entities', 'measures'] as const).flatMap((kind) =>
        repeated(elementsOf(model, kind).map(({ label }) => label)).map(
          (label) => `${model.unique_id}: the label '${label}' is that of several ${kind}`,
        ),
      ),
    ),
    ...models.flatMap((model) =>
      elementsOf(model, 'entities').flatMap(({ name, label }) => {
        if (!isText(label)) return [];
        const other = labels.get(name) ?? label;
        labels.set(name, other);
        return other === label
          ? []
          : [
              `entity '${String(name)}' of ${model.unique_id} has the label '${label}', and '${other}' in another model`,
            ];
      }),
    ),
  ];
}
