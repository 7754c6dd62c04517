/** What must hold of the whole manifest once everything in it is linked. */
import { DuckhouseError, nearestNames } from '../../errors.ts';
import { fromJs, PyDate, str } from '../../jinja/index.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { isRelational } from './nodes.ts';
import type { ParseState } from './state.ts';

export function checkManifest(state: ParseState): void {
  const groups = new Set(Object.values(state.manifest.groups).map(({ name }) => name));
  const relations = new Map<string, ManifestNode>();
  const names = new Map<string, ManifestNode>();
  const hasVersions = Object.values(state.manifest.nodes).some(({ version = null }) => version !== null);
  for (const id in state.manifest.nodes) {
    const node = state.manifest.nodes[id] as ManifestNode;
    checkGroup(node, groups);
    if (node.resource_type === 'model') checkModel(node);
    if (node.resource_type === 'snapshot') checkSnapshot(node);
    if (isRelational(node) && node.resource_type !== 'test') {
      checkRelation(node, relations);
      if (hasVersions) checkName(node, names);
    }
  }
}

const bad = (node: ManifestNode, problem: string, hint?: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `${node.unique_id} (${node.original_file_path}): ${problem}`, {
    context: { node: node.unique_id, path: node.original_file_path },
    hint,
  });

function checkGroup(node: ManifestNode, groups: ReadonlySet<string>): void {
  if (!node.group || groups.has(node.group)) return;
  throw new DuckhouseError(
    'DataInvalid',
    `${node.unique_id} (${node.original_file_path}): group '${node.group}' does not exist`,
    {
      context: { node: node.unique_id, path: node.original_file_path, candidates: nearestNames(node.group, groups) },
      hint: `groups: ${[...groups].sort().join(', ') || 'none'}`,
    },
  );
}

const batchSizes = ['hour', 'day', 'month', 'year'];

function checkModel(node: ManifestNode): void {
  const { config } = node;
  if (node.access === 'public' && config.materialized === 'ephemeral')
    throw bad(node, 'an ephemeral model cannot be public: nothing of it is stored that others could read');
  if (config.materialized !== 'incremental' || config.incremental_strategy !== 'microbatch') return;
  if (typeof config.event_time !== 'string')
    throw bad(node, `a microbatch model must provide an 'event_time' config, the name of its time column`);
  if (config.begin === null || config.begin === undefined)
    throw bad(node, `a microbatch model must provide a 'begin' config, the earliest time to build`);
  const beginText = config.begin instanceof PyDate ? config.begin.str() : config.begin;
  if (typeof beginText !== 'string' || Number.isNaN(Date.parse(beginText)))
    throw bad(
      node,
      `'begin' of a microbatch model must be a date or time in ISO form, not '${str(fromJs(config.begin))}'`,
    );
  node.config = { ...config, begin: isoBegin(beginText) };
  if (!batchSizes.includes(config.batch_size as string))
    throw bad(
      node,
      `'batch_size' of a microbatch model must be one of ${batchSizes.join(', ')}, not ${JSON.stringify(config.batch_size)}`,
    );
  if (config.lookback !== null && !Number.isInteger(config.lookback))
    throw bad(node, `'lookback' of a microbatch model must be a whole number`);
}

/** A date alone is its midnight. */
const isoBegin = (text: string): string =>
  /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text.replace(' ', 'T');

function checkSnapshot(node: ManifestNode): void {
  const { strategy, unique_key: key, check_cols: columns, updated_at: updated } = node.config;
  if (!strategy || !key) throw bad(node, `a snapshot needs the configs 'strategy' and 'unique_key'`);
  if (strategy === 'check' && !columns)
    throw bad(node, `a snapshot with strategy 'check' needs the config 'check_cols'`);
  if (strategy === 'check' && typeof columns === 'string' && columns !== 'all')
    throw bad(node, `'check_cols' must be 'all' or a list of columns, not '${columns}'`);
  if (strategy === 'timestamp' && !updated)
    throw bad(node, `a snapshot with strategy 'timestamp' needs the config 'updated_at'`);
  if (strategy === 'timestamp' && columns)
    throw bad(node, `a snapshot with strategy 'timestamp' must not have 'check_cols'`);
  if (node.config.materialized !== 'snapshot')
    throw bad(node, `a snapshot must be materialized as 'snapshot', not '${node.config.materialized}'`);
}

function checkRelation(node: ManifestNode, relations: Map<string, ManifestNode>): void {
  const name = node.relation_name ?? '';
  const other = relations.get(name);
  if (other !== undefined)
    throw bad(
      node,
      `it and ${other.unique_id} (${other.original_file_path}) would both be stored as ${name}`,
      'give one of them another alias or schema',
    );
  relations.set(name, node);
}

function checkName(node: ManifestNode, names: Map<string, ManifestNode>): void {
  const key = `${node.package_name}.${node.name}`;
  const other = names.get(key);
  const [mine, theirs] = [node.version ?? null, other?.version ?? null];
  if (other !== undefined && (mine === null) !== (theirs === null))
    throw bad(node, `'${node.name}' is both a model with versions and one without: ${other.original_file_path}`);
  if (mine === null) names.set(key, node);
  else names.set(key, other ?? node);
}
