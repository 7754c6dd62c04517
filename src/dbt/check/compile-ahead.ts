import { DuckhouseError } from '../../errors.ts';
import type { RelationCache } from '../adapter/cache.ts';
import type { AdapterConnection } from '../adapter/database.ts';
import { schemaKey } from '../adapter/relation.ts';
import type { EventLog } from '../events/events.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { compileNode } from '../run/compile.ts';
import { isEphemeral } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';
import type { ShadowColumn } from './shadow.ts';

/** Columns of a relation as they will be when the node runs; undefined when that is not known. */
export type DescribeAhead = (relation: string) => Promise<readonly ShadowColumn[] | undefined>;

export interface AheadCompiler {
  /**
   * The text of a node as it will be when it runs; nothing is told. Undefined when it depends on what the database
   * answers or on relations that this run still changes, or fails to compile.
   */
  compile(node: ManifestNode): Promise<string | undefined>;
  /** Leaves all nodes as they were. */
  restore(): void;
}

export function createAheadCompiler(
  session: RunSession,
  nodes: readonly ManifestNode[],
  describe: DescribeAhead,
): AheadCompiler {
  const all = session.parsed.manifest.nodes;
  const restore = keepState([...nodes, ...Object.values(all).filter(isEphemeral)]);
  const written = new Set(
    session.selected.flatMap((id) => {
      const node = all[id];
      return node === undefined ? [] : [fullKey(node.database, node.schema, node.alias)];
    }),
  );
  const connection = describingConnection(describe);
  return {
    restore,
    async compile(node) {
      try {
        const options = { connection: () => Promise.resolve(connection), write: false };
        await compileNode(aside(session, node, written), node, options);
        return node.compiled_code ?? undefined;
      } catch {
        return undefined; // told when the node runs, if it is an error then
      }
    },
  };
}

type Compiled = Pick<
  ManifestNode,
  'compiled' | 'compiled_code' | 'extra_ctes' | 'extra_ctes_injected' | 'compiled_path' | 'relation_name'
>;

function keepState(nodes: readonly ManifestNode[]): () => void {
  const kept = new Map<ManifestNode, Compiled>(
    nodes.map((node) => {
      const { compiled, compiled_code, extra_ctes, extra_ctes_injected, compiled_path, relation_name } = node;
      const state = { compiled, compiled_code, extra_ctes, extra_ctes_injected, compiled_path, relation_name };
      return [node, state as Compiled];
    }),
  );
  const called = new Map(nodes.map(({ depends_on: { macros } }) => [macros, macros.length]));
  return () => {
    for (const [macros, count] of called) macros.length = count;
    for (const [node, state] of kept)
      for (const [name, value] of Object.entries(state))
        if (value === undefined) delete node[name as keyof Compiled];
        else Object.assign(node, { [name]: value });
  };
}

const silent: EventLog = { fire: () => undefined, onEvent: () => undefined, flush: () => undefined };

/** The session as a node compiled ahead may see it. */
function aside(session: RunSession, node: ManifestNode, written: ReadonlySet<string>): RunSession {
  const own = fullKey(node.database, node.schema, node.alias);
  return {
    ...session,
    log: silent,
    plugins: undefined,
    flags: { ...session.flags, writeJson: false },
    cache: steadyCache(session.cache, (key) => key === own || !written.has(key)),
    warn: () => undefined,
    warnOnce: () => undefined,
  };
}

const fullKey = (database: string | null, schema: string | null, identifier: string | null): string =>
  `${schemaKey(database, schema)} ${(identifier ?? '').toLowerCase()}`;

const refused = (): never => {
  throw new DuckhouseError('Unsupported', 'the text depends on what the database answers');
};

/** A connection that tells columns and refuses everything else. */
const describingConnection = (describe: DescribeAhead): AdapterConnection => ({
  name: 'ahead',
  isOpenTransaction: () => false,
  execute: async () => refused(),
  begin: async () => refused(),
  commit: async () => refused(),
  rollback: async () => refused(),
  describe: async (sql) => (await describe(/^SELECT \* FROM (.*)$/s.exec(sql)?.[1] ?? '')) ?? refused(),
  close: () => Promise.resolve(),
});

/** Answers for relations that stay as they are until the node runs; refuses the rest. */
function steadyCache(cache: RelationCache, isSteady: (key: string) => boolean): RelationCache {
  return {
    fill: (schemas) =>
      Promise.resolve(schemas.every((schema) => cache.list(schema) !== undefined) ? undefined : refused()),
    list: refused,
    find: (relation) => {
      const { database, schema, identifier } = relation;
      return isSteady(fullKey(database, schema, identifier)) ? cache.find(relation) : refused();
    },
    add: refused,
    drop: refused,
    rename: refused,
    forgetSchema: refused,
    clear: refused,
  };
}
