import type { Connection, Engine } from '../engine/index.ts';
import { ownSchema } from './names.ts';
import { queryRows } from './rows.ts';
import type { Receipt } from './types.ts';

/** The ledger of loads: written in the transaction that loads, so that a load and its entry exist together or not at all. */
const table = `${ownSchema}.loads`;

export interface LedgerEntry {
  readonly loadId: string;
  readonly table: string;
  readonly mode: string;
  readonly rows: number;
  readonly bytes: number;
}

export async function createLedger(engine: Engine): Promise<void> {
  await engine.execute(`CREATE SCHEMA IF NOT EXISTS ${ownSchema}`);
  await engine.execute(
    `CREATE TABLE IF NOT EXISTS ${table} (load_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, mode VARCHAR NOT NULL, rows BIGINT NOT NULL, bytes BIGINT NOT NULL, loaded_at TIMESTAMPTZ NOT NULL)`,
  );
}

export async function ledgerExists(engine: Engine): Promise<boolean> {
  const found = await queryRows(engine, `SELECT 1 FROM duckdb_tables() WHERE schema_name = '${ownSchema}' AND table_name = 'loads' AND database_name = current_catalog()`);
  return found.length > 0;
}

export async function findEntry(session: Pick<Engine | Connection, 'query'>, loadId: string): Promise<Receipt | undefined> {
  const rows = await queryRows(session, `SELECT table_name, rows FROM ${table} WHERE load_id = $loadId`, { params: { loadId } });
  const row = rows[0];
  return row === undefined ? undefined : { rows: Number(row.rows), table: String(row.table_name), loadId, repeated: true };
}

export const addEntry = (connection: Connection, { loadId, table: name, mode, rows, bytes }: LedgerEntry): Promise<number> =>
  connection.execute(`INSERT INTO ${table} VALUES ($loadId, $name, $mode, $rows, $bytes, now())`, { params: { loadId, name, mode, rows, bytes } });
