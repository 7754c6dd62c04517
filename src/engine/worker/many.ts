import { DuckhouseError } from '../../errors.ts';
import { inGroup } from '../group-error.ts';
import { runSql } from '../native/database.ts';
import type { DuckDb } from '../native/library.ts';
import type { Address } from '../native/memory.ts';
import type { StatementHandle } from '../protocol.ts';
import type { ArrowParams } from '../types.ts';
import { openArrowBinder } from './arrow-binder.ts';
import type { WorkerDatabase } from './arrow-options.ts';
import { prepareScript } from './script.ts';
import { destroyResult, destroyStatement, executeInto } from './statement.ts';

/** Runs the statement for each row of its parameters; the rows changed in all. */
export function executeMany(
  duckdb: DuckDb,
  handle: StatementHandle,
  { sql, params }: { readonly sql: string; readonly params: ArrowParams },
): number {
  const binder = openArrowBinder(duckdb, handle, params);
  let changed = 0;
  try {
    for (let row = 0; row < binder.rows; row++) {
      binder.bind(row);
      const result = executeInto(duckdb, handle.statement, { streaming: false, sql });
      changed += Number(duckdb.rows_changed(result));
      destroyResult(duckdb, result);
    }
    return changed;
  } finally {
    binder.close();
  }
}

/** Runs statements in one transaction; the rows each changed. The failure of one undoes all and tells its index. */
export function executeGroup(context: WorkerDatabase, connection: Address, statements: readonly string[]): number[] {
  const { duckdb } = context;
  const [only] = statements;
  // A statement that is a transaction by itself costs a third less.
  if (statements.length === 1 && only !== undefined) return [executeOne(context, connection, only)];
  runSql(duckdb, connection, 'BEGIN');
  const changed: number[] = [];
  try {
    for (const sql of statements) changed.push(executeOne(context, connection, sql));
    runSql(duckdb, connection, 'COMMIT');
    return changed;
  } catch (error) {
    rollback(duckdb, connection);
    throw inGroup(error, changed.length);
  }
}

/** Its rows are literals: its plan depends on no table. */
function executeOne(context: WorkerDatabase, connection: Address, sql: string): number {
  const { duckdb } = context;
  const handle = prepareScript(context, connection, sql);
  try {
    if (handle.kind !== 'insert' || handle.script || handle.returnsRows)
      throw new DuckhouseError('InvalidArgument', 'only plain INSERT statements run in a group');
    const result = executeInto(duckdb, handle.statement, { streaming: false, sql });
    const changed = Number(duckdb.rows_changed(result));
    destroyResult(duckdb, result);
    return changed;
  } finally {
    destroyStatement(duckdb, handle.statement);
  }
}

function rollback(duckdb: DuckDb, connection: Address): void {
  try {
    runSql(duckdb, connection, 'ROLLBACK');
  } catch {
    // A failed COMMIT has rolled back already.
  }
}
