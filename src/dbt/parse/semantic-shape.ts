/** Metrics, semantic models and saved queries in the shape that artifacts have: names become entries, gaps are null. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText, listOf } from '../plain.ts';

export const dicts = (value: unknown): Dict[] => (Array.isArray(value) ? value.filter(isDict) : []);
export const or = (value: unknown, otherwise: unknown): unknown =>
  value === undefined || value === null ? otherwise : value;

/** Kinds and aggregations may be written in any case. */
export const lower = (value: unknown): unknown => (isText(value) ? value.toLowerCase() : value);

/** An expression as text; YAML's booleans as Python spells them. */
export function exprOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

function nonAdditiveOf(value: unknown): Dict | null {
  if (!isDict(value)) return null;
  return {
    name: value.name,
    window_choice: lower(or(value.window_choice, 'min')),
    window_groupings: or(value.window_groupings, []),
  };
}

/** `filter`: one or many conditions, each a template. */
export function filterOf(value: unknown): Dict | null {
  if (value === undefined || value === null) return null;
  const texts = listOf(value).filter(isText);
  return { where_filters: texts.map((text) => ({ where_sql_template: text })) };
}

/** `7 days`. */
export function windowOf(value: unknown): Dict | null {
  if (isDict(value)) return value;
  const found = isText(value) ? /^\s*(\d+)\s+(\w+)\s*$/.exec(value) : null;
  if (found !== null) return { count: Number(found[1]), granularity: (found[2] as string).replace(/s$/, '') };
  if (value === undefined || value === null) return null;
  throw new DuckhouseError(
    'DataInvalid',
    `the window '${String(value)}' is no number and granularity, such as '7 days'`,
  );
}

/** A name alone, or with what goes along. */
const namedInput = (value: unknown): Dict | undefined =>
  isText(value) ? { name: value } : isDict(value) ? value : undefined;

const commonInput = ({ name, filter, alias }: Dict): Dict => ({
  name,
  filter: filterOf(filter),
  alias: or(alias, null),
});

function measureInput(value: unknown): Dict | null {
  const given = namedInput(value);
  if (given === undefined) return null;
  return {
    ...commonInput(given),
    join_to_timespine: given.join_to_timespine === true,
    fill_nulls_with: or(given.fill_nulls_with, null),
  };
}

export function metricInput(value: unknown): Dict | null {
  const given = namedInput(value);
  if (given === undefined) return null;
  return {
    ...commonInput(given),
    offset_window: windowOf(given.offset_window),
    offset_to_grain: or(given.offset_to_grain, null),
  };
}

export function metricShape(entry: Dict): Dict {
  const given = isDict(entry.type_params) ? entry.type_params : {};
  const cumulative = isDict(given.cumulative_type_params) ? given.cumulative_type_params : {};
  return {
    description: or(entry.description, ''),
    label: or(entry.label, null),
    type: lower(entry.type),
    type_params: {
      measure: measureInput(given.measure),
      input_measures: [],
      numerator: metricInput(given.numerator),
      denominator: metricInput(given.denominator),
      expr: exprOf(given.expr),
      window: windowOf(given.window),
      grain_to_date: or(given.grain_to_date, null),
      metrics: (Array.isArray(given.metrics) ? given.metrics : []).map(metricInput),
      conversion_type_params: conversionOf(given.conversion_type_params),
      cumulative_type_params:
        entry.type === 'cumulative'
          ? {
              window: windowOf(or(cumulative.window, given.window)),
              grain_to_date: or(cumulative.grain_to_date, or(given.grain_to_date, null)),
              period_agg: or(cumulative.period_agg, 'first'),
              metric: metricInput(cumulative.metric),
            }
          : null,
      metric_aggregation_params: null,
      fill_nulls_with: null,
      join_to_timespine: false,
      is_private: null,
    },
    filter: filterOf(entry.filter),
    metadata: null,
    time_granularity: or(entry.time_granularity, null),
  };
}

function conversionOf(value: unknown): Dict | null {
  if (!isDict(value)) return null;
  return {
    base_measure: measureInput(value.base_measure),
    conversion_measure: measureInput(value.conversion_measure),
    base_metric: metricInput(value.base_metric),
    conversion_metric: metricInput(value.conversion_metric),
    entity: value.entity,
    calculation: or(value.calculation, 'conversion_rate'),
    window: windowOf(value.window),
    constant_properties: or(value.constant_properties, null),
  };
}

export const aggregation = { percentile: null, use_discrete_percentile: false, use_approximate_percentile: false };

function timeParams(value: unknown): Dict | null {
  return isDict(value)
    ? { time_granularity: lower(value.time_granularity), validity_params: validityOf(value.validity_params) }
    : null;
}

export const validityOf = (value: unknown): Dict | null =>
  isDict(value) ? { is_start: value.is_start === true, is_end: value.is_end === true } : null;

const part = (entry: Dict): Dict => ({
  name: entry.name,
  description: or(entry.description, null),
  label: or(entry.label, null),
  expr: exprOf(entry.expr),
  config: { meta: isDict(entry.config) && isDict(entry.config.meta) ? entry.config.meta : {} },
});

export const semanticModelShape = (entry: Dict): Dict => ({
  model: entry.model,
  node_relation: null,
  description: or(entry.description, null),
  label: or(entry.label, null),
  defaults: isDict(entry.defaults) ? { agg_time_dimension: or(entry.defaults.agg_time_dimension, null) } : null,
  entities: dicts(entry.entities).map((one) => ({ ...part(one), type: lower(one.type), role: or(one.role, null) })),
  measures: dicts(entry.measures).map((one) => ({
    ...part(one),
    agg: lower(one.agg),
    create_metric: false,
    agg_params: isDict(one.agg_params) ? { ...aggregation, ...one.agg_params } : null,
    non_additive_dimension: nonAdditiveOf(one.non_additive_dimension),
    agg_time_dimension: or(one.agg_time_dimension, null),
  })),
  dimensions: dicts(entry.dimensions).map((one) => ({
    ...part(one),
    type: lower(one.type),
    is_partition: one.is_partition === true,
    type_params: timeParams(one.type_params),
    metadata: null,
    datatype: null,
  })),
  metadata: null,
  primary_entity: or(entry.primary_entity, null),
});

interface ExportTarget {
  readonly schema: string;
  readonly database: string;
}

/** What is written on an export counts, then the config of its saved query. */
export const exportsOf = (entry: Dict, target: ExportTarget, owner: Readonly<Dict>): Dict[] =>
  dicts(entry.exports).map((one) => {
    const config = isDict(one.config) ? one.config : {};
    return {
      name: one.name,
      config: {
        export_as: or(config.export_as, or(owner.export_as, null)),
        schema_name: or(config.schema_name ?? config.schema, or(owner.schema, target.schema)),
        alias: or(config.alias, one.name),
        database: target.database,
      },
      unrendered_config: config,
    };
  });

export function savedQueryShape(entry: Dict): Dict {
  const given = isDict(entry.query_params) ? entry.query_params : {};
  return {
    query_params: {
      metrics: listOf(or(given.metrics, [])),
      group_by: listOf(or(given.group_by, [])),
      where: filterOf(given.where),
      order_by: listOf(or(given.order_by, [])),
      limit: or(given.limit, null),
    },
    exports: [],
    description: or(entry.description, null),
    label: or(entry.label, null),
    metadata: null,
  };
}
