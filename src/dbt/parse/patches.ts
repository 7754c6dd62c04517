/** YAML properties laid on nodes that their files made: models, seeds, snapshots, analyses, singular tests. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, ManifestNode, NodeType } from '../manifest-types.ts';
import { deepMerge, isDict, isText } from '../plain.ts';
import { columnsOf, modelConstraintsOf } from './columns.ts';
import { contractChecksum, enforcing } from './contract.ts';
import { ownLists } from './memo.ts';
import { applyConfig, plural } from './nodes.ts';
import type { SchemaEntry, SchemaFile } from './schema-file.ts';
import type { ParseState } from './state.ts';
import { staticReference } from './static-ref.ts';

export interface NodePatch {
  readonly schema: SchemaFile;
  readonly key: 'models' | 'seeds' | 'snapshots' | 'analyses' | 'data_tests';
  readonly name: string;
  readonly entry: Dict;
  readonly config: Dict;
  /** The config as written, before its expressions were rendered. */
  readonly rawConfig: Dict;
  readonly version?: string | number | undefined;
  readonly latestVersion?: string | number | undefined;
  readonly columns: readonly Dict[];
}

const moved = ['meta', 'docs', 'group', 'contract', 'access'] as const;

/** Top-level properties that are configs too become configs. */
export function configOf(schema: SchemaFile, entry: Dict): Dict {
  const config: Dict = { ...(isDict(entry.config) ? entry.config : {}) };
  for (const key of moved) {
    if (entry[key] === undefined || entry[key] === null) continue;
    if (key in config)
      throw new DuckhouseError(
        'DataInvalid',
        `${schema.file.original}: '${key}' of '${String(entry.name)}' is given twice, as a property and under 'config'`,
        { context: { path: schema.file.original }, hint: `keep the one under 'config'` },
      );
    config[key] = entry[key];
  }
  return config;
}

export const patchFor = (
  schema: SchemaFile,
  key: NodePatch['key'],
  { raw, entry }: { readonly raw: Dict; readonly entry: SchemaEntry },
): NodePatch => ({
  schema,
  key,
  name: entry.name,
  entry,
  config: configOf(schema, entry),
  rawConfig: isDict(raw.config) ? raw.config : {},
  columns: (Array.isArray(entry.columns) ? entry.columns : []) as Dict[],
});

const typeOfKey: Readonly<Record<NodePatch['key'], NodeType>> = {
  models: 'model',
  seeds: 'seed',
  snapshots: 'snapshot',
  analyses: 'analysis',
  data_tests: 'test',
};

/** Applies a patch to the node of its name, enabled or disabled; a name without a node is a warning. */
export function applyPatch(state: ParseState, patch: NodePatch): void {
  const { key, name, schema } = patch;
  const { packageName } = schema.file;
  const type = typeOfKey[key];
  const node =
    key === 'analyses'
      ? state.analyses.find(name, packageName)
      : key === 'data_tests'
        ? state.singularTests.find(name, packageName)
        : (state.refs.find(name, packageName, null) ?? state.refs.find(name, null, null));
  if (node !== undefined && node.resource_type !== type) {
    state.warn({
      name: 'WrongResourceSchemaFile',
      message: `'${name}' is a ${node.resource_type}, but ${schema.file.original} describes it under '${key}'; it belongs under '${plural(node.resource_type)}'`,
    });
    return;
  }
  if (node !== undefined) {
    if (node.patch_path !== null) throw describedTwice(node, schema);
    patchNode(state, node, patch);
    return;
  }
  patchDisabled(state, patch, type);
}

function patchDisabled(state: ParseState, patch: NodePatch, type: NodeType): void {
  const { schema, name, key } = patch;
  const found = state.disabled.find(name, schema.file.packageName, [type]) as readonly ManifestNode[];
  if (found.length === 0) {
    state.warn({
      name: 'NoNodeForYamlKey',
      message: `did not find a ${type} named '${name}', which ${schema.file.original} describes under '${key}'`,
    });
    return;
  }
  if (found.length > 1 && patch.config.enabled === true)
    throw new DuckhouseError(
      'DataInvalid',
      `${schema.file.original}: ${found.length} disabled ${plural(type)} are named '${name}', and YAML cannot tell which to enable`,
      { context: { path: schema.file.original }, hint: 'enable one in its file or in dbt_project.yml' },
    );
  for (const node of found) patchNode(state, node, patch);
}

export const patchPath = (schema: SchemaFile): string => `${schema.file.packageName}://${schema.file.original}`;

const describedTwice = (node: ManifestNode, schema: SchemaFile): DuckhouseError =>
  new DuckhouseError(
    'AlreadyExists',
    `${node.resource_type} '${node.name}' is described twice: in ${node.patch_path?.split('://')[1]} and in ${schema.file.original}`,
    {
      id: 'dbt-described-twice',
      context: {
        node: node.unique_id,
        name: node.name,
        earlier: String(node.patch_path?.split('://')[1]),
        path: schema.file.original,
      },
      hint: 'keep one of the two descriptions',
    },
  );

function patchNode(state: ParseState, node: ManifestNode, patch: NodePatch): void {
  if (state.memo !== undefined) ownLists(node);
  if (Object.keys(patch.config).length > 0) applyConfig(state, node, patch.config, patch.rawConfig);
  setProperties(node, patch);
  if (node.resource_type === 'model') warnOfConstraints(state, node);
}

/** A versioned model's config depends on its name and version, so those come first. */
export function patchVersion(state: ParseState, node: ManifestNode, patch: NodePatch): void {
  if (state.memo !== undefined) ownLists(node);
  setProperties(node, patch);
  applyConfig(state, node, patch.config, patch.rawConfig);
  finishModel(node, patch);
  warnOfConstraints(state, node);
}

function setProperties(node: ManifestNode, patch: NodePatch): void {
  const { entry, schema } = patch;
  node.patch_path = patchPath(schema);
  node.description = isText(entry.description) ? entry.description : '';
  if (patch.key === 'data_tests') return;
  node.columns = columnsOf(patch.columns, node.unique_id);
  node.name = patch.name;
  if (node.resource_type === 'model') setModelProperties(node, patch);
}

function setModelProperties(node: ManifestNode, patch: NodePatch): void {
  const { entry } = patch;
  node.version = patch.version ?? null;
  node.latest_version = patch.latestVersion ?? null;
  node.deprecation_date = dateText(entry.deprecation_date);
  if (isDict(entry.time_spine)) node.time_spine = timeSpineOf(entry.time_spine);
  finishModel(node, patch);
}

const moment = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?\s*(Z|[+-]\d\d:\d\d)?$/;

/** As Python writes it; a date alone is its midnight, without a zone it is UTC. */
function momentText(text: string): string {
  const [, day, minute = '00:00', second = '00', fraction, zone = 'Z'] = moment.exec(text) ?? [];
  if (day === undefined) return text;
  const parts = fraction === undefined ? '' : `.${fraction.padEnd(6, '0')}`;
  return `${day}T${minute}:${second}${parts}${zone === 'Z' ? '+00:00' : zone}`;
}

const timeSpineOf = (given: Dict): Dict => ({
  ...given,
  custom_granularities: (Array.isArray(given.custom_granularities) ? given.custom_granularities : []).map(
    (one: unknown) => (isDict(one) ? { name: one.name, column_name: null, ...one } : one),
  ),
});

const dateText = (value: unknown): string | null =>
  value === undefined || value === null
    ? null
    : momentText(isText(value) ? value : String(JSON.parse(JSON.stringify(value))));

function finishModel(node: ManifestNode, patch: NodePatch): void {
  const constraints = modelConstraintsOf(patch.entry.constraints, node.unique_id);
  if (node.contract.enforced && Object.keys(node.columns).length === 0)
    throw new DuckhouseError(
      'DataInvalid',
      `${node.unique_id} (${node.original_file_path}): a contract is enforced, but no columns are described`,
      {
        context: { node: node.unique_id, path: node.original_file_path },
        hint: 'list the columns with their data_type in YAML',
      },
    );
  if (node.contract.enforced && node.language !== 'sql')
    throw new DuckhouseError(
      'DataInvalid',
      `${node.unique_id} (${node.original_file_path}): a contract can be enforced on models in SQL only`,
      { context: { node: node.unique_id, path: node.original_file_path } },
    );
  checkPrimaryKeys(node, constraints);
  const isNew = node.constraints?.length === 0;
  node.constraints = constraints;
  if (isNew) referForeignKeys(node);
  node.contract.checksum = contractChecksum(node);
}

/** Of columns alone, as in dbt: the constraints of the model are not yet its own here. */
function warnOfConstraints(state: ParseState, node: ManifestNode): void {
  const materialized = String(node.config.materialized);
  if (!node.contract.enforced || enforcing.has(materialized)) return;
  const told = Object.values(node.columns).some(({ constraints }) => constraints.some((one) => one.warn_unsupported));
  if (!told) return;
  state.warn({
    name: 'UnsupportedConstraintMaterialization',
    message: `${node.unique_id} (${node.original_file_path}): constraints do nothing for '${materialized}', only for tables and incremental models; 'warn_unsupported: false' of a constraint silences this`,
    data: { materialized },
  });
}

function checkPrimaryKeys(node: ManifestNode, constraints: readonly { readonly type: string }[]): void {
  const keys = Object.values(node.columns).filter((column) =>
    column.constraints.some(({ type }) => type === 'primary_key'),
  );
  const inModel = constraints.some(({ type }) => type === 'primary_key');
  if (keys.length <= 1 && !(keys.length === 1 && inModel)) return;
  throw new DuckhouseError(
    'DataInvalid',
    `${node.unique_id} (${node.original_file_path}): ${inModel ? 'primary keys are given both for the model and for columns' : `several columns are primary keys: ${keys.map(({ name }) => name).join(', ')}`}`,
    { context: { node: node.unique_id }, hint: 'give one primary_key constraint of the model, with its columns' },
  );
}

function referForeignKeys(node: ManifestNode): void {
  const all = [...(node.constraints ?? []), ...Object.values(node.columns).flatMap(({ constraints }) => constraints)];
  for (const { type, to } of all) {
    if (type !== 'foreign_key' || to === null || to === undefined || to === '') continue;
    const found = staticReference(to);
    if (found?.ref !== undefined) node.refs.push(found.ref);
    else if (found?.source !== undefined) node.sources.push(found.source);
    else
      throw new DuckhouseError(
        'DataInvalid',
        `${node.unique_id}: 'to' of a foreign key must be ref(...) or source(...), not ${to}`,
        {
          context: { node: node.unique_id },
        },
      );
  }
}

export const mergedConfig = (config: Dict, over: unknown): Dict => deepMerge(config, isDict(over) ? over : {});
