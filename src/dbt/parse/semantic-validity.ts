/** What programs that compute metrics refuse in semantic models and metrics, told when the project is parsed. */
import { DuckhouseError } from '../../errors.ts';
import type { DbtManifest, Dict, SemanticNode } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import { metricsProblems } from './semantic-metrics-validity.ts';
import { modelProblems } from './semantic-models-validity.ts';
import { timeSpinesOf } from './time-spines.ts';

type Elements = 'measures' | 'entities' | 'dimensions';
const kinds: readonly (readonly [Elements, string])[] = [
  ['measures', 'measure'],
  ['entities', 'entity'],
  ['dimensions', 'dimension'],
];

const nameForm = /^[a-z](?:(?!__)[a-z0-9_])*[a-z0-9]$/;
const grains = /^(?:nanosecond|microsecond|millisecond|second|minute|hour|day|week|month|quarter|year|martian_day)$/i;
const reserved = /^(?:metric_time|mf_internal_uuid)$/i;

/** Throws DataInvalid with all that is wrong. Semantic models without metrics are not looked at, as by dbt. */
export function checkSemantics(manifest: DbtManifest): void {
  const { semantic_models, metrics, saved_queries } = manifest;
  const models = Object.values(semantic_models);
  const all = Object.values(metrics);
  if (models.length === 0 || all.length === 0) return;
  const problems = [
    ...models.flatMap((model) => [...ownNames(model), ...timeProblems(model), ...entityProblems(model)]),
    ...[...models, ...all, ...Object.values(saved_queries)].flatMap((node) => nameProblems(node.name, node.unique_id)),
    ...all.flatMap(metricProblems),
    ...models.flatMap(measureProblems),
    ...mixedKinds(models),
    ...sharedMeasures(models),
    ...sharedDimensions(models),
    ...modelProblems(models),
    ...metricsProblems({
      models,
      metrics: all,
      savedQueries: Object.values(saved_queries),
      customGrains: ownGrains(manifest),
    }),
  ];
  if (problems.length === 0) return;
  const files = [...new Set(models.map(({ original_file_path }) => original_file_path))];
  throw new DuckhouseError('DataInvalid', `semantic models and metrics are not valid: ${problems.join('; ')}`, {
    context: { paths: files },
  });
}

/** Granularities that the project's time spines bring. */
const ownGrains = (manifest: DbtManifest): ReadonlySet<string> =>
  new Set(
    timeSpinesOf(manifest).time_spines.flatMap(({ custom_granularities: own }) =>
      (own as readonly Dict[]).map(({ name }) => String(name)),
    ),
  );

const listOf = (model: SemanticNode, kind: Elements): readonly Dict[] =>
  (Array.isArray(model[kind]) ? model[kind] : []) as readonly Dict[];

function nameProblems(name: string, where: string): string[] {
  if (grains.test(name)) return [`${where}: '${name}' is the name of a granularity, and can be no other's`];
  if (reserved.test(name)) return [`${where}: the name '${name}' is reserved`];
  if (nameForm.test(name)) return [];
  return [
    `${where}: the name '${name}' needs two characters or more of lower case letters, digits and single underscores, from a letter to a letter or digit`,
  ];
}

function ownNames(model: SemanticNode): string[] {
  return kinds.flatMap(([kind, word]) => {
    const names = listOf(model, kind).map(({ name }) => String(name));
    const again = new Set(names.filter((name, i) => names.indexOf(name) !== i));
    return [
      ...names.flatMap((name) => nameProblems(name, `${word} of ${model.unique_id}`)),
      ...[...again].map((name) => `${model.unique_id} has more than one ${word} '${name}'`),
    ];
  });
}

function timeProblems(model: SemanticNode): string[] {
  const times = listOf(model, 'dimensions')
    .filter(({ type }) => type === 'time')
    .map(({ name }) => String(name));
  const known = times.length === 0 ? 'none' : times.join(', ');
  const usual = isDict(model.defaults) ? model.defaults.agg_time_dimension : null;
  const ofMeasures = listOf(model, 'measures').flatMap(({ name, agg_time_dimension: own }) => {
    const time = own ?? usual;
    if (!isText(time))
      return [
        `measure '${name}' of ${model.unique_id} has no aggregation time dimension: set agg_time_dimension on it, or in the model's defaults`,
      ];
    return times.includes(time)
      ? []
      : [
          `measure '${name}' of ${model.unique_id} has the aggregation time dimension '${time}', which is no time dimension there; those are: ${known}`,
        ];
  });
  const isMissing = isText(usual) && !times.includes(usual) && ofMeasures.length === 0;
  return isMissing
    ? [`${model.unique_id}: the default agg_time_dimension '${usual}' is no time dimension there; those are: ${known}`]
    : ofMeasures;
}

const primariesOf = (model: SemanticNode): string[] =>
  listOf(model, 'entities').flatMap(({ type, name }) => (type === 'primary' ? [String(name)] : []));

function entityProblems(model: SemanticNode): string[] {
  const primaries = primariesOf(model);
  if (primaries.length > 1) return [`${model.unique_id} has more than one primary entity: ${primaries.join(', ')}`];
  const [primary] = primaries;
  const declared = model.primary_entity;
  if (primary !== undefined)
    return isText(declared)
      ? [`${model.unique_id} has the primary entity '${primary}' and primary_entity '${declared}': give one of them`]
      : [];
  if (isText(declared) || listOf(model, 'dimensions').length === 0) return [];
  return [
    `${model.unique_id} has dimensions but no primary entity: give an entity the type primary, or set primary_entity`,
  ];
}

function metricProblems({ unique_id, type, type_params: params }: SemanticNode): string[] {
  if (!isDict(params)) return [];
  const isNone = (key: string): boolean => (params[key] ?? null) === null;
  if (type === 'simple' && isNone('measure') && isNone('metric_aggregation_params'))
    return [`${unique_id} is simple, but has no measure`];
  if (type === 'ratio' && (isNone('numerator') || isNone('denominator')))
    return [`${unique_id} is a ratio: give both numerator and denominator`];
  if (type === 'conversion' && isNone('conversion_type_params'))
    return [`${unique_id} is a conversion: give conversion_type_params`];
  const { metrics, window, grain_to_date: grain, cumulative_type_params: nested } = params;
  if (type === 'derived' && (!Array.isArray(metrics) || metrics.length === 0))
    return [`${unique_id} is derived, but from no metrics: name them in type_params.metrics`];
  const inner: Dict = isDict(nested) ? nested : {};
  const hasBoth = (window ?? inner.window ?? null) !== null && (grain ?? inner.grain_to_date ?? null) !== null;
  return type === 'cumulative' && hasBoth ? [`${unique_id} has both a window and a grain_to_date: give one`] : [];
}

function measureProblems(model: SemanticNode): string[] {
  const dimensions = new Set(listOf(model, 'dimensions').map(({ name }) => name));
  return listOf(model, 'measures').flatMap(({ name, agg, agg_params: params, non_additive_dimension: other }) => {
    const where = `measure '${name}' of ${model.unique_id}`;
    const percentile = isDict(params) ? (params.percentile ?? null) : null;
    if (agg === 'percentile' && percentile === null) return [`${where} is a percentile: give agg_params.percentile`];
    return isDict(other) && !dimensions.has(other.name)
      ? [`${where} has the non-additive dimension '${String(other.name)}', which is no dimension there`]
      : [];
  });
}

/** A name is that of measures, of entities, or of dimensions, in all semantic models together. */
function mixedKinds(models: readonly SemanticNode[]): string[] {
  const kindsOf = new Map<string, Set<string>>();
  for (const model of models)
    for (const [kind, word] of kinds)
      for (const { name } of listOf(model, kind))
        kindsOf.set(String(name), (kindsOf.get(String(name)) ?? new Set()).add(word));
  return [...kindsOf].flatMap(([name, words]) =>
    words.size > 1 ? [`'${name}' is used as ${[...words].join(' and as ')}: give each its own name`] : [],
  );
}

function sharedMeasures(models: readonly SemanticNode[]): string[] {
  const owners = new Map<unknown, SemanticNode>();
  return models.flatMap((model) =>
    listOf(model, 'measures').flatMap(({ name }) => {
      const other = owners.get(name);
      if (other !== undefined && other !== model)
        return [`measure '${name}' is both in ${other.unique_id} and in ${model.unique_id}`];
      owners.set(name, model);
      return [];
    }),
  );
}

function sharedDimensions(models: readonly SemanticNode[]): string[] {
  const owners = new Map<string, SemanticNode>();
  return models.flatMap((model) => {
    const primary = isText(model.primary_entity) ? model.primary_entity : primariesOf(model)[0];
    if (primary === undefined) return [];
    return listOf(model, 'dimensions').flatMap(({ name }) => {
      const pair = `${primary}__${name}`;
      const other = owners.get(pair);
      if (other !== undefined && other !== model)
        return [
          `dimension '${name}' of the primary entity '${primary}' is both in ${other.unique_id} and in ${model.unique_id}`,
        ];
      owners.set(pair, model);
      return [];
    });
  });
}
