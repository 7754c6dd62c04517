/** `semantic_manifest.json`: what programs that compute metrics read. Its members stand in the order those write them. */
import path from 'node:path';
import type { DbtManifest, Dict, SemanticNode } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import { writeWhole } from '../whole-file.ts';
import { timeSpinesOf } from './time-spines.ts';

/** The version of the format, as the package that defines it counts. */
const formatVersion = { major_version: '0', minor_version: '213', patch_version: '0' };

/** Returns the file's path. */
export function writeSemanticManifest(semantics: Dict, folder: string): string {
  const file = path.join(folder, 'semantic_manifest.json');
  writeWhole(file, pythonJson(semantics));
  return file;
}

export function semanticManifest(manifest: DbtManifest): Dict {
  const { time_spines, time_spine_table_configurations } = timeSpinesOf(manifest);
  return {
    semantic_models: Object.values(manifest.semantic_models).map(semanticModel),
    metrics: Object.values(manifest.metrics).map(metric),
    project_configuration: {
      time_spine_table_configurations,
      metadata: null,
      dsi_package_version: formatVersion,
      time_spines,
    },
    saved_queries: Object.values(manifest.saved_queries).map(savedQuery),
  };
}

const pick = (from: unknown, keys: string): Dict => {
  const given = isDict(from) ? from : {};
  return Object.fromEntries(keys.split(' ').map((key) => [key, given[key] ?? null]));
};
const pickOrNull = (from: unknown, keys: string): Dict | null => (isDict(from) ? pick(from, keys) : null);
const each = (list: unknown, keys: string): Dict[] =>
  (Array.isArray(list) ? list : []).map((one: unknown) => pick(one, keys));
const metaOf = (config: unknown): Dict => ({ meta: isDict(config) ? (config.meta ?? {}) : {} });

const semanticModel = (node: SemanticNode): Dict => ({
  ...pick(node, 'name defaults description node_relation primary_entity'),
  entities: each(node.entities, 'name description type role expr metadata label config'),
  measures: each(
    node.measures,
    'name agg description create_metric expr agg_params metadata non_additive_dimension agg_time_dimension label config',
  ),
  dimensions: each(
    node.dimensions,
    'name description type datatype is_partition type_params expr metadata label config',
  ),
  ...pick(node, 'label metadata'),
  config: metaOf(node.config),
});

const metric = (node: SemanticNode): Dict => ({
  ...pick(node, 'name description type datatype'),
  type_params: metricParams(node.type_params as Dict),
  ...pick(node, 'filter metadata label'),
  config: metaOf(node.config),
  time_granularity: node.time_granularity ?? null,
});

const metricParams = (params: Dict): Dict => ({
  ...pick(params, 'measure numerator denominator expr window grain_to_date metrics'),
  conversion_type_params: pickOrNull(
    params.conversion_type_params,
    'base_measure base_metric conversion_measure conversion_metric entity calculation window constant_properties',
  ),
  ...pick(
    params,
    'cumulative_type_params input_measures metric_aggregation_params join_to_timespine fill_nulls_with is_private',
  ),
});

const savedQuery = (node: SemanticNode): Dict => ({
  name: node.name,
  query_params: pick(node.query_params, 'metrics group_by order_by limit where'),
  ...pick(node, 'description metadata label'),
  exports: (node.exports as Dict[]).map(({ name, config }) => ({
    name,
    config: pick(config, 'export_as schema_name alias'),
  })),
  tags: node.tags,
});

/** JSON with the spaces and escapes that Python gives it. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (isDict(value))
    return `{${Object.entries(value)
      .map(([key, one]) => `${pythonJson(key)}: ${pythonJson(one)}`)
      .join(', ')}}`;
  const text = JSON.stringify(value ?? null);
  return text.replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
