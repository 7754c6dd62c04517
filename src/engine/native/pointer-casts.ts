import { DuckhouseError } from '../../errors.ts';
import { closeConnection, openConnection } from './database.ts';
import type { DuckDb } from './library.ts';
import { type Address, allocateBlock, memcpy, nativeNoop, readPointer, writePointer } from './memory.ts';

/** The first two bytes of DuckDB's LogicalType, the id and how values are stored: of BIGINT, and of POINTER. */
const bigintBytes = [14, 9] as const;
const pointerBytes = [51, 8] as const;
const cell = allocateBlock(8);

/**
 * Some of DuckDB's functions take addresses of C structs, and a wild one ends the process. POINTER cannot be written in SQL,
 * but VARIANT turns into it by itself: this forbids it for the instance, whoever calls such a function and however.
 */
export function forbidPointerCasts(duckdb: DuckDb, database: Address): void {
  const connection = openConnection(duckdb, database, []);
  const variant = variantType(duckdb, connection);
  const pointer = pointerType(duckdb);
  const cast = Number(duckdb.create_cast_function());
  try {
    duckdb.cast_function_set_source_type(cast, variant);
    duckdb.cast_function_set_target_type(cast, pointer);
    duckdb.cast_function_set_function(cast, nativeNoop); // never called: there is no explicit cast either
    duckdb.cast_function_set_implicit_cast_cost(cast, -1);
    if (Number(duckdb.register_cast_function(connection, cast)) !== 0) throw unknownLayout();
  } finally {
    destroy(duckdb.destroy_cast_function, cast);
    destroy(duckdb.destroy_logical_type, pointer);
    destroy(duckdb.destroy_logical_type, variant);
    closeConnection(duckdb, connection);
  }
}

function destroy(by: (pointer: Address) => unknown, handle: Address): void {
  writePointer(cell, 0, handle);
  by(cell.address);
}

/** With what belongs to it, which only a column of that type has. */
function variantType(duckdb: DuckDb, connection: Address): Address {
  if (Number(duckdb.prepare(connection, 'SELECT NULL::VARIANT', cell.address)) !== 0) throw unknownLayout();
  const statement = readPointer(cell, 0);
  const type = Number(duckdb.prepared_statement_column_logical_type(statement, 0));
  destroy(duckdb.destroy_prepare, statement);
  return type;
}

/** The C API knows no POINTER: it is made of a BIGINT. */
function pointerType(duckdb: DuckDb): Address {
  const type = Number(duckdb.create_logical_type(5));
  memcpy(cell.address, type, 2);
  if (cell.bytes[0] !== bigintBytes[0] || cell.bytes[1] !== bigintBytes[1]) throw unknownLayout();
  cell.bytes.set(pointerBytes);
  memcpy(type, cell.address, 2);
  return type;
}

const unknownLayout = (): DuckhouseError =>
  new DuckhouseError('Internal', 'this version of DuckDB lays its types out in another way');
