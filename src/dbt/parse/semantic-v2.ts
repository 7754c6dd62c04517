/** The form in which a model's own properties and columns say what it means. */
import type { ColumnInfo, Dict } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import {
  aggregation,
  dicts,
  exprOf,
  filterOf,
  lower,
  metricInput,
  or,
  validityOf,
  windowOf,
} from './semantic-shape.ts';

const metaOf = (config: unknown): Dict => (isDict(config) && isDict(config.meta) ? config.meta : {});

export interface ColumnSemantics {
  readonly columns: Readonly<Dict<ColumnInfo>>;
  readonly description: string;
}

export function columnSemanticShape(entry: Dict, { columns, description }: ColumnSemantics): Dict {
  const derived = isDict(entry.derived_semantics) ? entry.derived_semantics : {};
  const all = Object.values(columns);
  return {
    model: `ref('${String(entry.name)}')`,
    node_relation: null,
    description,
    label: null,
    defaults: { agg_time_dimension: or(entry.agg_time_dimension, null) },
    entities: [...all.flatMap(columnEntity), ...dicts(derived.entities).map(derivedEntity)],
    measures: [],
    dimensions: [...all.flatMap(columnDimension), ...dicts(derived.dimensions).map(derivedDimension)],
    metadata: null,
    primary_entity: or(entry.primary_entity, null),
  };
}

function columnEntity({ name, description, entity, config }: ColumnInfo): Dict[] {
  if (isText(entity))
    return [
      { name, type: lower(entity), description, label: null, role: null, expr: null, config: { meta: config.meta } },
    ];
  if (!isDict(entity)) return [];
  const own = isText(entity.name) ? entity.name : name;
  return [
    {
      name: own,
      type: lower(entity.type),
      description: or(entity.description, null),
      label: or(entity.label, null),
      role: null,
      expr: own === name ? null : name,
      config: { meta: isDict(entity.config) && isDict(entity.config.meta) ? entity.config.meta : config.meta },
    },
  ];
}

const derivedEntity = (one: Dict): Dict => ({
  name: one.name,
  type: lower(one.type),
  description: or(one.description, null),
  label: or(one.label, null),
  role: null,
  expr: or(one.expr, null),
  config: { meta: metaOf(one.config) },
});

const plainDimension = {
  label: null,
  is_partition: false,
  type_params: null,
  expr: null,
  metadata: null,
  datatype: null,
};

function columnDimension({ name, description, dimension, granularity, config }: ColumnInfo): Dict[] {
  if (isText(dimension))
    return [{ ...plainDimension, name, type: lower(dimension), description, config: { meta: config.meta } }];
  if (!isDict(dimension)) return [];
  const own = isText(dimension.name) ? dimension.name : name;
  const validity_params = validityOf(dimension.validity_params);
  return [
    {
      ...plainDimension,
      name: own,
      type: lower(dimension.type),
      description: dimension.description || description,
      label: or(dimension.label, null),
      is_partition: dimension.is_partition === true,
      type_params: granularity === null ? null : { time_granularity: granularity, validity_params },
      expr: own === name ? null : name,
      config: { meta: { ...config.meta, ...metaOf(dimension.config) } },
    },
  ];
}

const derivedDimension = (one: Dict): Dict => ({
  ...plainDimension,
  name: one.name,
  type: lower(one.type),
  description: or(one.description, null),
  label: or(one.label, null),
  is_partition: one.is_partition === true,
  type_params: isText(one.granularity)
    ? { time_granularity: one.granularity, validity_params: validityOf(one.validity_params) }
    : null,
  expr: or(one.expr, null),
  config: { meta: metaOf(one.config) },
});

export interface MetricOwner {
  /** The semantic model that a simple metric measures. */
  readonly model?: string;
  readonly timeDimension?: unknown;
}

export function columnMetricShape(entry: Dict, owner: MetricOwner): Dict {
  const type = lower(entry.type ?? 'simple');
  return {
    description: or(entry.description, ''),
    label: or(entry.label, null),
    type,
    type_params: {
      measure: null,
      input_measures: [],
      numerator: metricInput(entry.numerator),
      denominator: metricInput(entry.denominator),
      expr: exprOf(entry.expr),
      window: null,
      grain_to_date: null,
      metrics: (Array.isArray(entry.input_metrics) ? entry.input_metrics : []).map(metricInput),
      conversion_type_params: type === 'conversion' ? conversion(entry) : null,
      cumulative_type_params:
        type === 'cumulative'
          ? {
              window: windowOf(entry.window),
              grain_to_date: or(entry.grain_to_date, null),
              period_agg: or(entry.period_agg, 'first'),
              metric: metricInput(entry.input_metric),
            }
          : null,
      metric_aggregation_params: isText(entry.agg) ? aggregationOf(entry, owner) : null,
      fill_nulls_with: null,
      join_to_timespine: entry.join_to_timespine === true,
      is_private: entry.hidden === true,
    },
    filter: filterOf(entry.filter),
    metadata: null,
    time_granularity: or(entry.time_granularity, null),
  };
}

const conversion = (entry: Dict): Dict => ({
  base_measure: null,
  conversion_measure: null,
  base_metric: metricInput(entry.base_metric),
  conversion_metric: metricInput(entry.conversion_metric),
  entity: entry.entity,
  calculation: or(entry.calculation, 'conversion_rate'),
  window: windowOf(entry.window),
  constant_properties: or(entry.constant_properties, null),
});

function aggregationOf(entry: Dict, { model, timeDimension }: MetricOwner): Dict {
  const kind = isText(entry.percentile_type) ? entry.percentile_type.toLowerCase() : '';
  const without = entry.non_additive_dimension;
  return {
    semantic_model: model,
    agg: lower(entry.agg),
    agg_params: {
      ...aggregation,
      percentile: or(entry.percentile, null),
      use_discrete_percentile: kind === 'discrete',
      use_approximate_percentile: kind === 'continuous',
    },
    agg_time_dimension: or(entry.agg_time_dimension, or(timeDimension, null)),
    non_additive_dimension: isDict(without)
      ? { name: without.name, window_choice: or(without.window_agg, null), window_groupings: or(without.group_by, []) }
      : null,
  };
}
