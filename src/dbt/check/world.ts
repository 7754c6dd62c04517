import type { ManifestNode } from '../manifest-types.ts';
import { hooksOf } from '../run/hooks.ts';
import { isEphemeral } from '../run/results.ts';
import { onConnection, type RunSession } from '../run/session.ts';
import { type Outside, readOutside, readSurroundings, type Surroundings } from './outside.ts';
import { areHarmless, keepsRelation } from './schemas.ts';
import { nameKey, type RelationName } from './shadow.ts';
import { upstreamsOf } from './upstream.ts';

/** What is there before the run. */
export interface World extends Surroundings {
  readonly built: ReadonlySet<string>;
  readonly outside: ReadonlyMap<string, Outside>;
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
  /** Nothing of this run makes or changes relations by the way. */
  readonly isQuiet: boolean;
}

export const buildsRelation = (node: ManifestNode | undefined): node is ManifestNode =>
  node !== undefined && ['model', 'seed', 'snapshot'].includes(node.resource_type) && !isEphemeral(node);

export const relationOf = ({ database, schema, alias }: ManifestNode): RelationName => ({
  database,
  schema,
  identifier: alias,
});

export function relationById({ parsed: { manifest } }: RunSession, id: string): RelationName | undefined {
  const node = manifest.nodes[id];
  if (node !== undefined) return relationOf(node);
  const source = manifest.sources[id];
  return source === undefined
    ? undefined
    : { database: source.database, schema: source.schema, identifier: source.identifier };
}

export async function readWorld(
  session: RunSession,
  ids: readonly string[],
  nodes: readonly ManifestNode[],
): Promise<World> {
  const { manifest } = session.parsed;
  const built = new Set(ids.filter((id) => buildsRelation(manifest.nodes[id])));
  const upstreams = new Map(nodes.map((node) => [node.unique_id, upstreamsOf(session, node)]));
  const names = new Map<string, RelationName>();
  const add = (name: RelationName | undefined): void => {
    if (name !== undefined) names.set(nameKey(name), name);
  };
  for (const list of upstreams.values())
    for (const id of list) {
      if (built.has(id)) continue;
      add(relationById(session, id));
      add(deferredOf(manifest.nodes[id]));
    }
  for (const node of nodes) if (node.resource_type !== 'test' && keepsRelation(session, node)) add(relationOf(node));
  // Without hooks run first there may be tables that they would have made.
  const hasHooks = session.flags.which === 'compile' && hooksOf(session, 'on-run-start').length > 0;
  const isQuiet =
    !hasHooks &&
    ids.every((id) => {
      const config = manifest.nodes[id]?.config;
      return config === undefined || areHarmless([...(config['pre-hook'] ?? []), ...(config['post-hook'] ?? [])]);
    });
  return onConnection(session, 'check', async (connect) => {
    const connection = await connect();
    const outside = await readOutside(connection, [...names.values()]);
    return { ...(await readSurroundings(connection)), built, outside, upstreams, isQuiet };
  });
}

/** Where a node is read from instead of its own place. */
export const deferredOf = (node: ManifestNode | undefined): RelationName | undefined =>
  node?.defer_relation
    ? {
        database: node.defer_relation.database,
        schema: node.defer_relation.schema,
        identifier: node.defer_relation.alias,
      }
    : undefined;
