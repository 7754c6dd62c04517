import { DuckhouseError } from '../../errors.ts';
import { mayBeScript } from '../../sql.ts';
import { duckDbError } from '../duckdb-error.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, allocateBlock, readPointer, writePointer } from '../native/memory.ts';
import type { HeldByCursor, Request, ResultHandle, StatementHandle } from '../protocol.ts';
import { dependsOnRows, leavesState, statementKind } from '../statement-kind.ts';
import { splitStatements } from '../statement-text.ts';
import type { WorkerDatabase } from './arrow-options.ts';
import { endTransaction, executeFresh } from './fresh.ts';
import {
  bind,
  describe,
  describeResult,
  destroyResult,
  destroyStatement,
  prepareOne,
  type Script,
} from './statement.ts';

const cells = allocateBlock(8);

/** Prepares the last statement of a script after running the ones before it. */
export function prepareScript(context: WorkerDatabase, connection: Address, sql: string): StatementHandle {
  const { duckdb, clock } = context;
  const count = Number(duckdb.extract_statements(connection, sql, cells.address));
  const extracted = readPointer(cells, 0);
  try {
    if (count === 0) throw emptyScript(duckdb, extracted, sql);
    const script = { connection, extracted, sql };
    let leftState = false;
    for (let i = 0; i < count - 1; i++) leftState = runExtracted(context, { ...script, count }, i) || leftState;
    const plannedAt = clock.now();
    const handle = describe(duckdb, prepareOne(duckdb, script, count - 1), plannedAt);
    return { ...handle, leavesState: handle.leavesState || leftState, script: count > 1 };
  } finally {
    writePointer(cells, 0, extracted);
    duckdb.destroy_extracted(cells.address);
  }
}

function emptyScript(duckdb: DuckDb, extracted: Address, sql: string): DuckhouseError {
  const error = duckdb.extract_statements_error(extracted);
  if (typeof error === 'string' && error !== '') return duckDbError(error, sql);
  return new DuckhouseError('InvalidArgument', 'the text holds no SQL statement', { id: 'empty-statement' });
}

function runExtracted(context: WorkerDatabase, script: Script & { readonly count: number }, index: number): boolean {
  const { duckdb, clock } = context;
  const { connection, sql } = script;
  const plannedAt = clock.now();
  const statement = prepareOne(duckdb, script, index);
  try {
    const kind = statementKind(Number(duckdb.prepared_statement_type(statement)));
    const piece = pieceAt(script, index);
    const anew = piece !== undefined && dependsOnRows({ kind, parameters: [] }, piece);
    const again = anew ? () => prepareScript(context, connection, piece).statement : undefined;
    const ran = executeFresh(context, { connection, statement, kind, streaming: false, sql, plannedAt, again });
    destroyResult(duckdb, ran.result);
    if (ran.statement !== statement) destroyStatement(duckdb, ran.statement);
    endTransaction(duckdb, ran.transaction, 'COMMIT');
    return leavesState(kind);
  } finally {
    destroyStatement(duckdb, statement);
  }
}

/** Undefined where DuckDB makes several statements of one. */
function pieceAt({ sql, count }: { readonly sql: string; readonly count: number }, index: number): string | undefined {
  const pieces = mayBeScript(sql) ? splitStatements(sql) : [sql];
  return pieces.length === count ? pieces[index] : undefined;
}

const lastPiece = (sql: string): string => (mayBeScript(sql) ? splitStatements(sql).at(-1) : undefined) ?? sql;

export interface Started extends HeldByCursor {
  readonly started: ResultHandle;
}

type ExecuteRequest = Pick<Extract<Request, { op: 'execute' }>, 'connection' | 'sql' | 'params' | 'arrowParams'>;

/** Executes a prepared statement by a plan that fits. Without rows its result is dropped at once and `result` is 0. */
export function executeStatement(
  context: WorkerDatabase,
  handle: StatementHandle,
  { connection, sql, ...given }: ExecuteRequest,
): Started {
  const { duckdb } = context;
  const { statement, kind, plannedAt, returnsRows: streaming } = handle;
  bind(duckdb, handle, given);
  const anew = dependsOnRows(handle, sql);
  const again = anew ? () => prepareScript(context, connection, lastPiece(sql)).statement : undefined;
  const ran = executeFresh(context, { connection, statement, kind, streaming, sql, plannedAt, again });
  const other = ran.statement === statement ? 0 : ran.statement;
  try {
    const started = describeResult(duckdb, handle, ran.result);
    if (other !== 0) destroyStatement(duckdb, statement);
    return { ...ran, started };
  } catch (error) {
    destroyStatement(duckdb, other);
    endTransaction(duckdb, ran.transaction, 'ROLLBACK');
    throw error;
  }
}
