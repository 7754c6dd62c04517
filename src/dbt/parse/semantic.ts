/** Semantic models, metrics and saved queries: carried through with what they depend on; nothing here computes them. */
import type { Dict, SemanticNode } from '../manifest-types.ts';
import { addTo, isDict, isText, listOf } from '../plain.ts';
import { schemaFqn } from './exposures.ts';
import { addDependency } from './links.ts';
import { badShape, entriesOf, type SchemaEntry, type SchemaFile } from './schema-file.ts';
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
    node.node_relation = null;
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
    if (key in entry && !(key in patch)) patch[key] = entry[key];
  const fqn = schemaFqn(schema, entry.name);
  const request = { type: kind, packageName: file.packageName, fqn, patch } as const;
  const config = state.configs.build(request, { unique_id: uniqueId, original_file_path: file.original });
  return {
    ...entry,
    name: entry.name,
    resource_type: kind,
    package_name: file.packageName,
    path: file.relative,
    original_file_path: file.original,
    unique_id: uniqueId,
    fqn,
    description: isText(entry.description) ? entry.description : null,
    label: entry.label ?? null,
    config,
    unrendered_config: state.configs.unrendered(request),
    meta: config.meta,
    group: config.group ?? null,
    ...(kind === 'semantic_model' ? {} : { tags: listOf(config.tags ?? []) }),
    refs: [],
    sources: [],
    metrics: [],
    depends_on: { macros: [], nodes: [] },
    created_at: state.now,
  };
}

function keep(state: ParseState, target: Dict<SemanticNode>, node: SemanticNode): void {
  if (node.config.enabled === false) addTo(state.manifest.disabled, node.unique_id, node);
  else target[node.unique_id] = node;
}

/** Metrics depend on the semantic models of their measures and on other metrics; saved queries on metrics. */
export function linkSemantics({ manifest }: ParseState): void {
  const metrics = new Map(Object.values(manifest.metrics).map((metric) => [metric.name, metric.unique_id]));
  const measures = new Map<string, string>();
  for (const model of Object.values(manifest.semantic_models))
    for (const measure of namesIn(model.measures)) measures.set(measure, model.unique_id);
  for (const metric of Object.values(manifest.metrics))
    for (const name of namesIn(metric.type_params)) {
      const id = measures.get(name) ?? metrics.get(name);
      if (id !== undefined && id !== metric.unique_id) addDependency(metric.depends_on, id);
    }
  for (const query of Object.values(manifest.saved_queries))
    for (const name of namesIn((query.query_params as Dict | undefined)?.metrics)) {
      const id = metrics.get(name);
      if (id !== undefined) addDependency(query.depends_on, id);
    }
}

/** Every name in a part of a definition: plain text and `name` keys. */
function namesIn(value: unknown): string[] {
  if (isText(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (!isDict(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'name' || key === 'measure' || typeof item === 'object' ? namesIn(item) : [],
  );
}
