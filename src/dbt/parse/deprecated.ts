/** Tells what a project as a whole does in ways that will end. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { checkNames } from './resource-names.ts';
import type { ParseState } from './state.ts';
import { timeSpinesOf } from './time-spines.ts';

export function warnDeprecated(state: ParseState): void {
  for (const project of state.projects.values()) warnPaths(state, project);
  checkNames(state);
  if (state.flags.REQUIRE_EXPLICIT_PACKAGE_OVERRIDES_FOR_BUILTIN_MATERIALIZATIONS === false) warnOverrides(state);
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

/** Packages whose materializations stand for built-in ones. */
function warnOverrides({ macros, manifest, warn, root }: ParseState): void {
  const used = new Set(Object.values(manifest.nodes).map(({ config }) => String(config.materialized)));
  for (const name of used) {
    const { package_name: owner = root.name } = macros.materialization(name) ?? {};
    const isBuiltIn = ['duckdb', 'default'].some((kind) => macros.find('dbt', `materialization_${name}_${kind}`));
    if (isBuiltIn && !['dbt', 'dbt_duckdb', root.name].includes(owner))
      warn({
        name: 'PackageMaterializationOverrideDeprecation',
        message: `package '${owner}' has a materialization of its own for '${name}', which is built in: to keep it, let a materialization of '${root.name}' call it`,
        data: { package_name: owner, materialization_name: name },
      });
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
