import { statSync } from 'node:fs';
import { type Outside, readOutside, readSurroundings } from '../check/outside.ts';
import { fileOf, seedColumns } from '../check/schemas.ts';
import { nameKey, openShadow, type RelationName, type Shadow, type ShadowColumn } from '../check/shadow.ts';
import { upstreamsOf } from '../check/upstream.ts';
import type { ManifestNode } from '../manifest-types.ts';
import type { NodeLineage, ProjectLineage, UpstreamColumn } from '../run/lineage.ts';
import { isEphemeral } from '../run/results.ts';
import { onConnection, type RunSession } from '../run/session.ts';
import { type BaseColumn, readLineage } from './plan.ts';

const relationOf = ({ database, schema, alias }: ManifestNode): RelationName => ({
  database,
  schema,
  identifier: alias,
});

/**
 * Where the columns of compiled models and snapshots come from, read off the plans that DuckDB makes of their queries.
 * Relations need not be there: a query is bound against the columns of what it reads, as the database or the queries
 * before it have them.
 */
export async function projectLineage(session: RunSession, ids: readonly string[]): Promise<ProjectLineage> {
  const { manifest } = session.parsed;
  const nodes = ids.flatMap((id) => {
    const node = manifest.nodes[id];
    const isKind = node?.resource_type === 'model' || node?.resource_type === 'snapshot';
    return node !== undefined && isKind && node.language === 'sql' && !isEphemeral(node) && node.compiled_code
      ? [node]
      : [];
  });
  if (nodes.length === 0) return { nodes: new Map(), unknown: new Map() };
  const names = relationNames(session);
  const { outside, settings } = await onConnection(session, 'lineage', async (connect) => {
    const connection = await connect();
    const read = new Set(nodes.flatMap((node) => [...upstreamsOf(session, node), node.unique_id]));
    const wanted = [...read].flatMap((id) => names.byId.get(id) ?? []);
    return { outside: await readOutside(connection, wanted), ...(await readSurroundings(connection)) };
  });
  const shadow = await openShadow({
    database: session.database.credentials.database || 'memory',
    settings,
    engine: session.database.engine,
  });
  try {
    await shadow.addTables([...knownTables(session, { names, outside })]);
    return await readAll(shadow, { nodes, names });
  } finally {
    await shadow.close();
  }
}

interface RelationNames {
  readonly byId: ReadonlyMap<string, RelationName>;
  /** Ids by `nameKey`. */
  readonly ids: ReadonlyMap<string, string>;
}

function relationNames({ parsed: { manifest } }: RunSession): RelationNames {
  const byId = new Map<string, RelationName>();
  for (const { unique_id, database, schema, identifier } of Object.values(manifest.sources))
    byId.set(unique_id, { database, schema, identifier });
  for (const node of Object.values(manifest.nodes))
    if (['model', 'seed', 'snapshot'].includes(node.resource_type)) byId.set(node.unique_id, relationOf(node));
  return { byId, ids: new Map([...byId].map(([id, name]) => [nameKey(name), id])) };
}

interface Known {
  readonly names: RelationNames;
  readonly outside: ReadonlyMap<string, Outside>;
}

function* knownTables(
  session: RunSession,
  { names, outside }: Known,
): Generator<{ readonly name: RelationName; readonly columns: readonly ShadowColumn[] }> {
  const { nodes } = session.parsed.manifest;
  for (const [id, name] of names.byId) {
    const found = outside.get(nameKey(name));
    if (Array.isArray(found)) yield { name, columns: found };
    const node = nodes[id];
    if (found !== 'missing' || node?.resource_type !== 'seed') continue;
    const size = statSync(fileOf(session.parsed, node), { throwIfNoEntry: false })?.size ?? 0;
    const columns = seedColumns(session, node, size);
    if (columns !== undefined) yield { name, columns };
  }
}

interface Reading {
  readonly nodes: readonly ManifestNode[];
  readonly names: RelationNames;
}

async function readAll(shadow: Shadow, { nodes, names }: Reading): Promise<ProjectLineage> {
  const found = new Map<string, NodeLineage>();
  const unknown = new Map<string, string>();
  const errors = await shadow.bind(nodes.map((node) => ({ name: relationOf(node), sql: queryOf(node) })));
  for (const [i, node] of nodes.entries()) {
    const error = errors[i];
    const lineage = error === undefined ? await readNode(shadow, node, names) : undefined;
    if (lineage === undefined)
      unknown.set(node.unique_id, error?.message.split('\n')[0] ?? 'its plan is not understood');
    else found.set(node.unique_id, lineage);
  }
  return { nodes: found, unknown };
}

/** The query that fills a relation; a snapshot adds its own columns. */
function queryOf(node: ManifestNode): string {
  const sql = node.compiled_code ?? '';
  if (node.resource_type !== 'snapshot') return sql;
  const times = ['dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to'].map((name) => `, NULL::TIMESTAMP AS ${name}`);
  return `SELECT *, '' AS dbt_scd_id${times.join('')} FROM (\n${sql}\n)`;
}

async function readNode(shadow: Shadow, node: ManifestNode, { ids }: RelationNames): Promise<NodeLineage | undefined> {
  const plan = await shadow.plan(queryOf(node));
  const lineage = plan === undefined ? undefined : readLineage(plan);
  if (lineage === undefined) return undefined;
  const columns = await shadow.columnsOf(nameKey(relationOf(node)));
  const upstream = ({ database, schema, table, column }: BaseColumn): UpstreamColumn => {
    const name = { database, schema, identifier: table };
    return { node: ids.get(nameKey(name)) ?? null, relation: `${schema}.${table}`, column };
  };
  return {
    relation: node.relation_name,
    columns: columns.map(({ name, type }, i) => ({
      name,
      type,
      upstream: (lineage.columns[i] ?? []).map((source) => ({ ...upstream(source), kind: source.kind })),
    })),
    filters: lineage.filters.map(upstream),
  };
}
