import type { AdapterHost } from '../adapter/adapter-host.ts';
import type { SchemaName } from '../adapter/cache.ts';
import { Relation, schemaKey } from '../adapter/relation.ts';
import { fillCache } from '../adapter/relation-methods.ts';
import { createSchema, ownCreateSchema, ownSchemas } from '../adapter/schema-methods.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { storesFailures } from '../run/compile.ts';
import { createNodeContext } from '../run/context/node-context.ts';
import { isEphemeral, nodeOf } from '../run/results.ts';
import { onConnection, type RunSession, schemasOf } from '../run/session.ts';
import { inlineNode } from './inline.ts';

/** Makes the schemas the run writes to, once and before anything runs, and reads what is in them. */
export async function prepareSchemas(session: RunSession, ids: readonly string[]): Promise<void> {
  const { manifest } = session.parsed;
  const writing = ids.flatMap((id) => {
    const node = nodeOf(manifest, id) as ManifestNode | undefined;
    return node !== undefined && writesRelation(session, node) ? [node] : [];
  });
  const wanted = schemasOf(writing);
  await withAdapter(session, 'create_schemas', async (adapter) => {
    await createMissing(adapter, wanted);
    if (session.flags.populateCache)
      await fillCache(adapter, session.flags.cacheSelectedOnly ? wanted : allSchemas(session));
  });
}

/** Reads what is in all the project's schemas. */
export const prepareCache = (session: RunSession): Promise<void> =>
  withAdapter(session, 'list_relations', (adapter) => fillCache(adapter, allSchemas(session)));

const allSchemas = ({ parsed }: RunSession): readonly SchemaName[] =>
  schemasOf(Object.values(parsed.manifest.nodes).filter((node) => node.resource_type !== 'test'));

/** Works with the adapter by macros of the root project, for no node. */
export function withAdapter(
  session: RunSession,
  name: string,
  work: (adapter: AdapterHost) => Promise<void>,
): Promise<void> {
  const node = { ...inlineNode(session, '', name), resource_type: 'operation' as const };
  return onConnection(session, name, (connection) => work(createNodeContext({ session, node, connection }).adapter));
}

async function createMissing(adapter: AdapterHost, wanted: readonly SchemaName[]): Promise<void> {
  const listed = await listedSchemas(adapter, [...new Set(wanted.map(({ database }) => database))]);
  const known = listed ?? (await catalogSchemas(adapter));
  for (const { database, schema } of wanted) {
    const isKnown = known.has(schemaKey(database, schema));
    const relation = new Relation({ database, schema });
    if (!isKnown) await createSchema(adapter, relation);
    else if (listed === undefined) await createAnyway(adapter, relation);
  }
}

/**
 * dbt asks whether there are schemas in a database by its quoted name, finds none, and so creates each in every run:
 * a macro of the project that does more than create them is called each time.
 */
async function createAnyway(adapter: AdapterHost, relation: Relation): Promise<void> {
  if (adapter.quoting.database !== false) await ownCreateSchema(adapter, relation);
}

/** What the project's own macro lists; undefined where it has none. */
async function listedSchemas(
  adapter: AdapterHost,
  databases: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const listed: string[] = [];
  for (const database of databases) {
    const name = adapter.quoting.database === false ? database : `"${database}"`;
    const schemas = await ownSchemas(adapter, name);
    if (schemas === undefined) return undefined;
    listed.push(...schemas.map((schema) => schemaKey(database, schema)));
  }
  return new Set(listed);
}

async function catalogSchemas(adapter: AdapterHost): Promise<ReadonlySet<string>> {
  const connection = await adapter.connection();
  const sql = 'SELECT database_name, schema_name FROM duckdb_schemas()';
  const { table } = await connection.execute(sql, { fetch: true });
  return new Set(table.rows.map(([database, schema]) => schemaKey(String(database), String(schema))));
}

function writesRelation(session: RunSession, node: ManifestNode): boolean {
  if (isEphemeral(node)) return false;
  if (node.resource_type !== 'test') return ['model', 'seed', 'snapshot', 'function'].includes(node.resource_type);
  return storesFailures(session, node);
}
