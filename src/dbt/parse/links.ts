/** Turns the names in refs, sources, metrics and functions into the ids of what they mean. */
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type {
  DependsOn,
  Dict,
  ExposureNode,
  ManifestNode,
  RefArgs,
  SemanticNode,
  SourceNode,
} from '../manifest-types.ts';
import { searchOrder } from './lookups.ts';
import type { ParseState } from './state.ts';

type Linked = ManifestNode | ExposureNode | SemanticNode;

export function linkSources(state: ParseState): void {
  forEachLinked(state, (node) => linkSourcesOf(state, node));
}

function linkSourcesOf(state: ParseState, node: Linked): void {
  const { sources } = node as { readonly sources?: string[][] };
  if (sources === undefined || sources.length === 0) return;
  for (const [sourceName = '', tableName = ''] of sources) {
    const target = resolveSource(state, sourceName, tableName, node.package_name);
    if (typeof target === 'object') addDependency(node.depends_on, target.unique_id);
    else missing(state, node, { kind: 'source', name: `${sourceName}.${tableName}`, disabled: target === 'disabled' });
  }
}

export function linkRefs(state: ParseState): void {
  forEachLinked(state, (node) => linkRefsOf(state, node));
}

function linkRefsOf(state: ParseState, node: Linked): void {
  for (const ref of node.refs ?? noRefs) linkRef(state, node, ref);
}

const noRefs: readonly RefArgs[] = [];

function linkRef(state: ParseState, node: Linked, ref: RefArgs): void {
  const target = resolveRef(state, ref, node.package_name);
  if (target === undefined || target.disabled) {
    missing(state, node, {
      kind: 'node',
      name: ref.name,
      packageName: ref.package,
      version: ref.version,
      disabled: target !== undefined,
    });
    return;
  }
  checkAccess(state, node, target.node);
  warnOfRoot(state, node, ref, target.node);
  addDependency(node.depends_on, target.node.unique_id);
}

/** A package that reaches into the root project by a bare name may close a circle there. */
function warnOfRoot(state: ParseState, node: Linked, ref: RefArgs, target: ManifestNode): void {
  const root = state.root.name;
  if (ref.package || node.package_name === root || target.package_name !== root) return;
  state.warn({
    name: 'PackageNodeDependsOnRootProjectNode',
    message: `${node.unique_id} of package '${node.package_name}' depends on ${target.unique_id} of the root project. With the flag require_ref_searches_node_package_before_root a package finds its own nodes first.`,
  });
}

export function linkFunctions(state: ParseState): void {
  const byName = new Map(Object.values(state.manifest.functions).map((one) => [one.name, one]));
  forEachLinked(state, (node) => {
    const { functions } = node as { readonly functions?: string[][] };
    if (functions === undefined || functions.length === 0) return;
    for (const call of functions) {
      const name = call.at(-1) as string;
      const target = byName.get(name);
      if (target !== undefined) addDependency(node.depends_on, target.unique_id);
      else missing(state, node, { kind: 'function', name, disabled: false });
    }
  });
}

/** Exposures and nodes name metrics. */
export function linkMetrics(state: ParseState): void {
  const byName = new Map(Object.values(state.manifest.metrics).map((metric) => [metric.name, metric]));
  forEachLinked(state, (node) => {
    const { metrics } = node as { readonly metrics?: readonly unknown[] };
    if (metrics === undefined || metrics.length === 0) return;
    for (const call of metrics) {
      if (!Array.isArray(call)) continue;
      const name = call.at(-1) as string;
      const target = byName.get(name);
      if (target !== undefined) addDependency(node.depends_on, target.unique_id);
      else missing(state, node, { kind: 'metric', name, disabled: false });
    }
  });
}

/** Lists of what nodes stand on may be those of an earlier parse: links go into lists of their own. */
export function ownDependencies({ manifest }: ParseState): void {
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as ManifestNode;
    const { macros, nodes } = node.depends_on;
    if (nodes !== undefined) node.depends_on = { macros, nodes: [...nodes] };
  }
}

function forEachLinked({ manifest }: ParseState, link: (member: Linked) => void): void {
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as ManifestNode;
    if (node.resource_type !== 'seed') link(node);
  }
  for (const part of [manifest.exposures, manifest.semantic_models, manifest.functions])
    for (const member of Object.values(part)) link(member);
}

export const addDependency = (depends: DependsOn, id: string): void => {
  if (!depends.nodes.includes(id)) depends.nodes.push(id);
};

export interface ResolvedRef {
  readonly node: ManifestNode;
  readonly disabled: boolean;
}

export function resolveRef(state: ParseState, ref: RefArgs, nodePackage: string): ResolvedRef | undefined {
  if (ref.package === null && ref.version === null) {
    const only = state.refs.only(ref.name);
    if (only !== undefined) return { node: only, disabled: false };
  }
  const order = searchOrder(
    state.root.name,
    nodePackage,
    ref.package,
    state.flags.REQUIRE_REF_SEARCHES_NODE_PACKAGE_BEFORE_ROOT === true,
  );
  for (const packageName of order) {
    const node = state.refs.find(ref.name, packageName, ref.version);
    if (node !== undefined) return { node, disabled: false };
  }
  for (const packageName of order) {
    const node = state.disabled.findVersion(ref.name, packageName, ref.version);
    if (node !== undefined) return { node: node as ManifestNode, disabled: true };
  }
  return undefined;
}

export function resolveSource(
  state: ParseState,
  source: string,
  table: string,
  nodePackage: string,
): SourceNode | 'disabled' | undefined {
  const name = `${source}.${table}`;
  for (const packageName of searchOrder(state.root.name, nodePackage, null, false)) {
    const node = state.sources.find(name, packageName);
    if (node !== undefined) return node;
  }
  return state.disabled.find(name, null, ['source']).length > 0 ? 'disabled' : undefined;
}

interface Missing {
  readonly kind: 'node' | 'source' | 'function' | 'metric';
  readonly name: string;
  readonly packageName?: string | null;
  readonly version?: string | number | null;
  readonly disabled: boolean;
}

/** A test of something that is not there is left out with a warning; anything else cannot be built. */
function missing(state: ParseState, node: Linked, what: Missing): void {
  (node as { config: Dict }).config = { ...(node.config as Dict), enabled: false };
  const { kind, name, disabled } = what;
  const version = what.version === null || what.version === undefined ? '' : ` version ${what.version}`;
  const inPackage = what.packageName ? ` in package '${what.packageName}'` : '';
  const message = `${node.resource_type} '${node.unique_id}' (${node.original_file_path}) depends on a ${kind} named '${name}'${version}${inPackage} which ${disabled ? 'is disabled' : 'was not found'}`;
  if (node.resource_type === 'test') {
    if (!disabled) state.warn({ name: 'NodeNotFoundOrDisabled', message });
    return;
  }
  const near = disabled ? [] : nearestNames(name, candidatesOf(state, kind));
  throw new DuckhouseError('NotFound', message, {
    id: disabled ? 'dbt-disabled' : 'dbt-not-found',
    context: {
      node: node.unique_id,
      path: node.original_file_path,
      name: `${what.packageName ? `${what.packageName}.` : ''}${name}${version}`,
      wanted: name,
      candidates: near.filter((candidate) => candidate !== node.name || kind !== 'node'),
    },
    ...(disabled ? { hint: `enable '${name}', or do not refer to it` } : {}),
  });
}

const candidatesOf = (state: ParseState, kind: Missing['kind']): Iterable<string> => {
  if (kind === 'node') return state.refs.names;
  if (kind === 'source') return state.sources.names;
  return Object.values(kind === 'metric' ? state.manifest.metrics : state.manifest.functions).map(({ name }) => name);
};

function checkAccess(state: ParseState, node: Linked, target: ManifestNode): void {
  if (target.resource_type !== 'model') return;
  const group = (node as { readonly group?: string | null }).group ?? null;
  const isElsewhere = target.package_name !== node.package_name;
  const isOutside = isElsewhere && restrictsAccess(state, target.package_name);
  const refusal = (access: string, scope: string): DuckhouseError =>
    new DuckhouseError(
      'PermissionDenied',
      `${node.resource_type} '${node.unique_id}' (${node.original_file_path}) references '${target.unique_id}', which is ${access} to ${scope}`,
      { context: { node: node.unique_id, path: node.original_file_path } },
    );
  const isPrivate = target.access === 'private' && node.resource_type !== 'sql_operation';
  if (isPrivate && (!group || group !== target.group || isOutside)) throw refusal('private', `group '${target.group}'`);
  if (target.access === 'protected' && isOutside) throw refusal('protected', `package '${target.package_name}'`);
}

const restrictsAccess = (state: ParseState, packageName: string): boolean =>
  state.projects.get(packageName)?.rendered['restrict-access'] === true;
