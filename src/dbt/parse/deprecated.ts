/** Tells what a project as a whole does in ways that will end. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import type { ParseState } from './state.ts';
import { timeSpinesOf } from './time-spines.ts';

export function warnDeprecated(state: ParseState): void {
  for (const project of state.projects.values()) warnPaths(state, project);
  warnNames(state);
  if (Object.keys(state.manifest.metrics).length > 0 && Object.keys(state.manifest.semantic_models).length > 0)
    warnSemantics(state);
}

const renamed = [
  ['source-paths', 'model-paths', 'ConfigSourcePathDeprecation'],
  ['data-paths', 'seed-paths', 'ConfigDataPathDeprecation'],
] as const;
const moved = [
  ['log-path', 'logs', 'ConfigLogPathDeprecation'],
  ['target-path', 'target', 'ConfigTargetPathDeprecation'],
] as const;

function warnPaths({ warn }: ParseState, { name, raw }: DbtProject): void {
  for (const [old, now, event] of renamed)
    if (old in raw)
      warn({
        name: event,
        message: `dbt_project.yml of '${name}': '${old}' is '${now}' now`,
        data: { deprecated_path: old, exp_path: now },
      });
  for (const [key, usual, event] of moved)
    if (key in raw && raw[key] !== usual)
      warn({
        name: event,
        message: `dbt_project.yml of '${name}': '${key}' belongs on the command line, as --${key}, or in DBT_${key.replace('-', '_').toUpperCase()}`,
        data: { deprecated_path: key },
      });
}

/** A model, a seed and a snapshot of one name. */
function warnNames({ manifest, warn }: ParseState): void {
  const seen = new Map<string, ManifestNode>();
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as ManifestNode;
    if (!['model', 'seed', 'snapshot'].includes(node.resource_type) || (node.version ?? null) !== null) continue;
    const key = `${node.package_name}.${node.name}`;
    const other = seen.get(key);
    if (other !== undefined)
      warn({
        name: 'DuplicateNameDistinctNodeTypesDeprecation',
        message: `'${node.name}' is the name of ${other.unique_id} and of ${id}: give one of them another`,
        data: {
          resource_name: node.name,
          package_name: node.package_name,
          unique_id1: other.unique_id,
          unique_id2: id,
        },
      });
    seen.set(key, node);
  }
}

function warnSemantics({ manifest, warn, flags }: ParseState): void {
  const metrics = Object.values(manifest.metrics).filter(({ type_params: params }) => {
    const { window, grain_to_date: grain } = params as Dict;
    return (window ?? grain ?? null) !== null;
  });
  if (metrics.length > 0 && flags.REQUIRE_NESTED_CUMULATIVE_TYPE_PARAMS !== false)
    throw new DuckhouseError(
      'DataInvalid',
      `'window' and 'grain_to_date' of ${metrics.map(({ name }) => name).join(', ')} belong under type_params.cumulative_type_params`,
    );
  if (metrics.length > 0)
    warn({
      name: 'MFCumulativeTypeParamsDeprecation',
      message: `'window' and 'grain_to_date' of ${metrics.map(({ name }) => name).join(', ')} belong under type_params.cumulative_type_params`,
      data: {},
    });
  const { time_spines: spines, time_spine_table_configurations: legacy } = timeSpinesOf(manifest);
  const isAsked = flags.REQUIRE_YAML_CONFIGURATION_FOR_MF_TIME_SPINES === false;
  if (isAsked && legacy.length > 0 && !spines.some((one) => (one.primary_column as Dict).time_granularity === 'day'))
    warn({
      name: 'MFTimespineWithoutYamlConfigurationDeprecation',
      message:
        'metricflow_time_spine should say in YAML that it is a time spine: time_spine: {standard_granularity_column: date_day}',
      data: {},
    });
  for (const model of Object.values(manifest.semantic_models))
    for (const { name, type, type_params: params } of model.dimensions as Dict[])
      if (type === 'time' && !(isDict(params) && params.time_granularity))
        warn({
          name: 'TimeDimensionsRequireGranularityDeprecation',
          message: `the time dimension '${String(name)}' of ${model.unique_id} needs a granularity`,
          data: {},
        });
}
