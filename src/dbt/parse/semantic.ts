/** Semantic models, metrics and saved queries: carried through with what they depend on; nothing here computes them. */
import type { Dict, SemanticNode } from '../manifest-types.ts';
import { addTo, isDict, isText, listOf } from '../plain.ts';
import { schemaFqn } from './exposures.ts';
import { addDependency } from './links.ts';
import { badShape, entriesOf, type SchemaEntry, type SchemaFile } from './schema-file.ts';
import { metricShape, savedQueryShape, semanticModelShape } from './semantic-shape.ts';
import type { ParseState } from './state.ts';
import { staticReference } from './static-ref.ts';

type Kind = 'semantic_model' | 'metric' | 'saved_query';

export function readSemantics(state: ParseState, schema: SchemaFile): void {
  const { manifest } = state;
  for (const { entry } of entriesOf(state, schema, 'semantic_models')) {
    const node = nodeOf(state, schema, 'semantic_model', entry);
    const found = isText(entry.model) ? staticReference(entry.model) : undefined;
    if (found?.ref === undefined)
      throw badShape(
        schema.file,
        `'model' of semantic model '${entry.name}' must be ref(...), not ${String(entry.model)}`,
      );
    node.refs.push(found.ref);
    keep(state, manifest.semantic_models, node);
  }
  for (const { entry } of entriesOf(state, schema, 'metrics'))
    keep(state, manifest.metrics, nodeOf(state, schema, 'metric', entry));
  for (const { entry } of entriesOf(state, schema, 'saved_queries'))
    keep(state, manifest.saved_queries, nodeOf(state, schema, 'saved_query', entry));
}

function nodeOf(state: ParseState, schema: SchemaFile, kind: Kind, entry: SchemaEntry): SemanticNode {
  const { file } = schema;
  const uniqueId = `${kind}.${file.packageName}.${entry.name}`;
  const patch = isDict(entry.config) ? { ...entry.config } : {};
  for (const key of ['enabled', 'meta', 'tags', 'group'] as const)
    if (key in entry && !(key in patch) && (key !== 'tags' || kind === 'saved_query')) patch[key] = entry[key];
  const fqn = schemaFqn(schema, entry.name);
  const request = { type: kind, packageName: file.packageName, fqn, patch } as const;
  const config = state.configs.build(request, { unique_id: uniqueId, original_file_path: file.original });
  const tags = kind === 'saved_query' ? config.tags : entry.tags;
  return {
    name: entry.name,
    resource_type: kind,
    package_name: file.packageName,
    path: file.relative,
    original_file_path: file.original,
    unique_id: uniqueId,
    fqn,
    ...shapeOf(kind, entry, state),
    config,
    unrendered_config: state.configs.unrendered(request),
    group: config.group ?? null,
    depends_on: { macros: [], nodes: [] },
    refs: [],
    ...(kind === 'metric' ? { sources: [], metrics: [], meta: config.meta } : {}),
    ...(kind === 'semantic_model' ? {} : { tags: listOf(tags ?? []) }),
    created_at: state.now,
  };
}

function shapeOf(kind: Kind, entry: SchemaEntry, { profile }: ParseState): Dict {
  if (kind === 'metric') return metricShape(entry);
  return kind === 'semantic_model' ? semanticModelShape(entry) : savedQueryShape(entry, profile);
}

function keep(state: ParseState, target: Dict<SemanticNode>, node: SemanticNode): void {
  if (node.config.enabled === false) addTo(state.manifest.disabled, node.unique_id, node);
  else target[node.unique_id] = node;
}

interface MetricParams {
  readonly measure: Dict | null;
  readonly input_measures: Dict[];
  readonly numerator: Dict | null;
  readonly denominator: Dict | null;
  readonly metrics: readonly (Dict | null)[];
  readonly conversion_type_params: Dict | null;
  readonly cumulative_type_params: Dict | null;
}

/** Metrics depend on the semantic models of their measures, or on other metrics; saved queries on metrics. */
export function linkSemantics({ manifest }: ParseState): void {
  const metrics = new Map(Object.values(manifest.metrics).map((metric) => [metric.name, metric]));
  const measures = new Map<unknown, string>();
  for (const model of Object.values(manifest.semantic_models)) {
    for (const measure of model.measures as Dict[]) measures.set(measure.name, model.unique_id);
    const [id = ''] = model.depends_on.nodes;
    const node = manifest.nodes[id];
    if (node !== undefined)
      model.node_relation = {
        alias: node.alias,
        schema_name: node.schema,
        database: node.database,
        relation_name: node.relation_name,
      };
  }
  for (const metric of metrics.values()) {
    const { conversion_type_params: conversion, ...params } = metric.type_params as MetricParams;
    const own = [params.measure, conversion?.base_measure, conversion?.conversion_measure] as (
      | Dict
      | null
      | undefined
    )[];
    for (const measure of own) {
      const id = measures.get(measure?.name);
      if (id !== undefined) addDependency(metric.depends_on, id);
    }
    for (const name of inputMetrics(metric)) {
      const other = metrics.get(name);
      if (other !== undefined) addDependency(metric.depends_on, other.unique_id);
    }
    params.input_measures.push(...inputMeasures(metric, metrics, []));
  }
  for (const query of Object.values(manifest.saved_queries))
    for (const name of (query.query_params as { readonly metrics: readonly unknown[] }).metrics) {
      const metric = metrics.get(String(name));
      if (metric !== undefined) addDependency(query.depends_on, metric.unique_id);
    }
}

function inputMetrics(metric: SemanticNode): string[] {
  const {
    numerator,
    denominator,
    metrics,
    conversion_type_params: conversion,
    cumulative_type_params: cumulative,
  } = metric.type_params as MetricParams;
  const inputs = [
    numerator,
    denominator,
    ...metrics,
    conversion?.base_metric,
    conversion?.conversion_metric,
    cumulative?.metric,
  ] as (Dict | null | undefined)[];
  return [...new Set(inputs.flatMap((input) => (isText(input?.name) ? [input.name] : [])))];
}

/** The measures a metric comes down to, through any number of others. */
function inputMeasures(
  metric: SemanticNode,
  metrics: ReadonlyMap<string, SemanticNode>,
  trail: readonly string[],
): Dict[] {
  if (trail.includes(metric.name)) return [];
  const { measure, conversion_type_params: conversion } = metric.type_params as MetricParams;
  const own = [measure, conversion?.base_measure, conversion?.conversion_measure].filter(isDict);
  const found = [
    ...own,
    ...inputMetrics(metric).flatMap((name) => {
      const other = metrics.get(name);
      return other === undefined ? [] : inputMeasures(other, metrics, [...trail, metric.name]);
    }),
  ];
  return found.filter(
    (one, index) => found.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === index,
  );
}
