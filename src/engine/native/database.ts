import { DuckhouseError } from '../../errors.ts';
import { duckDbError } from '../duckdb-error.ts';
import type { DuckDb } from './library.ts';
import { type Address, allocateBlock, readCString, readPointer, writePointer } from './memory.ts';

const cells = allocateBlock(128);

export interface OpenSettings {
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** Opens a database file; throws with the lock holder's pid when another process has it. */
export function openDatabase(duckdb: DuckDb, { database, settings }: OpenSettings): Address {
  duckdb.create_config(cells.address);
  const config = readPointer(cells, 0);
  try {
    for (const [name, value] of Object.entries(settings)) {
      if (Number(duckdb.set_config(config, name, value)) !== 0) {
        throw new DuckhouseError('InvalidArgument', `unknown DuckDB setting or value: ${name}=${value}`);
      }
    }
    if (Number(duckdb.open_ext(database, cells.address + 8, config, cells.address + 16)) === 0)
      return readPointer(cells, 8);
    const text = readCString(readPointer(cells, 16));
    duckdb.free(readPointer(cells, 16));
    throw openError(text, database);
  } finally {
    duckdb.destroy_config(cells.address);
  }
}

function openError(text: string, database: string): DuckhouseError {
  const pid = /\(PID (\d+)\)/.exec(text)?.[1];
  if (pid !== undefined) {
    return new DuckhouseError('Unavailable', `${database} is open in another process (pid ${pid})`, {
      id: 'database-locked',
      context: { database, pid: Number(pid) },
      hint: 'use the running server, or stop that process',
      retryable: true,
    });
  }
  return duckDbError(text);
}

export function closeDatabase(duckdb: DuckDb, database: Address): void {
  writePointer(cells, 0, database);
  duckdb.close(cells.address);
}

export function openConnection(duckdb: DuckDb, database: Address, init: readonly string[]): Address {
  if (Number(duckdb.connect(database, cells.address)) !== 0)
    throw new DuckhouseError('Unavailable', 'cannot connect to the database');
  const connection = readPointer(cells, 0);
  try {
    for (const sql of init) runSql(duckdb, connection, sql);
  } catch (error) {
    closeConnection(duckdb, connection);
    throw error;
  }
  return connection;
}

export function closeConnection(duckdb: DuckDb, connection: Address): void {
  writePointer(cells, 0, connection);
  duckdb.disconnect(cells.address);
}

/** Runs SQL to the end and drops its result; the rows it changed. */
export function runSql(duckdb: DuckDb, connection: Address, sql: string): number {
  const failed = Number(duckdb.query(connection, sql, cells.address + 64)) !== 0;
  const error = failed ? String(duckdb.result_error(cells.address + 64)) : '';
  const changed = failed ? 0 : Number(duckdb.rows_changed(cells.address + 64));
  duckdb.destroy_result(cells.address + 64);
  if (failed) throw duckDbError(error, sql);
  return changed;
}

/** Throws what a duckdb_error_data says, and destroys it. */
export function checkErrorData(duckdb: DuckDb, errorData: unknown): void {
  const address = Number(errorData);
  if (address === 0) return;
  const message = duckdb.error_data_has_error(address) ? String(duckdb.error_data_message(address)) : undefined;
  writePointer(cells, 48, address);
  duckdb.destroy_error_data(cells.address + 48);
  if (message !== undefined) throw duckDbError(message);
}
