import { runSql } from '../native/database.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, allocateBlock, readPointer, writePointer } from '../native/memory.ts';
import { statementKind } from '../statement-kind.ts';
import { destroyStatement } from './statement.ts';

const cells = allocateBlock(16);

/** DuckDB takes it for several statements, and puts a BEGIN before them where no transaction is open. They do not run. */
const several = 'ALTER TABLE duckhouse ADD COLUMN probe INTEGER DEFAULT random()';

/** Whether a connection has a transaction that goes on after its next statement; its last result ends. */
export function inTransaction(duckdb: DuckDb, connection: Address): boolean {
  runSql(duckdb, connection, ''); // what has begun and was given up would count
  const count = Number(duckdb.extract_statements(connection, several, cells.address));
  const extracted = readPointer(cells, 0);
  try {
    return count === 0 || !beginsFirst(duckdb, connection, extracted); // a transaction that has failed refuses even this
  } finally {
    writePointer(cells, 0, extracted);
    duckdb.destroy_extracted(cells.address);
  }
}

function beginsFirst(duckdb: DuckDb, connection: Address, extracted: Address): boolean {
  const failed = Number(duckdb.prepare_extracted_statement(connection, extracted, 0, cells.address + 8)) !== 0;
  const statement = readPointer(cells, 8);
  const kind = failed ? undefined : statementKind(Number(duckdb.prepared_statement_type(statement)));
  destroyStatement(duckdb, statement);
  return kind === 'transaction';
}
