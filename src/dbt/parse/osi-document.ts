/** `osi_document.json`: semantic models and metrics in the open format for their interchange. */
import path from 'node:path';
import type { Dict } from '../manifest-types.ts';
import { writeWhole } from '../whole-file.ts';
import { MetricExpressions, measureExpression } from './osi-metrics.ts';
import { pythonJson } from './semantic-manifest.ts';

const dialect = 'ANSI_SQL';

/** Told of what the format cannot say. */
export type TellLoss = (message: string) => void;

/** Writes what `semantic_manifest.json` holds once more; what cannot be written is told of. */
export function writeOsiDocument(semantics: Dict, folder: string, tell: TellLoss): void {
  let text: string;
  try {
    text = pythonJson(osiDocument(semantics, tell));
  } catch (error) {
    tell(`OSI document could not be generated: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  writeWhole(path.join(folder, 'osi_document.json'), text);
}

function osiDocument(semantics: Dict, tell: TellLoss): Dict {
  const models = (semantics.semantic_models as readonly Dict[]).map(lowerCased);
  const metrics = semantics.metrics as readonly Dict[];
  const datasets = models.map(dataset);
  const relationships = relationshipsOf(models, tell);
  const expressions = new MetricExpressions(models, metrics);
  const told = metrics.filter((metric) => isTold(metric, tell)).map((metric) => osiMetric(metric, expressions));
  const model = {
    name: 'semantic_model',
    datasets,
    ...filled({ relationships: listOrNone(relationships), metrics: listOrNone(told) }),
  };
  return { version: '0.1.1', dialects: [dialect], semantic_model: [model] };
}

/** Without what is not said. */
const filled = (given: Dict): Dict =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));

const listOrNone = (list: readonly unknown[]): unknown => (list.length > 0 ? list : undefined);

const elements = ['entities', 'dimensions', 'measures'] as const;

/** Names of models and of what is in them are compared in lower case. */
const lowerCased = (model: Dict): Dict => ({
  ...model,
  name: lower(model.name),
  ...Object.fromEntries(
    elements.map((kind) => [kind, (model[kind] as readonly Dict[]).map((one) => ({ ...one, name: lower(one.name) }))]),
  ),
});

const lower = (name: unknown): string => String(name).toLowerCase();

const expression = (text: unknown): Dict => ({ dialects: [{ dialect, expression: String(text) }] });

function dataset(model: Dict): Dict {
  const entities = model.entities as readonly Dict[];
  const keysOf = (type: string): string[][] =>
    entities.filter((entity) => entity.type === type).map((entity) => [columnOf(entity)]);
  const fields = [
    ...entities.map((entity) => field(entity, {})),
    ...(model.dimensions as readonly Dict[]).map((dimension) =>
      field(dimension, { dimension: { is_time: dimension.type === 'time' }, datatype: dataType(dimension.datatype) }),
    ),
    ...(model.measures as readonly Dict[]).map((measure) =>
      field({ ...measure, expr: measureExpression(measure) }, {}),
    ),
  ];
  return filled({
    name: model.name,
    source: (model.node_relation as Dict).relation_name,
    primary_key: keysOf('primary').at(-1),
    unique_keys: listOrNone(keysOf('unique')),
    description: model.description,
    fields: listOrNone(fields),
  });
}

const columnOf = ({ name, expr }: Dict): string => String(expr ?? name);

const field = (element: Dict, own: Dict): Dict =>
  filled({
    name: element.name,
    expression: expression(columnOf(element)),
    ...own,
    label: element.label,
    description: element.description,
  });

/** `datetime_tz` is `DateTimeTz`. */
const dataType = (type: unknown): string | undefined =>
  typeof type === 'string'
    ? type.replace('datetime', 'date_time').replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
    : undefined;

function isTold({ name, type, type_params: params }: Dict, tell: TellLoss): boolean {
  const lost = (why: string): void => tell(`Metric '${String(name)}' was ${why}`);
  const isPrivate = (params as Dict).is_private === true;
  if (type === 'conversion')
    lost('excluded from the OSI document: conversion metrics cannot be represented in the OSI format.');
  else if (isPrivate) lost('excluded from the OSI document: private metrics are not included in OSI output.');
  else if (type === 'cumulative')
    lost('included in the OSI document, but its cumulative window and grain semantics cannot be represented.');
  return type !== 'conversion' && !isPrivate;
}

const osiMetric = (metric: Dict, expressions: MetricExpressions): Dict =>
  filled({
    name: metric.name,
    expression: expression(expressions.of(metric)),
    datatype: dataType(metric.datatype),
    description: metric.description,
  });

interface Side {
  readonly model: string;
  readonly column: string;
  readonly isOne: boolean;
}

/** Every two models with an entity of one name can be joined by it. */
function relationshipsOf(models: readonly Dict[], tell: TellLoss): Dict[] {
  const sides = new Map<string, Side[]>();
  for (const model of models)
    for (const entity of model.entities as readonly Dict[]) {
      const name = String(entity.name);
      if (entity.type === 'natural') {
        tell(
          `Entity '${name}' was excluded from the OSI document: natural entities have no equivalent in the OSI format.`,
        );
        continue;
      }
      const isOne = entity.type === 'primary' || entity.type === 'unique';
      const side = { model: String(model.name), column: columnOf(entity), isOne };
      sides.set(name, [...(sides.get(name) ?? []), side]);
    }
  return [...sides].flatMap(([name, all]) => pairsOf(all).map(([from, to]) => relationship(name, from, to)));
}

const relationship = (name: string, from: Side, to: Side): Dict => ({
  name: `${from.model}__${to.model}__${name}`,
  from: from.model,
  to: to.model,
  from_columns: [from.column],
  to_columns: [to.column],
});

/** From the side with many rows to the one with one; among equals by the alphabet. */
function pairsOf(sides: readonly Side[]): (readonly [Side, Side])[] {
  return sides.flatMap((a, i) =>
    sides
      .slice(i + 1)
      .filter((b) => b.model !== a.model)
      .map((b) => {
        const isTurned = a.isOne === b.isOne ? a.model > b.model : a.isOne;
        return isTurned ? ([b, a] as const) : ([a, b] as const);
      }),
  );
}
