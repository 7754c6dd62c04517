/** What semantic models, metrics and saved queries depend on. */
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type { Dict, SemanticNode } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import { addDependency } from './links.ts';
import { checkSemantics } from './semantic-validity.ts';
import type { ParseState } from './state.ts';
import { checkTimeSpines } from './time-spines.ts';

interface MetricParams {
  readonly measure: Dict | null;
  readonly input_measures: Dict[];
  readonly numerator: Dict | null;
  readonly denominator: Dict | null;
  readonly metrics: readonly (Dict | null)[];
  readonly conversion_type_params: Dict | null;
  readonly cumulative_type_params: Dict | null;
  readonly metric_aggregation_params: Dict | null;
}

interface Linking {
  readonly state: ParseState;
  readonly metrics: ReadonlyMap<string, SemanticNode>;
  /** Ids of semantic models by the names of their measures. */
  readonly measures: ReadonlyMap<unknown, string>;
  readonly done: Set<SemanticNode>;
}

export function linkSemantics(state: ParseState): void {
  const { manifest } = state;
  checkTimeSpines(manifest);
  const measures = new Map<unknown, string>();
  for (const model of Object.values(manifest.semantic_models)) {
    for (const measure of model.measures as Dict[]) measures.set(measure.name, model.unique_id);
    const node = manifest.nodes[model.depends_on.nodes[0] ?? ''];
    if (node === undefined) continue;
    const { alias, schema, database, relation_name } = node;
    model.node_relation = { alias, schema_name: schema, database, relation_name };
  }
  const metrics = new Map(Object.values(manifest.metrics).map((metric) => [metric.name, metric]));
  const linking: Linking = { state, metrics, measures, done: new Set() };
  for (const metric of metrics.values()) linkMetric(linking, metric);
  for (const query of Object.values(manifest.saved_queries))
    for (const name of (query.query_params as { readonly metrics: readonly unknown[] }).metrics)
      addDependency(query.depends_on, metricNamed(linking, query, String(name)).unique_id);
  checkSemantics(manifest);
}

/** A metric depends on the semantic models of its measures, or on other metrics, whose measures are its own too. */
function linkMetric(linking: Linking, metric: SemanticNode): void {
  if (linking.done.has(metric)) return;
  linking.done.add(metric);
  const params = metric.type_params as MetricParams;
  const { conversion_type_params: conversion, metric_aggregation_params: aggregation } = params;
  for (const measure of [params.measure, conversion?.base_measure, conversion?.conversion_measure])
    if (isDict(measure)) linkMeasure(linking, metric, measure);
  if (isDict(aggregation))
    addDependency(metric.depends_on, `semantic_model.${linking.state.root.name}.${String(aggregation.semantic_model)}`);
  for (const name of inputMetrics(params)) {
    const other = metricNamed(linking, metric, name);
    linkMetric(linking, other);
    if (metric.type === 'derived' || metric.type === 'ratio')
      for (const measure of (other.type_params as MetricParams).input_measures) addMeasure(params, measure);
    addDependency(metric.depends_on, other.unique_id);
  }
}

function linkMeasure({ measures }: Linking, metric: SemanticNode, measure: Dict): void {
  addMeasure(metric.type_params as MetricParams, measure);
  const id = measures.get(measure.name);
  if (id === undefined) throw unknown(metric, 'measure', String(measure.name), [...measures.keys()].map(String));
  addDependency(metric.depends_on, id);
}

function addMeasure({ input_measures: all }: MetricParams, measure: Dict): void {
  if (!all.some((one) => JSON.stringify(one) === JSON.stringify(measure))) all.push(measure);
}

function inputMetrics({ numerator, denominator, metrics, ...params }: MetricParams): string[] {
  const { conversion_type_params: conversion, cumulative_type_params: cumulative } = params;
  const inputs = [numerator, denominator, ...metrics, conversion?.base_metric, conversion?.conversion_metric];
  return [...inputs, cumulative?.metric].flatMap((input) => (isDict(input) && isText(input.name) ? [input.name] : []));
}

function metricNamed({ metrics, state }: Linking, asker: SemanticNode, name: string): SemanticNode {
  const found = metrics.get(name);
  if (found !== undefined) return found;
  const isDisabled = Object.keys(state.manifest.disabled).some(
    (id) => /^metric\.[^.]+\./.test(id) && id.endsWith(`.${name}`),
  );
  if (isDisabled)
    throw new DuckhouseError('DataInvalid', `${asker.unique_id} needs the metric '${name}', which is disabled`, {
      context: { node: asker.unique_id, path: asker.original_file_path },
    });
  throw unknown(asker, 'metric', name, [...metrics.keys()]);
}

const unknown = (asker: SemanticNode, kind: string, name: string, names: readonly string[]): DuckhouseError =>
  new DuckhouseError(
    'NotFound',
    `${asker.unique_id} (${asker.original_file_path}) needs the ${kind} '${name}', which is not there`,
    {
      context: { node: asker.unique_id, path: asker.original_file_path, candidates: nearestNames(name, names) },
    },
  );
