/** Time spines: models that have a row for every day, hour, or other grain. */
import { DuckhouseError } from '../../errors.ts';
import type { DbtManifest, Dict, ManifestNode } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';

/** The grains that are always known, from the finest. */
const grains = ['nanosecond', 'microsecond', 'millisecond', 'second', 'minute', 'hour', 'day'];
const legacyName = 'metricflow_time_spine';

export interface TimeSpines {
  readonly time_spines: readonly Dict[];
  /** The spine that is known by its name alone. */
  readonly time_spine_table_configurations: readonly Dict[];
}

export function timeSpinesOf(manifest: DbtManifest): TimeSpines {
  const models = Object.values(manifest.nodes).filter(({ resource_type }) => resource_type === 'model');
  const legacy = models.find(({ name, time_spine }) => name === legacyName && !isDict(time_spine));
  const isUsed = legacy !== undefined && Object.keys(manifest.semantic_models).length > 0;
  return {
    time_spines: models.filter(({ time_spine }) => isDict(time_spine)).map(spineOf),
    time_spine_table_configurations: isUsed
      ? [{ location: legacy.relation_name, column_name: 'date_day', grain: 'day' }]
      : [],
  };
}

function spineOf(node: ManifestNode): Dict {
  const spine = node.time_spine as Dict;
  const { alias, schema: schema_name, database, relation_name } = node;
  const name = String(spine.standard_granularity_column);
  return {
    node_relation: { alias, schema_name, database, relation_name },
    primary_column: { name, time_granularity: node.columns[name]?.granularity },
    custom_granularities: (spine.custom_granularities as Dict[]).map((one) => ({
      name: one.name,
      column_name: one.column_name ?? null,
    })),
  };
}

/** Throws for a spine whose columns are not described, and for semantic models without a spine of days or finer. */
export function checkTimeSpines(manifest: DbtManifest): void {
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as ManifestNode;
    if (isDict(node.time_spine)) checkSpine(node, node.time_spine);
  }
  if (Object.keys(manifest.semantic_models).length === 0) return;
  const { time_spines } = timeSpinesOf(manifest);
  const isFine = time_spines.some((one) => grains.includes(String((one.primary_column as Dict).time_granularity)));
  const hasLegacy = Object.values(manifest.nodes).some(
    ({ name, resource_type }) => name === legacyName && resource_type === 'model',
  );
  if (!isFine && !hasLegacy)
    throw new DuckhouseError('DataInvalid', 'the project has semantic models but no time spine of days or finer', {
      hint: 'give a model with a row per day the property time_spine: {standard_granularity_column: ...}',
    });
}

function checkSpine(node: ManifestNode, spine: Dict): void {
  const where = `${node.unique_id} (${node.original_file_path})`;
  const error = (problem: string): DuckhouseError =>
    new DuckhouseError('DataInvalid', `${where}: ${problem}`, { context: { node: node.unique_id } });
  const standard = spine.standard_granularity_column;
  const column = isText(standard) ? node.columns[standard] : undefined;
  const known = Object.keys(node.columns).join(', ') || 'none';
  if (column === undefined)
    throw error(`the time spine's column '${String(standard)}' is not described; described are: ${known}`);
  if (column.granularity === null) throw error(`the time spine's column '${column.name}' needs a granularity`);
  const missing = (spine.custom_granularities as Dict[])
    .map((one) => String(one.column_name ?? one.name))
    .filter((name) => !(name in node.columns));
  if (missing.length > 0)
    throw error(
      `columns of the time spine's granularities are not described: ${missing.join(', ')}; described are: ${known}`,
    );
}
