import { statSync } from 'node:fs';
import type { ManifestNode, SourceNode } from '../manifest-types.ts';
import { externalLocation, pluginOf } from '../parse/source-relation.ts';
import type { CheckOutcome, CheckProblem } from '../run/problem.ts';
import { isEphemeral, nodeOf } from '../run/results.ts';
import { onConnection, type RunSession } from '../run/session.ts';
import { type AheadCompiler, createAheadCompiler } from './compile-ahead.ts';
import { describeProblem } from './describe.ts';
import { readOwnFunctions } from './outside.ts';
import { fileOf, growthOf, hasOwnWays, isPlain, keepsRelation, seedColumns, trustAfter } from './schemas.ts';
import { nameKey, openShadow, quotedName, type RelationName, type Shadow, type ShadowColumn } from './shadow.ts';
import { isCertain, isForeseeable, least, type Trust } from './trust.ts';
import { createAncestry } from './upstream.ts';
import { buildsRelation, deferredOf, readWorld, relationById, relationOf, type World } from './world.ts';

const nothing: CheckOutcome = { problems: new Map(), checked: 0, total: 0 };
const checkedKinds = new Set(['model', 'snapshot', 'test']);

/**
 * Binds the texts of nodes against what their relations will be, in graph order, before anything is made. Nodes that
 * cannot be known before they run are left out: what is told is what DuckDB says when they run.
 */
export async function checkNodes(session: RunSession, ids: readonly string[]): Promise<CheckOutcome> {
  const nodes = ids.flatMap((id) => {
    const node = nodeOf(session.parsed.manifest, id) as ManifestNode | undefined;
    return node !== undefined && checkedKinds.has(node.resource_type) && !isEphemeral(node) && !callsFunctions(node)
      ? [node]
      : [];
  });
  if (nodes.length === 0 || hasOwnWays(session)) return nothing;
  const world = await readWorld(session, ids, nodes);
  const shadow = await openShadow({
    database: session.database.credentials.database || 'memory',
    settings: world.settings,
    engine: session.database.engine,
  });
  try {
    return await bindAll({ session, nodes, world, shadow });
  } finally {
    await shadow.close();
  }
}

/** Functions of the project are made by the run itself. */
const callsFunctions = ({ depends_on }: ManifestNode): boolean =>
  (depends_on.nodes ?? []).some((id) => id.startsWith('function.'));

interface Parts {
  readonly session: RunSession;
  readonly nodes: readonly ManifestNode[];
  readonly world: World;
  readonly shadow: Shadow;
}

interface Pending {
  readonly node: ManifestNode;
  readonly name: RelationName;
  readonly sql: string;
  readonly trust: Trust;
  readonly missing: ReadonlySet<string>;
}

/** A relation with the columns that its new rows add. */
const grown = (
  pending: Omit<Pending, 'name'>,
  { own, scratch }: { readonly own: RelationName; readonly scratch: RelationName },
): Pending => {
  const sql = `SELECT * FROM ${quotedName(own)} UNION ALL BY NAME SELECT * FROM ${quotedName(scratch)}`;
  return { ...pending, name: own, sql, trust: 'none' };
};

/** Queries bound at once. */
const batchSize = 100;

async function bindAll({ session, nodes, world, shadow }: Parts): Promise<CheckOutcome> {
  const trusts = await addKnown({ session, nodes, world, shadow });
  const problems = new Map<string, CheckProblem>();
  /** The function that does not fit, by node. */
  const calls = new Map<string, string>();
  let pending: Pending[] = [];
  const flush = async (): Promise<void> => {
    const batch = pending;
    pending = [];
    const errors = await shadow.bind(batch);
    for (const [i, error] of errors.entries()) {
      if (error === undefined) continue;
      const { node, sql, trust, missing } = batch[i] as Pending;
      trusts.delete(nameKey(relationOf(node)));
      if (isCertain(error, { trust, isExtended: world.isExtended || !world.isQuiet, missingTables: missing }))
        problems.set(node.unique_id, describeProblem(session, node, { sql, error }));
      if (error.context.subtype === 'NO_MATCHING_FUNCTION') calls.set(node.unique_id, String(error.context.name));
    }
  };
  const compiler: AheadCompiler = createAheadCompiler(session, nodes, async (relation) => {
    await flush();
    const key = relation.toLowerCase();
    return trusts.get(key) === 'exact' ? shadow.columnsOf(key) : undefined;
  });
  let checked = 0;
  try {
    for (const node of nodes) {
      if (session.signal?.aborted === true) break;
      const ready = await prepareNode({ session, world, compiler, trusts }, node);
      if (ready === undefined) continue;
      checked++;
      const scratch = { database: null, schema: null, identifier: `__check_${checked}` };
      pending.push({ ...ready, name: ready.name ?? scratch });
      if (ready.grows !== undefined) pending.push(grown(ready, { own: ready.grows, scratch }));
      if (pending.length >= batchSize) await flush();
    }
    await flush();
  } finally {
    compiler.restore();
  }
  if ([...calls.keys()].some((id) => problems.has(id))) {
    const own = await onConnection(session, 'check', async (connect) => readOwnFunctions(await connect()));
    for (const [id, name] of calls) if (own.has(name.toLowerCase())) problems.delete(id);
  }
  return { problems, checked, total: nodes.length };
}

/** Makes the tables that are there already and those of seeds; how well each is known, by `nameKey`. */
async function addKnown({ session, world, shadow }: Parts): Promise<Map<string, Trust>> {
  const { manifest } = session.parsed;
  const isBehind = createAncestry(session, world.built);
  const tables = new Map<string, { name: RelationName; columns: readonly ShadowColumn[]; trust: Trust }>();
  const offer = (name: RelationName | undefined): void => {
    const columns = name === undefined ? undefined : world.outside.get(nameKey(name));
    if (name !== undefined && Array.isArray(columns)) tables.set(nameKey(name), { name, columns, trust: 'exact' });
  };
  for (const id of new Set([...world.upstreams.values()].flat())) {
    // A view over what this run makes again may have other columns then.
    if (!world.built.has(id) && !isBehind(id)) offer(relationById(session, id));
    offer(deferredOf(manifest.nodes[id]));
  }
  for (const id of world.built) {
    const node = manifest.nodes[id] as ManifestNode;
    const name = relationOf(node);
    if (keepsRelation(session, node)) offer(name);
    if (node.resource_type !== 'seed') continue;
    const size = statSync(fileOf(session.parsed, node), { throwIfNoEntry: false })?.size ?? 0;
    const columns = seedColumns(session, node, size);
    if (columns !== undefined) tables.set(nameKey(name), { name, columns, trust: 'names' });
  }
  const made = await shadow.addTables([...tables.values()]);
  return new Map([...tables].flatMap(([key, { trust }]) => (made.has(key) ? [[key, trust] as const] : [])));
}

interface Preparing {
  readonly session: RunSession;
  readonly world: World;
  readonly compiler: AheadCompiler;
  readonly trusts: Map<string, Trust>;
}

/** Without a name a query is bound for itself: the relation is there and stays. */
type Ready = Omit<Pending, 'name'> & {
  readonly name: RelationName | undefined;
  readonly grows: RelationName | undefined;
};

/** The query of a node and what may be believed of it; undefined when it cannot be known before it runs. */
async function prepareNode(
  { session, world, compiler, trusts }: Preparing,
  node: ManifestNode,
): Promise<Ready | undefined> {
  const own = buildsRelation(node) ? relationOf(node) : undefined;
  const kept = own !== undefined && keepsRelation(session, node);
  const known = isPlain(session, node) ? knownUpstreams({ session, world, trusts }, node) : undefined;
  const sql = known === undefined ? undefined : await compiler.compile(node);
  const isReady = known !== undefined && sql !== undefined && isForeseeable(sql);
  if (own !== undefined) {
    const after = isReady ? trustAfter(session, node, { sql, read: known.trust }) : 'none';
    if (after === 'none') trusts.delete(nameKey(own));
    else trusts.set(nameKey(own), after);
  }
  const growth = kept ? growthOf(node) : 'replaced';
  // What has columns that are not known is not there for those who name it without ref.
  const name = growth === 'replaced' && own !== undefined && trusts.has(nameKey(own)) ? own : undefined;
  return isReady ? { node, sql, ...known, name, grows: growth === 'added' ? own : undefined } : undefined;
}

/** How well all that a node reads is known; undefined when something is not. */
function knownUpstreams(
  { session, world, trusts }: Omit<Preparing, 'compiler'>,
  node: ManifestNode,
): { readonly trust: Trust; readonly missing: ReadonlySet<string> } | undefined {
  const { manifest } = session.parsed;
  const missing = new Set<string>();
  let trust: Trust = 'exact';
  for (const id of world.upstreams.get(node.unique_id) ?? []) {
    const source = manifest.sources[id];
    if (source !== undefined && isExternal(source)) return undefined;
    const names = [relationById(session, id), deferredOf(manifest.nodes[id])].flatMap((name) => name ?? []);
    const found = names.flatMap((name) => trusts.get(nameKey(name)) ?? []);
    const [name] = names;
    if (found.length > 0) trust = least(trust, ...found);
    else if (
      world.isQuiet &&
      names.length === 1 &&
      name !== undefined &&
      world.outside.get(nameKey(name)) === 'missing'
    )
      missing.add(name.identifier.toLowerCase());
    else return undefined;
  }
  return { trust, missing };
}

function isExternal(source: SourceNode): boolean {
  try {
    return externalLocation(source) !== undefined || pluginOf(source) !== undefined;
  } catch {
    return true;
  }
}
