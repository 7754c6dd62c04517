import { type DuckhouseError, toDuckhouseError } from '../../errors.ts';
import { duckDbError } from '../duckdb-error.ts';
import { runSql } from '../native/database.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, allocateBlock, free, malloc, readPointer, writePointer } from '../native/memory.ts';
import type { HeldByCursor } from '../protocol.ts';
import { changesData } from '../statement-kind.ts';
import type { StatementKind } from '../types.ts';
import type { WorkerDatabase } from './arrow-options.ts';
import { inTransaction } from './in-transaction.ts';
import { destroyResult, destroyStatement, executeInto, resultSize } from './statement.ts';

export interface Planned {
  readonly connection: Address;
  readonly statement: Address;
  readonly kind: StatementKind;
  readonly streaming: boolean;
  readonly sql: string;
  readonly plannedAt: number;
  /** Plans it anew, the caller's to destroy; undefined where what tables hold makes no difference to its plan. */
  readonly again: (() => Address) | undefined;
}

export interface Ran extends HeldByCursor {
  readonly result: Address;
}

/** They cannot be given up once they have begun: what they do outside of the database is not undone. */
const irrevocable: ReadonlySet<StatementKind> = new Set(['copy', 'explain']);

/**
 * Executes a statement by a plan that fits the rows it reads. DuckDB plans in one transaction and executes in another: where
 * rows may have changed between them, it is planned anew in the one that it runs in: by another statement, then, which is the
 * caller's as well.
 */
export function executeFresh(context: WorkerDatabase, planned: Planned): Ran {
  const { connection, statement, kind, again } = planned;
  const { duckdb } = context;
  // What a statement has changed in an open transaction stays when it is given up; but there it was planned in it as well.
  if (again === undefined || (kind !== 'select' && inTransaction(duckdb, connection)))
    return { statement, result: executeNow(context, planned), transaction: 0 };
  const result = irrevocable.has(kind) ? undefined : executeIfStill(context, planned);
  if (result !== undefined) return { statement, result, transaction: 0 };
  return executeAgain(context, planned, again);
}

const executeNow = ({ duckdb, clock }: WorkerDatabase, { statement, kind, streaming, sql }: Planned): Address => {
  const execute = (): Address => executeInto(duckdb, statement, { streaming, sql });
  return writes(kind) ? clock.writing(execute) : execute();
};

const writes = (kind: StatementKind): boolean => changesData(kind) || kind === 'explain';

const cell = allocateBlock(8);

/** Undefined where rows may have changed since the plan was made: nothing has been done then. */
function executeIfStill(context: WorkerDatabase, planned: Planned): Address | undefined {
  const { duckdb, clock } = context;
  const { statement, streaming, sql, plannedAt, kind } = planned;
  if (!clock.isStill(plannedAt)) return undefined;
  const start = streaming ? duckdb.pending_prepared_streaming : duckdb.pending_prepared;
  const failed = Number(start(statement, cell.address)) !== 0;
  const pending = readPointer(cell, 0);
  try {
    if (failed) throw duckDbError(String(duckdb.pending_error(pending)), sql);
    // Its transaction has begun: it sees no later write.
    if (!clock.isStill(plannedAt)) return undefined;
    const finish = (): Address => finishPending(duckdb, pending, sql);
    return writes(kind) ? clock.writing(finish) : finish();
  } finally {
    writePointer(cell, 0, pending);
    duckdb.destroy_pending(cell.address);
  }
}

function finishPending(duckdb: DuckDb, pending: Address, sql: string): Address {
  const result = malloc(resultSize);
  if (Number(duckdb.execute_pending(pending, result)) === 0) return result;
  const error = duckDbError(String(duckdb.result_error(result)), sql);
  duckdb.destroy_result(result);
  free(result);
  throw error;
}

function executeAgain(context: WorkerDatabase, planned: Planned, again: () => Address): Ran {
  const { duckdb, clock } = context;
  const { connection, kind } = planned;
  const streaming = kind === 'select'; // of anything else the result is there before the transaction ends
  if (inTransaction(duckdb, connection))
    return { ...executeAnew(context, { ...planned, streaming }, again), transaction: 0 };
  runSql(duckdb, connection, 'BEGIN');
  try {
    const ran = executeAnew(context, { ...planned, streaming }, again);
    if (kind === 'select') return { ...ran, transaction: connection };
    clock.writing(() => commit(context, ran, connection));
    return { ...ran, transaction: 0 };
  } catch (error) {
    rollback(duckdb, connection);
    throw error;
  }
}

function executeAnew(context: WorkerDatabase, planned: Planned, again: () => Address): Omit<Ran, 'transaction'> {
  const statement = again();
  try {
    return { statement, result: executeInto(context.duckdb, statement, planned) };
  } catch (error) {
    destroyStatement(context.duckdb, statement);
    throw error;
  }
}

function commit(
  { duckdb }: WorkerDatabase,
  { statement, result }: Omit<Ran, 'transaction'>,
  connection: Address,
): void {
  try {
    runSql(duckdb, connection, 'COMMIT');
  } catch (error) {
    destroyResult(duckdb, result);
    destroyStatement(duckdb, statement);
    throw error;
  }
}

/** Ends the transaction that was begun for a result: one that has come to its end may have taken numbers of a sequence. */
export function endTransaction(duckdb: DuckDb, connection: Address, how: 'COMMIT' | 'ROLLBACK'): void {
  if (connection === 0) return;
  if (how === 'ROLLBACK') return rollback(duckdb, connection);
  try {
    runSql(duckdb, connection, 'COMMIT');
  } catch (error) {
    rollback(duckdb, connection);
    throw error;
  }
}

const maxRollbacks = 20;

/** Interrupts come again and again, and may hit the ROLLBACK. After a COMMIT that failed there is nothing left of it. */
function rollback(duckdb: DuckDb, connection: Address): void {
  let error: DuckhouseError | undefined;
  for (let i = 0; i === 0 || (error?.kind === 'Cancelled' && i < maxRollbacks); i++) {
    error = undefined;
    try {
      runSql(duckdb, connection, 'ROLLBACK');
    } catch (caught) {
      error = toDuckhouseError(caught);
    }
  }
}
