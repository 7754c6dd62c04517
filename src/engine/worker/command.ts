import { duckDbError } from '../duckdb-error.ts';
import { runSql } from '../native/database.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, allocateBlock, readPointer, writePointer } from '../native/memory.ts';
import { destroyStatement, prepareOne } from './statement.ts';

const cells = allocateBlock(128);
const result = cells.address + 64;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** duckdb_pending_state */
const notReady = 1;
const noTasks = 3;
const shortestSleepMs = 0.05;
const longestSleepMs = 1;

/**
 * Runs one command to its end; the rows it changed. While a thread of DuckDB's has the work, e.g. writes the log of a
 * commit, this one sleeps: DuckDB itself would ask over and over, which took a third of the processor time of small
 * commands.
 */
export function runCommand(duckdb: DuckDb, connection: Address, sql: string): number {
  const count = Number(duckdb.extract_statements(connection, sql, cells.address));
  const extracted = readPointer(cells, 0);
  try {
    // Some commands are several statements to DuckDB, and none when they cannot be read.
    if (count !== 1) return runSql(duckdb, connection, sql);
    const statement = prepareOne(duckdb, { connection, extracted, sql }, 0);
    try {
      return runPending(duckdb, statement, sql);
    } finally {
      destroyStatement(duckdb, statement);
    }
  } finally {
    writePointer(cells, 0, extracted);
    duckdb.destroy_extracted(cells.address);
  }
}

function runPending(duckdb: DuckDb, statement: Address, sql: string): number {
  const failed = Number(duckdb.pending_prepared(statement, cells.address + 16)) !== 0;
  const pending = readPointer(cells, 16);
  try {
    if (failed) throw duckDbError(String(duckdb.pending_error(pending)), sql);
    work(duckdb, pending);
    const hasFailed = Number(duckdb.execute_pending(pending, result)) !== 0;
    try {
      if (hasFailed) throw duckDbError(String(duckdb.result_error(result)), sql);
      return Number(duckdb.rows_changed(result));
    } finally {
      duckdb.destroy_result(result);
    }
  } finally {
    writePointer(cells, 16, pending);
    duckdb.destroy_pending(cells.address + 16);
  }
}

/** Until the result is there, or whatever else `execute_pending` will tell. */
function work(duckdb: DuckDb, pending: Address): void {
  let sleepMs = shortestSleepMs;
  for (;;) {
    const state = Number(duckdb.pending_execute_task(pending));
    if (state === noTasks) {
      Atomics.wait(sleeper, 0, 0, sleepMs);
      sleepMs = Math.min(longestSleepMs, sleepMs * 2);
    } else if (state === notReady) sleepMs = shortestSleepMs;
    else return;
  }
}
