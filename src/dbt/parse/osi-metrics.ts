/** Metrics as SQL expressions, with all that they are made of in them. */
import { floatRepr } from '../../jinja/index.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import { filterText, joined } from './osi-filters.ts';

/** What a simple metric aggregates. */
interface Aggregate {
  readonly agg: string;
  readonly expr: string;
  readonly model: string;
  readonly params: Dict;
}

/** Expressions of metrics, whose measures and metrics are found by their names. */
export class MetricExpressions {
  readonly #metrics: ReadonlyMap<unknown, Dict>;
  readonly #measures: ReadonlyMap<unknown, Aggregate>;

  constructor(models: readonly Dict[], metrics: readonly Dict[]) {
    this.#metrics = new Map(metrics.map((metric) => [metric.name, metric]));
    this.#measures = new Map(
      models.flatMap((model) => (model.measures as readonly Dict[]).map((measure) => measureOf(model, measure))),
    );
  }

  of(metric: Dict, outer?: string): string {
    const filter = joined(outer, filterText(metric.filter));
    const params = metric.type_params as Dict;
    switch (metric.type) {
      case 'simple':
        return this.#simple(metric, params, outer);
      case 'cumulative':
        return this.#cumulative(metric, params, filter);
      case 'ratio':
        return `(${this.#input(params.numerator, filter)}) / (${this.#input(params.denominator, filter)})`;
      case 'derived':
        return this.#derived(params, filter);
      default:
        throw new Error(`'${String(metric.name)}' is a ${String(metric.type)} metric, which is no expression`);
    }
  }

  #simple(metric: Dict, params: Dict, outer: string | undefined): string {
    const { measure } = params;
    const own = isDict(measure) ? filterText(measure.filter, metric.filter) : filterText(metric.filter);
    const found = isDict(measure) ? this.#measure(measure.name) : ownAggregate(metric, params);
    return aggregated(found, joined(outer, own));
  }

  #cumulative(metric: Dict, params: Dict, filter: string | undefined): string {
    const input = isDict(params.cumulative_type_params) ? params.cumulative_type_params.metric : undefined;
    if (isDict(input)) return this.#input(input, filter);
    const { measure } = params;
    if (!isDict(measure)) throw new Error(`metric '${String(metric.name)}' adds up nothing`);
    return aggregated(this.#measure(measure.name), joined(filter, filterText(measure.filter)));
  }

  #derived(params: Dict, filter: string | undefined): string {
    let text = String(params.expr ?? '');
    for (const input of (params.metrics ?? []) as readonly Dict[]) {
      const { type } = this.#metric(input.name);
      const found = this.#input(input, filter);
      const told = type === 'derived' || type === 'ratio' ? `(${found})` : found;
      text = text.replace(new RegExp(`\\b${escaped(String(input.alias ?? input.name))}\\b`, 'g'), () => told);
    }
    return text;
  }

  #input(input: unknown, filter: string | undefined): string {
    if (!isDict(input)) throw new Error('a metric names nothing that it is made of');
    return this.of(this.#metric(input.name), joined(filter, filterText(input.filter)));
  }

  #metric(name: unknown): Dict {
    const found = this.#metrics.get(name);
    if (found === undefined) throw new Error(`no metric is named '${String(name)}'`);
    return found;
  }

  #measure(name: unknown): Aggregate {
    const found = this.#measures.get(name);
    if (found === undefined) throw new Error(`no measure is named '${String(name)}'`);
    return found;
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const measureOf = (model: Dict, measure: Dict): readonly [unknown, Aggregate] => {
  const expr = measureExpression(measure) ?? String(measure.name);
  const params = isDict(measure.agg_params) ? measure.agg_params : {};
  return [measure.name, { agg: aggOf(measure.agg), expr, model: String(model.name), params }];
};

/** Counts and sums of conditions are sums of ones. */
export function measureExpression({ agg, expr, name }: Dict): string | undefined {
  const given = expr === null || expr === undefined || expr === '' ? undefined : String(expr);
  if (agg === 'sum_boolean') return `CASE WHEN ${given ?? String(name)} THEN 1 ELSE 0 END`;
  if (agg !== 'count' || given === '1') return given;
  if (given === undefined) throw new Error(`'${String(name)}' counts, and says not what: it needs an expr`);
  return `CASE WHEN ${given} IS NOT NULL THEN 1 ELSE 0 END`;
}

const aggOf = (agg: unknown): string => (agg === 'count' || agg === 'sum_boolean' ? 'sum' : String(agg));

function ownAggregate(metric: Dict, { metric_aggregation_params: own, expr }: Dict): Aggregate {
  if (!isDict(own)) throw new Error(`metric '${String(metric.name)}' aggregates nothing`);
  const { agg, agg_params, semantic_model } = own;
  const params = isDict(agg_params) ? agg_params : {};
  const text = measureExpression({ agg, expr, name: metric.name }) ?? String(metric.name);
  return { agg: aggOf(agg), expr: text, model: String(semantic_model), params };
}

const functions: Readonly<Record<string, string>> = { sum: 'SUM', min: 'MIN', max: 'MAX', average: 'AVG' };

function aggregated({ agg, expr, model, params }: Aggregate, filter: string | undefined): string {
  const column = qualified(expr, model);
  const value = filter === undefined ? column : `CASE WHEN ${filter} THEN ${column} END`;
  if (agg === 'count_distinct') return `COUNT(DISTINCT ${value})`;
  if (agg !== 'median' && agg !== 'percentile') return `${functions[agg] ?? agg.toUpperCase()}(${value})`;
  const share = Number(agg === 'median' ? 0.5 : (params.percentile ?? 0.5));
  const kind = params.use_discrete_percentile === true ? 'PERCENTILE_DISC' : 'PERCENTILE_CONT';
  return `${kind}(${floatRepr(share)}) WITHIN GROUP (ORDER BY ${value})`;
}

/** A column alone gets the name of its semantic model. */
function qualified(expr: string, model: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(expr)) return `${model}.${expr}`;
  const counted = /^CASE WHEN ([A-Za-z_][A-Za-z0-9_]*) IS NOT NULL THEN 1 ELSE 0 END$/.exec(expr)?.[1];
  return counted === undefined ? expr : `CASE WHEN ${model}.${counted} IS NOT NULL THEN 1 ELSE 0 END`;
}
