/** Semantic models, metrics and saved queries: carried through in dbt's shape; nothing here computes them. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, ManifestNode, NodeType, RefArgs, SemanticNode } from '../manifest-types.ts';
import { addTo, isDict, isText, listOf } from '../plain.ts';
import { columnsOf } from './columns.ts';
import { schemaFqn } from './exposures.ts';
import { badShape, entriesOf, type SchemaEntry, type SchemaFile } from './schema-file.ts';
import { dicts, exportsOf, metricShape, savedQueryShape, semanticModelShape } from './semantic-shape.ts';
import { columnMetricShape, columnSemanticShape } from './semantic-v2.ts';
import type { ParseState } from './state.ts';
import { staticReference } from './static-ref.ts';

type Kind = Extract<NodeType, 'semantic_model' | 'metric' | 'saved_query'>;

export function readSemantics(state: ParseState, schema: SchemaFile): void {
  for (const { entry } of entriesOf(state, schema, 'metrics')) {
    const isOwn = 'type_params' in entry;
    if (!isOwn && (entry.type ?? 'simple') === 'simple')
      throw badShape(schema.file, `metric '${entry.name}' is simple: it must stand under the model it measures`);
    addMetric(state, schema, entry, isOwn ? metricShape(entry) : columnMetricShape(entry, {}));
  }
  for (const { entry } of entriesOf(state, schema, 'semantic_models')) readSemanticModel(state, schema, entry);
  for (const { entry } of entriesOf(state, schema, 'saved_queries')) readSavedQuery(state, schema, entry);
}

function readSemanticModel(state: ParseState, schema: SchemaFile, entry: SchemaEntry): void {
  const found = isText(entry.model) ? staticReference(entry.model) : undefined;
  if (found?.ref === undefined)
    throw badShape(
      schema.file,
      `'model' of semantic model '${entry.name}' must be ref(...), not ${String(entry.model)}`,
    );
  const config = isDict(entry.config) ? entry.config : {};
  const node = addSemanticModel(state, schema, {
    name: entry.name,
    config,
    shape: semanticModelShape(entry),
    ref: found.ref,
  });
  const { enabled, meta } = node.config;
  for (const measure of dicts(entry.measures)) {
    if (measure.create_metric !== true) continue;
    const name = String(measure.name);
    addMetric(
      state,
      schema,
      { name, config: { enabled, meta } },
      metricShape({
        description: measure.description || `Metric created from measure ${name}`,
        label: measure.label || name,
        type: 'simple',
        type_params: { measure: name, expr: measure.expr || name },
      }),
    );
  }
}

/** What the properties of a model say of its meaning: the semantic model it is, and its metrics. */
export function readModelSemantics(
  state: ParseState,
  schema: SchemaFile,
  entry: SchemaEntry,
  node: ManifestNode,
): void {
  const own = entry.semantic_model;
  const given: Dict = isDict(own) ? own : {};
  const name = isText(given.name) ? given.name : entry.name;
  if (isDict(own) || own === true) {
    const config: Dict = {};
    if (isDict(given.config)) {
      if (isDict(given.config.meta)) config.meta = given.config.meta;
      config.enabled = given.enabled !== false;
      if (isText(given.group)) config.group = given.group;
    }
    const columns = columnsOf(entry.columns, node.unique_id);
    const shape = columnSemanticShape(entry, { columns, description: node.description });
    addSemanticModel(state, schema, { name, config, shape, ref: { name: entry.name, package: null, version: null } });
  }
  for (const metric of dicts(entry.metrics)) {
    const isSimple = (metric.type ?? 'simple') === 'simple';
    const owner = isSimple ? { model: name, timeDimension: entry.agg_time_dimension } : {};
    addMetric(state, schema, metric as SchemaEntry, columnMetricShape(metric, owner));
  }
}

interface SemanticParts {
  readonly name: string;
  readonly config: Readonly<Dict>;
  readonly shape: Dict;
  readonly ref: RefArgs;
}

/** Everything in a semantic model has its meta too. */
function addSemanticModel(
  state: ParseState,
  schema: SchemaFile,
  { name, config, shape, ref }: SemanticParts,
): SemanticNode {
  const node = nodeOf(state, schema, 'semantic_model', { name, patch: config, shape });
  for (const part of ['entities', 'dimensions', 'measures'] as const)
    for (const element of dicts(node[part])) {
      const own = element.config as { readonly meta: Dict };
      element.config = { meta: { ...(node.config.meta as Dict), ...own.meta } };
    }
  node.refs.push(ref);
  keep(state, state.manifest.semantic_models, node);
  return node;
}

function addMetric(state: ParseState, schema: SchemaFile, entry: SchemaEntry, shape: Dict): void {
  const { config: patch } = entry;
  const node = nodeOf(state, schema, 'metric', { name: entry.name, patch: isDict(patch) ? patch : {}, shape });
  const isOwn = (shape.type_params as Dict).is_private === null;
  const meta = node.config.meta as Dict;
  node.label ??= entry.name;
  node.meta = isOwn ? (Object.keys(meta).length > 0 ? meta : (entry.meta ?? {})) : {};
  node.tags = isOwn ? listOf(entry.tags ?? []) : [];
  keep(state, state.manifest.metrics, node);
}

function readSavedQuery(state: ParseState, schema: SchemaFile, entry: SchemaEntry): void {
  const patch = isDict(entry.config) ? entry.config : {};
  const node = nodeOf(state, schema, 'saved_query', {
    name: entry.name,
    patch,
    shape: savedQueryShape(entry),
  });
  node.exports = exportsOf(entry, state.profile, node.config);
  node.tags = [...new Set([...listOf(entry.tags ?? []), ...listOf(node.config.tags ?? [])].map(String))].sort();
  keep(state, state.manifest.saved_queries, node);
}

interface NodeParts {
  readonly name: string;
  readonly patch: Readonly<Dict>;
  readonly shape: Dict;
}

function nodeOf(state: ParseState, schema: SchemaFile, kind: Kind, { name, patch, shape }: NodeParts): SemanticNode {
  const { file } = schema;
  const uniqueId = `${kind}.${file.packageName}.${name}`;
  const fqn = schemaFqn(schema, name);
  const request = { type: kind, packageName: file.packageName, fqn, patch } as const;
  const config = state.configs.build(request, { unique_id: uniqueId, original_file_path: file.original });
  const depends_on = { macros: [], nodes: [] };
  return {
    name,
    resource_type: kind,
    package_name: file.packageName,
    path: file.relative,
    original_file_path: file.original,
    unique_id: uniqueId,
    fqn,
    ...shape,
    // `ls --output json` writes the keys in the order they are in.
    ...(kind === 'semantic_model' ? { depends_on, refs: [], created_at: state.now } : {}),
    config,
    unrendered_config: state.configs.unrendered(request),
    group: config.group ?? null,
    depends_on,
    refs: [],
    ...(kind === 'metric' ? { sources: [], metrics: [] } : {}),
    created_at: state.now,
  };
}

function keep(state: ParseState, target: Dict<SemanticNode>, node: SemanticNode): void {
  if (node.config.enabled === false) addTo(state.manifest.disabled, node.unique_id, node);
  else if (target[node.unique_id] === undefined) target[node.unique_id] = node;
  else
    throw new DuckhouseError(
      'AlreadyExists',
      `${node.unique_id} is described twice: in ${target[node.unique_id]?.original_file_path} and in ${node.original_file_path}`,
      { context: { node: node.unique_id, path: node.original_file_path } },
    );
}
