/** Compares members of the graph with those of an earlier manifest. */
import { isDeepStrictEqual } from 'node:util';
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type {
  ColumnInfo,
  DbtManifest,
  Dict,
  ExposureNode,
  GraphMember,
  ManifestNode,
  SourceNode,
  UnitTestNode,
} from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import type { PreviousState } from '../project-types.ts';
import { checkContract, checkRemovedContracts, type Warn } from './contract-changes.ts';
import { graphMemberOf } from './members.ts';

/** Plain JSON, as a manifest that was read from a file has it: dates are texts there, floats numbers. */
const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b) || isDeepStrictEqual(asJson(a), asJson(b));
const asJson = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

type Check = (old: GraphMember | undefined, now: GraphMember) => boolean;

export interface Comparison {
  readonly manifest: DbtManifest;
  readonly previous: DbtManifest;
  /** Told of what a change breaks. */
  readonly warn: Warn;
}

export function stateCheck({ manifest, previous, warn }: Comparison, name: string): (member: GraphMember) => boolean {
  const macros = new MacroChanges(manifest, previous);
  const changed: Check = (old, now) =>
    old === undefined ? !neverNew.has(now.resource_type) : !sameContents(old, now, warn);
  const modified: Check = (old, now) => changed(old, now) || macros.reach(now);
  const part =
    (isSame: (old: ManifestNode, now: ManifestNode) => boolean): Check =>
    (old, now) =>
      'raw_code' in now && (old === undefined || !isSame(old as ManifestNode, now as ManifestNode));
  const checks: Readonly<Record<string, Check>> = {
    new: (old) => old === undefined,
    old: (old) => old !== undefined,
    modified,
    unmodified: (old, now) => !modified(old, now),
    'modified.body': part(sameBody),
    'modified.configs': (old, now) => old === undefined || !sameConfig(old, now),
    'modified.persisted_descriptions': part(sameDescriptions),
    'modified.relation': (old, now) => old === undefined || !sameRelation(old, now),
    'modified.macros': (_, now) => macros.reach(now),
    'modified.contract': part((old, now) => sameContract(old, now, warn)),
  };
  const check = checks[name];
  if (check === undefined)
    throw new DuckhouseError(
      'InvalidArgument',
      `invalid state selector '${name}'; expected one of ${Object.keys(checks).join(', ')}`,
      {
        context: { value: name, candidates: nearestNames(name, Object.keys(checks)) },
      },
    );
  if (name === 'modified' || name === 'unmodified' || name === 'modified.contract')
    checkRemovedContracts(manifest, previous, warn);
  return (member) => check(graphMemberOf(previous, member.unique_id), member);
}

function sameContents(old: GraphMember, now: GraphMember, warn: Warn): boolean {
  switch (now.resource_type) {
    case 'source':
      return sameSource(old as SourceNode, now as SourceNode);
    case 'exposure':
      return sameExposure(old as ExposureNode, now as ExposureNode);
    case 'unit_test':
      return (old as UnitTestNode).checksum === (now as UnitTestNode).checksum;
    case 'metric':
      return sameParts(old, now, ['type', 'description', 'label']) && sameConfig(old, now);
    case 'semantic_model':
      return sameParts(old, now, partsOfSemanticModel);
    case 'saved_query':
      return sameParts(old, now, partsOfSavedQuery) && same(askedBy(old), askedBy(now));
  }
  const [before, after] = [old as ManifestNode, now as ManifestNode];
  if (after.test_metadata !== undefined) return sameConfig(before, after) && same(before.fqn, after.fqn);
  // First: what it breaks is told whatever else has changed.
  const isSameContract = sameContract(before, after, warn);
  return (
    isSameContract &&
    sameBody(before, after) &&
    sameConfig(before, after) &&
    sameDescriptions(before, after) &&
    same(before.fqn, after.fqn) &&
    sameRelation(before, after) &&
    (after.resource_type !== 'model' || sameReferability(before, after))
  );
}

/** dbt finds no change in those that an earlier manifest does not have: only `state:new` does. */
const neverNew: ReadonlySet<string> = new Set(['source', 'exposure', 'metric', 'semantic_model', 'saved_query']);

const partsOfSemanticModel = [
  'model',
  'description',
  'defaults',
  'entities',
  'dimensions',
  'measures',
  'config',
  'primary_entity',
  'group',
];
const partsOfSavedQuery = ['description', 'label', 'config', 'group', 'tags'];

/** What says nothing is as if it were not there: earlier manifests lack keys of today. */
function said(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(said);
  if (!isDict(value)) return value ?? undefined;
  const entries = Object.entries(value).map(([key, item]) => [key, said(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

const sameParts = (old: GraphMember, now: GraphMember, parts: readonly string[]): boolean =>
  parts.every((part) => same(said((old as unknown as Dict)[part]), said((now as unknown as Dict)[part])));

/** Where an export goes is another thing for each target: how it is written counts. */
function askedBy(query: GraphMember): unknown {
  const { query_params: params, exports } = query as unknown as { query_params: Dict; exports: readonly Dict[] };
  const { metrics, group_by: groups, where } = params;
  const written = exports.map(({ name, unrendered_config: config }) => {
    const { export_as: as, schema, alias } = (config ?? {}) as Dict;
    return [name, as, schema, alias];
  });
  return said({ metrics, groups, where, written });
}

function sameBody(old: ManifestNode, now: ManifestNode): boolean {
  return now.resource_type === 'seed' ? same(old.checksum, now.checksum) : old.raw_code === now.raw_code;
}

/** Where a node is stored and how it is described are compared apart. */
const notCompared = new Set(['alias', 'schema', 'database', 'tags', 'group']);
const testModifiers = [
  'severity',
  'where',
  'limit',
  'fail_calc',
  'warn_if',
  'error_if',
  'store_failures',
  'store_failures_as',
  'sql_header',
];

function sameConfig(old: GraphMember, now: GraphMember): boolean {
  const before = ((old as ManifestNode).unrendered_config ?? {}) as Dict;
  const after = ((now as ManifestNode).unrendered_config ?? {}) as Dict;
  const all = new Set([...Object.keys(before), ...Object.keys(after)]);
  const keys =
    now.resource_type === 'test'
      ? testModifiers
      : [...all].filter((key) => now.resource_type === 'source' || !notCompared.has(key));
  return keys.every((key) => key in before === key in after && same(before[key], after[key]));
}

function sameDescriptions(old: ManifestNode, now: ManifestNode): boolean {
  const persist = isDict(now.config.persist_docs) ? now.config.persist_docs : {};
  if (persist.relation === true && old.description !== now.description) return false;
  return persist.columns !== true || same(descriptions(old.columns), descriptions(now.columns));
}

const descriptions = (columns: Dict<ColumnInfo>): Dict<string> =>
  Object.fromEntries(Object.entries(columns).map(([name, { description }]) => [name, description]));

function sameRelation(old: GraphMember, now: GraphMember): boolean {
  if (now.resource_type === 'source') {
    const [before, after] = [old as SourceNode, now as SourceNode];
    // As it is written: another target is not a change.
    return (
      before.unrendered_database === after.unrendered_database &&
      before.unrendered_schema === after.unrendered_schema &&
      before.identifier === after.identifier
    );
  }
  const before = ((old as ManifestNode).unrendered_config ?? {}) as Dict;
  const after = ((now as ManifestNode).unrendered_config ?? {}) as Dict;
  return ['database', 'schema', 'alias'].every((key) => same(before[key], after[key]));
}

/** Without a contract then and now nothing can have changed. */
function sameContract(old: ManifestNode, now: ManifestNode, warn: Warn): boolean {
  const [before, after] = [old.contract?.enforced === true, now.contract?.enforced === true];
  if (!before && !after) return true;
  if (before && (!after || old.contract.checksum !== now.contract.checksum)) checkContract(old, now, warn);
  return before === after && (old.contract.checksum === now.contract.checksum || sameColumns(old, now));
}

const sameColumns = (old: ManifestNode, now: ManifestNode): boolean => {
  const typesOf = (node: ManifestNode): Dict =>
    Object.fromEntries(
      Object.values(node.columns).map(({ name, data_type: type, constraints }) => [name, { type, constraints }]),
    );
  return same(typesOf(old), typesOf(now));
};

const sameReferability = (old: ManifestNode, now: ManifestNode): boolean =>
  same(old.latest_version, now.latest_version) &&
  old.access === now.access &&
  same(old.deprecation_date, now.deprecation_date);

const sameSource = (old: SourceNode, now: SourceNode): boolean =>
  sameRelation(old, now) &&
  same(old.fqn, now.fqn) &&
  sameConfig(old, now) &&
  same(old.quoting, now.quoting) &&
  same(old.freshness, now.freshness) &&
  old.loaded_at_field === now.loaded_at_field &&
  same(old.external, now.external) &&
  old.loader === now.loader;

const sameExposure = (old: ExposureNode, now: ExposureNode): boolean =>
  same(old.fqn, now.fqn) &&
  old.type === now.type &&
  same(old.owner, now.owner) &&
  old.maturity === now.maturity &&
  old.url === now.url &&
  old.description === now.description &&
  old.label === now.label &&
  same([...old.depends_on.nodes].sort(), [...now.depends_on.nodes].sort()) &&
  sameConfig(old, now);

/** Macros whose text differs, and who depends on them through any number of others. */
class MacroChanges {
  readonly #manifest: DbtManifest;
  readonly #previous: DbtManifest;
  #tests: ReadonlySet<string> | undefined;
  #changed: ReadonlySet<string> | undefined;
  constructor(manifest: DbtManifest, previous: DbtManifest) {
    this.#manifest = manifest;
    this.#previous = previous;
  }

  reach(member: GraphMember): boolean {
    this.#checkTest(member as ManifestNode);
    this.#changed ??= this.#compare();
    if (this.#changed.size === 0) return false;
    const seen = new Set<string>();
    const visit = (ids: readonly string[]): boolean =>
      ids.some((id) => {
        if (seen.has(id)) return false;
        seen.add(id);
        return this.#changed?.has(id) === true || visit(this.#manifest.macros[id]?.depends_on.macros ?? []);
      });
    return visit((member as ManifestNode).depends_on?.macros ?? []);
  }

  /** A test whose macro is gone cannot be compared. */
  #checkTest({ unique_id, original_file_path, test_metadata: test }: ManifestNode): void {
    if (test === undefined || test === null) return;
    this.#tests ??= new Set(
      Object.values(this.#manifest.macros).flatMap(({ name }) => (name.startsWith('test_') ? [name.slice(5)] : [])),
    );
    if (this.#tests.has(test.name)) return;
    throw new DuckhouseError(
      'NotFound',
      `${unique_id} (${original_file_path}) needs the generic test '${test.name}', which is not there`,
      {
        context: { node: unique_id, path: original_file_path, candidates: nearestNames(test.name, [...this.#tests]) },
      },
    );
  }

  #compare(): Set<string> {
    const [now, before] = [this.#manifest.macros, this.#previous.macros];
    // Built-in macros belong to the engine, not to the project: their text differs between engines.
    const ids = [...Object.keys(now), ...Object.keys(before)].filter((id) => !/^macro\.dbt(_duckdb)?\./.test(id));
    return new Set(ids.filter((id) => now[id]?.macro_sql !== before[id]?.macro_sql));
  }
}

const resultsOf = (value: unknown): Dict[] =>
  isDict(value) && Array.isArray(value.results) ? value.results.filter(isDict) : [];

/** Nodes that ended with a status in the results of `--state`. */
export function previousStatuses(previous: PreviousState | undefined, status: string): ReadonlySet<unknown> {
  if (previous?.runResults === undefined)
    throw new DuckhouseError(
      'InvalidArgument',
      'selecting by result needs run_results.json of an earlier run: give its folder with --state',
    );
  return new Set(
    resultsOf(previous.runResults)
      .filter((result) => result.status === status)
      .map((result) => result.unique_id),
  );
}

/** Sources that were loaded later than at the time of `--state`. */
export function freshSources(previous: PreviousState | undefined): ReadonlySet<unknown> {
  if (previous?.sources === undefined || previous.currentSources === undefined)
    throw new DuckhouseError(
      'InvalidArgument',
      'selecting by source_status needs sources.json, both in the folder of --state and in the target folder',
      {
        hint: 'run: duckhouse dbt source freshness',
      },
    );
  const loaded = (value: unknown): Map<unknown, string> =>
    new Map(
      resultsOf(value)
        .filter((one) => typeof one.max_loaded_at === 'string')
        .map((one) => [one.unique_id, one.max_loaded_at as string]),
    );
  const before = loaded(previous.sources);
  return new Set(
    [...loaded(previous.currentSources)].filter(([id, time]) => time > (before.get(id) ?? '')).map(([id]) => id),
  );
}
