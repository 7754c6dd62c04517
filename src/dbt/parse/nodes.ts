/** Makes nodes, gives them their config and names, and puts them into the manifest. */
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { Contract, Dict, Docs, FileChecksum, ManifestNode, NodeConfig, NodeType } from '../manifest-types.ts';
import { deepMerge, pathParts, withoutExtension } from '../plain.ts';
import type { ConfigRequest } from './config.ts';
import { configKindOf } from './config-kinds.ts';
import type { FoundFile } from './files.ts';
import { quotingOf, renderRelation } from './relation-name.ts';
import type { Captured, ParseState } from './state.ts';

export interface NodeSource {
  readonly type: NodeType;
  readonly packageName: string;
  readonly name: string;
  readonly path: string;
  readonly original: string;
  readonly fqn: string[];
  readonly code: string;
  readonly checksum: FileChecksum;
  readonly uniqueId?: string;
  readonly language?: 'sql' | 'python';
  readonly tags?: string[];
}

/** The node of a file that makes one, named as the file. */
export function createFileNode(
  state: ParseState,
  file: FoundFile,
  {
    path = file.relative,
    ...of
  }: Pick<NodeSource, 'type' | 'code' | 'checksum' | 'language'> & { readonly path?: string },
): ManifestNode {
  const { packageName, original } = file;
  const name = baseName(file.relative);
  return createNode(state, { ...of, packageName, name, path, original, fqn: fqnOf(packageName, path, name) });
}

/** Package, folders of the path, name. */
export const fqnOf = (packageName: string, relative: string, name: string): string[] => [
  packageName,
  ...pathParts(withoutExtension(relative)).slice(0, -1),
  name,
];

const noContract = (): Contract => ({ enforced: false, alias_types: true, checksum: null });

/** A node as it is before its config and properties are known. */
export function createNode(state: Pick<ParseState, 'profile' | 'projects' | 'now'>, source: NodeSource): ManifestNode {
  const { type, packageName, name } = source;
  const { profile } = state;
  const node: ManifestNode = {
    database: profile.database,
    schema: profile.schema,
    name,
    resource_type: type,
    package_name: packageName,
    path: source.path,
    original_file_path: source.original,
    unique_id: source.uniqueId ?? `${type}.${packageName}.${name}`,
    fqn: source.fqn,
    alias: name,
    checksum: source.checksum,
    config: emptyConfig,
    tags: source.tags ?? [],
    description: '',
    columns: {},
    meta: {},
    group: null,
    docs: { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    unrendered_config: {},
    created_at: state.now,
    relation_name: null,
    raw_code: source.code,
    doc_blocks: [],
    ...(type === 'seed'
      ? { root_path: state.projects.get(packageName)?.root ?? null, depends_on: { macros: [] } as never }
      : {
          language: source.language ?? 'sql',
          refs: [],
          sources: [],
          metrics: [],
          functions: [],
          depends_on: { macros: [], nodes: [] },
          compiled_path: null,
          contract: noContract(),
        }),
  } as ManifestNode;
  if (type === 'model') {
    node.access = 'protected';
    node.constraints = [];
    node.version = null;
    node.latest_version = null;
    node.deprecation_date = null;
    node.primary_key = [];
    node.time_spine = null;
  }
  return node;
}

const emptyConfig = {} as NodeConfig;

export function takeCaptured(node: ManifestNode, captured: Captured): void {
  if (node.resource_type === 'seed') checkSeedHooks(node, captured);
  else {
    node.refs.push(...captured.refs);
    node.sources.push(...captured.sources);
    node.metrics.push(...captured.metrics);
    node.functions.push(...captured.functions);
  }
  for (const id of captured.macros) if (!node.depends_on.macros.includes(id)) node.depends_on.macros.push(id);
}

/** A seed depends on the macros of its hooks alone. */
function checkSeedHooks({ unique_id: id, original_file_path: file }: ManifestNode, captured: Captured): void {
  const { refs, sources, metrics } = captured;
  if (refs.length + sources.length + metrics.length === 0) return;
  const message = `${id} (${file}): seeds cannot depend on other nodes, and a hook of this one calls ref, source or metric`;
  throw new DuckhouseError('DataInvalid', message, { context: { node: id, path: file } });
}

/** Works out config and names of a node from all that is known now; called again when YAML adds to it. */
export function applyConfig(
  state: ParseState,
  node: ManifestNode,
  patch?: Readonly<Dict>,
  rawPatch: Readonly<Dict> = {},
): void {
  const known = state.calls.get(node);
  const python = node.language === 'python' && node.resource_type === 'model' && patch?.materialized === undefined;
  const request: ConfigRequest = {
    type: node.resource_type,
    packageName: node.package_name,
    fqn: node.fqn,
    calls: known?.calls,
    patch: python ? { ...patch, materialized: 'table' } : patch,
  };
  const config = state.configs.build(request, node) as NodeConfig;
  node.unrendered_config = state.configs.unrendered({ ...request, ...writtenConfig(state, node, request, rawPatch) });
  copyToNode(node, config);
  const given = { database: config.database, schema: config.schema, alias: config.alias };
  keepEarlier(config, node.config === emptyConfig ? state.configs.fromTrees(request) : node.config, node.resource_type);
  node.config = config;
  nameRelation(state, node, given);
  if (node.resource_type !== 'test') captureHooks(state, node);
}

/** YAML and calls as they are written; projects may ask for rendered ones, as dbt once had them. */
function writtenConfig(
  { calls, flags }: ParseState,
  node: ManifestNode,
  { patch }: ConfigRequest,
  rawPatch: Readonly<Dict>,
): Pick<ConfigRequest, 'calls' | 'patch'> {
  const known = calls.get(node);
  if (flags.STATE_MODIFIED_COMPARE_MORE_UNRENDERED_VALUES === false) return { patch, calls: known?.calls };
  if (patch === undefined) return { patch, calls: known?.unrendered ?? known?.calls };
  return { patch: deepMerge(patch, rawPatch), calls: known?.patched ?? known?.unrendered ?? known?.calls };
}

function copyToNode(node: ManifestNode, config: NodeConfig): void {
  for (const tag of config.tags) if (!node.tags.includes(tag)) node.tags.push(tag);
  if (hasKeys(config.meta)) node.meta = config.meta;
  if (config.group) node.group = config.group;
  if (node.resource_type === 'model' && config.access)
    node.access = config.access as 'private' | 'protected' | 'public';
  const docs = config.docs as Docs | undefined;
  if (docs !== undefined) node.docs = { show: docs.show ?? node.docs.show, node_color: docs.node_color ?? null };
  const contract = config.contract as Partial<Contract> | undefined;
  if (contract !== undefined && node.resource_type !== 'seed')
    node.contract = { ...noContract(), ...contract, checksum: node.contract.checksum };
}

const hasKeys = (value: object | undefined): boolean => {
  for (const _ in value) return true;
  return false;
};

/** Of the keys that dbt knows, one that a level sets to null keeps what an earlier pass had found. */
function keepEarlier(config: Dict, earlier: Readonly<Dict>, type: NodeType): void {
  const { defaults } = configKindOf(type);
  for (const key in defaults)
    if (config[key] === null && earlier[key] !== null && earlier[key] !== undefined) config[key] = earlier[key];
}

interface GivenNames {
  readonly database: string | null;
  readonly schema: string | null;
  readonly alias: string | null;
}

function nameRelation(state: ParseState, node: ManifestNode, given: GivenNames): void {
  const { generateName } = state.renderer;
  node.database = generateName('database', given.database, node);
  node.schema = generateName('schema', given.schema, node) as string;
  if (node.schema === null) tellNoSchema(state, node);
  node.alias = generateName('alias', given.alias, node) as string;
  const { target_database: database, target_schema: dbSchema } = node.config;
  if (node.resource_type === 'snapshot' && typeof database === 'string' && database !== '') node.database = database;
  if (node.resource_type === 'snapshot' && typeof dbSchema === 'string' && dbSchema !== '') node.schema = dbSchema;
  node.relation_name = isRelational(node)
    ? renderRelation(
        { database: node.database, schema: node.schema, identifier: node.alias },
        quotingOf(state.root.quoting, node.config.quoting as Dict | undefined),
      )
    : null;
}

function tellNoSchema({ warn, flags }: ParseState, { unique_id: id, original_file_path: file }: ManifestNode): void {
  const message = `generate_schema_name() gives no schema for ${id} (${file})`;
  if (flags.REQUIRE_VALID_SCHEMA_FROM_GENERATE_SCHEMA_NAME === true)
    throw new DuckhouseError('DataInvalid', message, { context: { node: id, path: file } });
  warn({ name: 'GenerateSchemaNameNullValueDeprecation', message, data: { resource_unique_id: id } });
}

/** Whether running the node leaves a relation behind. */
export function isRelational(node: ManifestNode): boolean {
  const { resource_type: type, config } = node;
  if (type === 'test') return config.store_failures === true;
  if (type === 'model') return config.materialized !== 'ephemeral';
  return type === 'seed' || type === 'snapshot';
}

function captureHooks(state: ParseState, node: ManifestNode): void {
  for (const hook of [...(node.config['pre-hook'] ?? []), ...(node.config['post-hook'] ?? [])]) {
    if (!hook.sql.includes('{')) continue;
    takeCaptured(node, state.renderer.captureText(node, hook.sql));
  }
}

/** An enabled node goes among the nodes, another among the disabled ones. */
export function addNode(state: ParseState, node: ManifestNode): void {
  if (node.config.enabled) addEnabled(state, node);
  else addDisabled(state, node);
}

export function addEnabled(state: ParseState, node: ManifestNode): void {
  const { nodes } = state.manifest;
  const earlier = nodes[node.unique_id];
  if (earlier !== undefined) throw duplicateNode(earlier, node);
  nodes[node.unique_id] = node;
  state.refs.add(node);
  if (node.resource_type === 'analysis') state.analyses.set(node.name, node);
}

export function addDisabled(state: ParseState, node: ManifestNode): void {
  const { disabled } = state.manifest;
  const others = disabled[node.unique_id];
  if (others === undefined) disabled[node.unique_id] = [node];
  else others.push(node);
}

const duplicateNode = (a: ManifestNode, b: ManifestNode): DuckhouseError =>
  new DuckhouseError(
    'AlreadyExists',
    a.resource_type === 'test'
      ? `two tests are named '${a.name}': one in ${a.original_file_path}, one in ${b.original_file_path}`
      : `two ${plural(a.resource_type)} are named '${a.name}': ${a.original_file_path} and ${b.original_file_path}`,
    {
      id: 'dbt-names-twice',
      context: { node: a.unique_id, name: a.name, earlier: a.original_file_path, path: b.original_file_path },
      hint:
        a.resource_type === 'test'
          ? "give one of them a 'name', or different arguments"
          : `ref('${a.name}') could mean either; rename one of the files`,
    },
  );

export const plural = (type: string): string =>
  type === 'analysis' ? 'analyses' : type.endsWith('y') ? `${type.slice(0, -1)}ies` : `${type}s`;

export const baseName = (relative: string): string => withoutExtension(path.posix.basename(relative));
