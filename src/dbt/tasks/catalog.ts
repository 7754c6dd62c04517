import { quoteLiteral } from '../../sql.ts';
import type { AdapterHost } from '../adapter/adapter-host.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import { storesFailures } from '../run/compile.ts';
import { artifactMetadata } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';
import { ownCatalog, type Place } from './own-catalog.ts';
import { withAdapter } from './schemas.ts';

interface CatalogTable {
  readonly type: string;
  readonly schema: string;
  readonly name: string;
  readonly database: string;
  readonly comment: string | null;
  readonly columns: Map<string, { type: string; index: number; name: string; comment: string | null }>;
}

/** catalog.json, version 1: the columns that DuckDB knows of every relation of the project. */
export async function buildCatalog(session: RunSession, ids?: readonly string[]): Promise<Dict> {
  const { manifest } = session.parsed;
  const members = membersOf(session, ids);
  const tables = await readTables(session, members);
  const sections: Record<'nodes' | 'sources', Dict> = { nodes: {}, sources: {} };
  for (const { id, section, database, schema, name } of members) {
    const table = tables.get(keyOf(database, schema, name));
    if (table !== undefined) sections[section][id] = tableEntry(id, table);
  }
  const { metadata } = manifest;
  return {
    metadata: artifactMetadata('catalog/v1', {
      dbtVersion: metadata.dbt_version,
      invocationId: session.parsed.invocationId,
      invocationStartedAt: session.parsed.runStartedAt,
      env: metadata.env,
    }),
    ...sections,
    errors: null,
  };
}

interface Member extends Place {
  readonly id: string;
  readonly section: 'nodes' | 'sources';
}

/** All relations of the project or, with `ids`, those among them. Of nodes in one place dbt keeps the last. */
function membersOf(session: RunSession, ids: readonly string[] | undefined): readonly Member[] {
  const { manifest } = session.parsed;
  const wanted = ids === undefined ? undefined : new Set(ids);
  const nodes = new Map<string, Member>();
  for (const node of Object.values(manifest.nodes)) {
    const { unique_id: id, database, schema, alias: name } = node;
    if (isRelational(session, node))
      nodes.set(keyOf(database, schema, name), { id, section: 'nodes', database: database ?? '', schema, name });
  }
  const sources = Object.values(manifest.sources).map(({ unique_id: id, database, schema, identifier: name }) => {
    const member: Member = { id, section: 'sources', database: database ?? '', schema, name };
    return member;
  });
  return [...nodes.values(), ...sources].filter(({ id }) => wanted === undefined || wanted.has(id));
}

/** Tests are relations where they store their failures. */
const isRelational = (session: RunSession, node: ManifestNode): boolean =>
  node.resource_type === 'test'
    ? storesFailures(session, node)
    : ['model', 'seed', 'snapshot'].includes(node.resource_type) && node.config.materialized !== 'ephemeral';

const keyOf = (database: unknown, schema: unknown, name: unknown): string =>
  [database, schema, name].map((part) => String(part).toLowerCase()).join('\u001f');

const tableEntry = (id: string, { type, schema, name, database, comment, columns }: CatalogTable): Dict => ({
  metadata: { type, schema, name, database, comment, owner: null },
  columns: Object.fromEntries(columns),
  stats: {
    has_stats: {
      id: 'has_stats',
      label: 'Has Stats?',
      value: false,
      include: false,
      description: 'Indicates whether there are statistics for this table',
    },
  },
  unique_id: id,
});

async function readTables(session: RunSession, members: readonly Member[]): Promise<Map<string, CatalogTable>> {
  const tables = new Map<string, CatalogTable>();
  await withAdapter(session, 'generate_catalog', async (adapter) => {
    const rows = (await ownCatalog(adapter, members)) ?? (await readCatalog(session, adapter));
    for (const row of rows) addRow(tables, row);
  });
  return tables;
}

async function readCatalog({ parsed }: RunSession, adapter: AdapterHost): Promise<readonly (readonly unknown[])[]> {
  const { manifest } = parsed;
  const databases = new Set<string>();
  for (const node of [...Object.values(manifest.nodes), ...Object.values(manifest.sources)])
    if (node.database !== null) databases.add(node.database.toLowerCase());
  const list = [...databases].map(quoteLiteral).join(', ') || "''";
  const sql = `
    WITH relations AS (
      SELECT database_name, schema_name, table_name, 'BASE TABLE' AS kind, comment FROM duckdb_tables() WHERE NOT internal
      UNION ALL SELECT database_name, schema_name, view_name, 'VIEW', comment FROM duckdb_views() WHERE NOT internal
    )
    SELECT r.database_name, r.schema_name, r.table_name, r.kind, r.comment,
           c.column_name, c.data_type, c.column_index, c.comment AS column_comment
    FROM relations r
    LEFT JOIN duckdb_columns() c USING (database_name, schema_name, table_name)
    WHERE lower(r.database_name) IN (${list})
    ORDER BY r.database_name, r.schema_name, r.table_name, c.column_index`;
  const { table } = await (await adapter.connection()).execute(sql, { fetch: true });
  return table.rows;
}

const textOrNull = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

function addRow(tables: Map<string, CatalogTable>, row: readonly unknown[]): void {
  const [database, schema, name, kind, comment, column, type, index, columnComment] = row;
  const key = keyOf(database, schema, name);
  const known = tables.get(key) ?? {
    type: String(kind),
    schema: String(schema),
    name: String(name),
    database: String(database),
    comment: textOrNull(comment),
    columns: new Map(),
  };
  tables.set(key, known);
  if (column !== null && column !== undefined)
    known.columns.set(String(column), {
      type: String(type),
      index: Number(index),
      name: String(column),
      comment: textOrNull(columnComment),
    });
}
