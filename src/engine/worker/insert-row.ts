import { runSql } from '../native/database.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, addressOf, allocateBlock } from '../native/memory.ts';
import type { Request } from '../protocol.ts';
import { destroyResult, executeInto } from './statement.ts';

const emptyText = allocateBlock(8);

/**
 * Inserts a row by a statement that is planned already. Where a value is not of its column's very type the text of the
 * statement runs as it is: DuckDB would plan anew, and casts literals in its own way.
 */
export function insertRow(
  duckdb: DuckDb,
  { connection, handle, sql, values }: Omit<Extract<Request, { op: 'insertRow' }>, 'op'>,
): number {
  const { statement } = handle;
  if (!values.every((value, i) => bindExactly(duckdb, { statement, index: i + 1 }, value)))
    return runSql(duckdb, connection, sql);
  const result = executeInto(duckdb, statement, { streaming: false, sql });
  const changed = Number(duckdb.rows_changed(result));
  destroyResult(duckdb, result);
  return changed;
}

/** DuckDB's duckdb_type, and what integers fit in it. */
const integers: Readonly<
  Record<number, { readonly bind: 'bind_int8' | 'bind_int16' | 'bind_int32'; readonly max: number }>
> = {
  2: { bind: 'bind_int8', max: 2 ** 7 },
  3: { bind: 'bind_int16', max: 2 ** 15 },
  4: { bind: 'bind_int32', max: 2 ** 31 },
};
const bigint = 5;
const double = 11;
const varchar = 17;

/** False when the value is of another type than its parameter. */
function bindExactly(
  duckdb: DuckDb,
  { statement, index }: { readonly statement: Address; readonly index: number },
  value: number | string,
): boolean {
  const type = Number(duckdb.param_type(statement, index));
  if (typeof value === 'string') {
    if (type !== varchar) return false;
    const bytes = Buffer.from(value, 'utf8');
    const address = bytes.byteLength === 0 ? emptyText.address : addressOf(bytes);
    return Number(duckdb.bind_varchar_length(statement, index, address, bytes.byteLength)) === 0;
  }
  if (type === double) return Number(duckdb.bind_double(statement, index, value)) === 0;
  if (!Number.isInteger(value)) return false;
  if (type === bigint) return Number(duckdb.bind_int64(statement, index, value)) === 0;
  const fit = integers[type];
  if (fit === undefined || value < -fit.max || value >= fit.max) return false;
  return Number(duckdb[fit.bind](statement, index, value)) === 0;
}
