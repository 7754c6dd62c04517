import type { Connection } from '../../engine/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import type { AdapterConnection } from '../adapter/database.ts';
import { readTable } from '../adapter/table.ts';
import { isFullRefresh } from '../check/schemas.ts';
import { nameKey, quotedName, type RelationName } from '../check/shadow.ts';
import { upstreamsOf } from '../check/upstream.ts';
import { failureText } from '../context/template-errors.ts';
import { historySchema, mayKeepTables } from '../history/tables.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { externalLocation, pluginOf } from '../parse/source-relation.ts';
import type { Changes } from '../run/changes.ts';
import type { RunSession } from '../run/session.ts';
import { digest, fingerprintOf, isSteady } from './fingerprint.ts';

/** What is known of how a relation was made, or of a test that passed. */
interface Made {
  /** The relation's name; of a test its id and target. */
  readonly key: string;
  readonly fingerprint: string;
  /** Digest of the versions of what it read; '' when one of them is not known. */
  readonly inputs: string;
  /** The same as long as its rows are. */
  readonly version: string;
  /** Columns and number of rows when it was made: others have changed it when they differ. */
  readonly shape: string;
  readonly madeAt: string;
}

const columns = ['key', 'fingerprint', 'inputs', 'version', 'shape', 'made_at'] as const;

/**
 * Forgets what is known of the nodes that a command is about to make, so that nothing is believed of a run that ends
 * half way; with `--changed`, resolves with what was known.
 */
export async function openChanges(session: RunSession, ids: readonly string[]): Promise<Changes | undefined> {
  const { database, flags, parsed, log } = session;
  const name = database.credentials.database;
  if (name === '' || database.credentials.path === ':memory:') return undefined;
  const table = `${quoteIdentifier(name)}.${historySchema}.dbt_state`;
  const nodes = ids.flatMap((id) => parsed.manifest.nodes[id] ?? []);
  try {
    const known = await onConnection(session, async (connection) => {
      if (flags.changed && !(await mayKeepTables(connection, name))) return undefined;
      if (flags.changed)
        await connection.execute(
          `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(name)}.${historySchema};
           CREATE TABLE IF NOT EXISTS ${table} (${columns.map((column) => `${column} VARCHAR`).join(', ')})`,
        );
      const rows = flags.changed ? await readMade(connection, table) : [];
      const keys = nodes.map((node) => quoteLiteral(keyOf(session, node)));
      if (keys.length > 0) await connection.execute(`DELETE FROM ${table} WHERE key IN (${keys.join(', ')})`);
      return rows;
    });
    return flags.changed && known !== undefined ? createChanges(session, { table, known }) : undefined;
  } catch (error) {
    // Without --changed there may be no table, and then nothing to forget.
    if (flags.changed) log.fire({ name: 'StateNotRead', level: 'debug', msg: failureText(error, undefined) });
    return undefined;
  }
}

async function onConnection<T>({ database }: RunSession, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await (database.engine.unguarded ?? database.engine).connect();
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function readMade(connection: Connection, table: string): Promise<readonly Made[]> {
  const { rows } = await readTable(await connection.query(`SELECT ${columns.join(', ')} FROM ${table}`));
  return rows.map((row) => {
    const [key = '', fingerprint = '', inputs = '', version = '', shape = '', madeAt = ''] = row.map(String);
    return { key, fingerprint, inputs, version, shape, madeAt };
  });
}

const relationOf = ({ database, schema, alias }: ManifestNode): RelationName => ({
  database,
  schema,
  identifier: alias,
});
const isView = ({ resource_type, config }: ManifestNode): boolean =>
  resource_type === 'model' && config.materialized === 'view';
/** Rows that come from what was there before too. */
const isGrown = ({ resource_type, config }: ManifestNode): boolean =>
  resource_type === 'snapshot' || config.materialized === 'incremental';

const keyOf = ({ parsed }: RunSession, node: ManifestNode): string =>
  node.resource_type === 'test' ? `${node.unique_id}@${parsed.profile.targetName}` : nameKey(relationOf(node));

interface Parts {
  readonly table: string;
  readonly known: readonly Made[];
}

function createChanges(session: RunSession, { table, known }: Parts): Changes {
  const { manifest } = session.parsed;
  const earlier = new Map(known.map((one) => [one.key, one]));
  const now = new Map<string, Made>();
  const sources = new Map<string, Promise<string | undefined>>();
  const selected = new Set(session.selected);
  /** Digests of what nodes read, by id. */
  const read = new Map<string, string>();

  /** Changes when the rows of a node or source may have; undefined when that cannot be told. */
  const versionOf = async (id: string, connect: () => Promise<AdapterConnection>): Promise<string | undefined> => {
    const node = manifest.nodes[id];
    if (node === undefined) {
      const reading = sources.get(id) ?? sourceVersion(session, id, connect);
      sources.set(id, reading);
      return reading;
    }
    if (node.defer_relation && !selected.has(id)) return undefined;
    const key = keyOf(session, node);
    const made = now.get(key) ?? (selected.has(id) ? undefined : earlier.get(key));
    if (made === undefined || made.version === '') return undefined;
    if (now.has(key) || !isView(node)) return made.version;
    // A view has the rows that what it reads has now.
    const inputs = await inputsOf(node, connect);
    return inputs === '' ? undefined : digest([made.fingerprint, inputs]);
  };

  const inputsOf = async (node: ManifestNode, connect: () => Promise<AdapterConnection>): Promise<string> => {
    const versions: string[] = [];
    for (const id of [...upstreamsOf(session, node)].sort()) {
      const version = await versionOf(id, connect);
      if (version === undefined) return '';
      versions.push(version);
    }
    return digest(versions);
  };

  return neverFailing(session, {
    async unchangedSince(node, connect) {
      // Before the node is made: what changes meanwhile is seen by the next run.
      const inputs = await inputsOf(node, connect);
      read.set(node.unique_id, inputs);
      const before = earlier.get(keyOf(session, node));
      if (before === undefined || !isSteady(node) || isFullRefresh(session, node)) return undefined;
      if (before.fingerprint !== fingerprintOf(session, node)) return undefined;
      // The text of a view is all there is of it.
      if (!isView(node) && (inputs === '' || inputs !== before.inputs)) return undefined;
      if ((await shapeOf(session, node, connect)) !== before.shape) return undefined;
      const version = isView(node) ? (inputs === '' ? '' : digest([before.fingerprint, inputs])) : before.version;
      now.set(before.key, { ...before, inputs, version });
      return new Date(before.madeAt);
    },
    async made(node, connect) {
      const fingerprint = fingerprintOf(session, node);
      const inputs = read.get(node.unique_id) ?? '';
      const isKnown = inputs !== '' && isSteady(node);
      const shape = await shapeOf(session, node, connect);
      if (shape === undefined) return;
      now.set(keyOf(session, node), {
        key: keyOf(session, node),
        fingerprint,
        inputs,
        version: !isKnown
          ? ''
          : isGrown(node)
            ? digest([session.parsed.invocationId, node.unique_id])
            : digest([fingerprint, inputs]),
        shape,
        madeAt: new Date().toISOString(),
      });
    },
    async save() {
      if (now.size === 0) return;
      const rows = [...now.values()].map(
        ({ key, fingerprint, inputs, version, shape, madeAt }) =>
          `(${[key, fingerprint, inputs, version, shape, madeAt].map(quoteLiteral).join(', ')})`,
      );
      await onConnection(session, (connection) =>
        connection.execute(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ${rows.join(', ')}`),
      );
    },
  });
}

/** What goes wrong here makes nothing fail: the node is made. */
const neverFailing = ({ log }: RunSession, { unchangedSince, made, save }: Changes): Changes => {
  const told = (error: unknown): undefined => {
    log.fire({ name: 'StateUnknown', level: 'debug', msg: failureText(error, undefined) });
  };
  return {
    unchangedSince: (node, connect) => unchangedSince(node, connect).catch(told),
    made: (node, connect) => made(node, connect).catch(told),
    save: () => save().catch(told),
  };
};

/** Columns of what a node made, and how many rows; undefined when it is not there. Tests make nothing. */
async function shapeOf(
  { cache }: RunSession,
  node: ManifestNode,
  connect: () => Promise<AdapterConnection>,
): Promise<string | undefined> {
  if (node.resource_type === 'test') return '';
  const name = relationOf(node);
  const found = cache.find(name);
  if (found === undefined || (found.type === 'view') !== isView(node)) return undefined;
  const connection = await connect();
  const described = await connection.describe(`SELECT * FROM ${quotedName(name)}`).catch(() => undefined);
  if (described === undefined) return undefined;
  if (isView(node)) return digest(described);
  const { table } = await connection.execute(`SELECT count(*) FROM ${quotedName(name)}`, { fetch: true });
  return digest([described, String(table.rows[0]?.[0])]);
}

/** A digest of all rows of a source in a DuckDB database; others cannot be told. */
async function sourceVersion(
  { parsed }: RunSession,
  id: string,
  connect: () => Promise<AdapterConnection>,
): Promise<string | undefined> {
  const source = parsed.manifest.sources[id];
  if (source === undefined) return undefined;
  try {
    if (externalLocation(source) !== undefined || pluginOf(source) !== undefined) return undefined;
    const connection = await connect();
    const read = async (sql: string): Promise<string> =>
      JSON.stringify((await connection.execute(sql, { fetch: true })).table.rows.map((row) => row.map(String)));
    const database = (source.database ?? '').toLowerCase();
    const local = await read(
      `SELECT 1 FROM duckdb_databases() WHERE lower(database_name) = ${quoteLiteral(database)} AND type = 'duckdb'`,
    );
    if (local === '[]') return undefined;
    const name = quotedName({ database: source.database, schema: source.schema, identifier: source.identifier });
    const described = await connection.describe(`SELECT * FROM ${name}`);
    return digest([described, await read(`SELECT count(*), sum(hash(one)) FROM ${name} AS one`)]);
  } catch {
    return undefined; // whoever reads it will say what is wrong
  }
}
