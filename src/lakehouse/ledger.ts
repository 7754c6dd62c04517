import type { Connection, Engine } from '../engine/index.ts';
import { quoteName } from '../sql.ts';
import { ownSchema } from './names.ts';
import { queryRows } from './rows.ts';
import type { Receipt } from './types.ts';

type Session = Pick<Engine | Connection, 'query'>;

/**
 * The ledger of loads: written in the transaction that loads, so that a load and its entry exist together or not at all.
 * Each catalog has its own, since a transaction writes to one only.
 */
export interface LedgerEntry {
  readonly catalog: string;
  readonly loadId: string;
  readonly table: string;
  readonly mode: string;
  readonly rows: number;
  readonly bytes: number;
}

const ledgerOf = (catalog: string): string => quoteName(catalog, ownSchema, 'loads');

export async function ensureLedger(
  engine: Pick<Engine | Connection, 'query' | 'execute'>,
  catalog: string,
): Promise<void> {
  if ((await catalogsWithLedger(engine)).includes(catalog)) return;
  await engine.execute(`CREATE SCHEMA IF NOT EXISTS ${quoteName(catalog, ownSchema)}`);
  await engine.execute(
    `CREATE TABLE IF NOT EXISTS ${ledgerOf(catalog)} (load_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, mode VARCHAR NOT NULL, rows BIGINT NOT NULL, bytes BIGINT NOT NULL, loaded_at TIMESTAMPTZ NOT NULL)`,
  );
}

/** The first load of this id, in whatever catalog it went. */
export async function findEntry(session: Session, loadId: string): Promise<Receipt | undefined> {
  const catalogs = await catalogsWithLedger(session);
  if (catalogs.length === 0) return undefined;
  const ledgers = catalogs.map(
    (catalog) => `SELECT table_name, rows, loaded_at FROM ${ledgerOf(catalog)} WHERE load_id = $loadId`,
  );
  const rows = await queryRows(session, `${ledgers.join(' UNION ALL ')} ORDER BY loaded_at LIMIT 1`, {
    params: { loadId },
  });
  const row = rows[0];
  return row === undefined
    ? undefined
    : { rows: Number(row.rows), table: String(row.table_name), loadId, repeated: true };
}

async function catalogsWithLedger(session: Session): Promise<string[]> {
  const found = await queryRows(
    session,
    `SELECT database_name FROM duckdb_tables() WHERE schema_name = '${ownSchema}' AND table_name = 'loads'`,
  );
  return found.map((row) => String(row.database_name));
}

export const addEntry = (
  connection: Connection,
  { catalog, loadId, table, mode, rows, bytes }: LedgerEntry,
): Promise<number> =>
  connection.execute(`INSERT INTO ${ledgerOf(catalog)} VALUES ($loadId, $table, $mode, $rows, $bytes, now())`, {
    params: { loadId, table, mode, rows, bytes },
  });
