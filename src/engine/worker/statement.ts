import type { ArrowField } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { duckDbError } from '../duckdb-error.ts';
import type { DuckDb } from '../native/library.ts';
import { type DuckType, takeType } from '../native/logical-type.ts';
import {
  type Address,
  addressOf,
  allocateBlock,
  free,
  malloc,
  readCString,
  readPointer,
  writePointer,
} from '../native/memory.ts';
import type { ColumnPlan, ResultHandle, StatementHandle } from '../protocol.ts';
import { leavesState, returnsRows, statementKind } from '../statement-kind.ts';
import { mapColumn } from '../type-map.ts';
import type { ArrowParams, Params, ParamValue } from '../types.ts';
import { openArrowBinder } from './arrow-binder.ts';

const cells = allocateBlock(64);
/** sizeof(duckdb_result) */
export const resultSize = 48;

interface NamedType {
  readonly name: string;
  readonly type: DuckType;
}

export interface Script {
  readonly connection: Address;
  readonly extracted: Address;
  readonly sql: string;
}

/** The statement of a script at `index`, which is the caller's to destroy. */
export function prepareOne(duckdb: DuckDb, { connection, extracted, sql }: Script, index: number): Address {
  const failed = Number(duckdb.prepare_extracted_statement(connection, extracted, index, cells.address + 8)) !== 0;
  const statement = readPointer(cells, 8);
  if (!failed) return statement;
  const error = duckDbError(String(duckdb.prepare_error(statement)), sql);
  destroyStatement(duckdb, statement);
  throw error;
}

export function describe(duckdb: DuckDb, statement: Address, plannedAt: number): StatementHandle {
  try {
    const types = preparedColumns(duckdb, statement);
    const kind = statementKind(Number(duckdb.prepared_statement_type(statement)));
    const rows = returnsRows(
      kind,
      types.map(({ name, type }) => ({ name, type: type.name })),
    );
    // A parameter's type is unknown until it is bound: such a column is described by the result, as text until then.
    const known = !types.some(({ type }) => hasUnknown(type));
    const parameters = parameterNames(duckdb, statement);
    return {
      statement,
      kind,
      returnsRows: rows,
      leavesState: leavesState(kind),
      columns: rows ? planColumns(types.map(asText)) : [],
      columnsKnown: known,
      parameters,
      parameterFields: parameters.map((name, i) => parameterField(duckdb, { statement, name, index: i + 1 })),
      script: false,
      plannedAt,
    };
  } catch (error) {
    destroyStatement(duckdb, statement);
    throw error;
  }
}

const planColumns = (columns: readonly NamedType[]): ColumnPlan[] =>
  columns.map(({ name, type }) => mapColumn(name, type));

function preparedColumns(duckdb: DuckDb, statement: Address): NamedType[] {
  const count = Number(duckdb.prepared_statement_column_count(statement));
  return Array.from({ length: count }, (_, i) => ({
    name: takeText(duckdb, duckdb.prepared_statement_column_name(statement, i)),
    type: takeType(duckdb, duckdb.prepared_statement_column_logical_type(statement, i)),
  }));
}

function parameterNames(duckdb: DuckDb, statement: Address): string[] {
  const count = Number(duckdb.nparams(statement));
  return Array.from({ length: count }, (_, i) => takeText(duckdb, duckdb.parameter_name(statement, i + 1)));
}

const hasUnknown = ({ name, children = [] }: DuckType): boolean =>
  name === 'UNKNOWN' || children.some(({ type }) => hasUnknown(type));

const asText = ({ name, type }: NamedType): NamedType => ({
  name,
  type: hasUnknown(type) || type.name === 'ANY' || type.name === 'NULL' ? { name: 'VARCHAR' } : type,
});

interface ParameterAt {
  readonly statement: Address;
  readonly name: string;
  readonly index: number;
}

/** Text where any type will do: a client then sends its values as text, and DuckDB casts them. */
function parameterField(duckdb: DuckDb, { statement, name, index }: ParameterAt): ArrowField {
  const handle = Number(duckdb.param_logical_type(statement, index));
  const type: DuckType = handle === 0 ? { name: 'VARCHAR' } : takeType(duckdb, handle);
  try {
    return mapColumn(name, asText({ name, type }).type).field;
  } catch {
    return mapColumn(name, { name: 'VARCHAR' }).field; // a type without an Arrow form: sent as text, cast by DuckDB
  }
}

function takeText(duckdb: DuckDb, pointer: unknown): string {
  const text = readCString(Number(pointer));
  if (Number(pointer) !== 0) duckdb.free(Number(pointer));
  return text;
}

interface Given {
  readonly params: Params | undefined;
  readonly arrowParams?: ArrowParams | undefined;
}

export function bind(duckdb: DuckDb, handle: StatementHandle, { params, arrowParams }: Given): void {
  if (arrowParams === undefined) bindParams(duckdb, handle, params);
  else bindArrowRow(duckdb, handle, arrowParams);
}

/** What a statement has given. Without rows the result is dropped at once and `result` is 0. */
export function describeResult(duckdb: DuckDb, handle: StatementHandle, result: Address): ResultHandle {
  const { kind, leavesState: stateful, script } = handle;
  if (!handle.returnsRows) {
    const rowsChanged = Number(duckdb.rows_changed(result));
    destroyResult(duckdb, result);
    return { result: 0, kind, returnsRows: false, leavesState: stateful, script, columns: [], rowsChanged };
  }
  try {
    const columns = planColumns(resultColumns(duckdb, result));
    return { result, kind, returnsRows: true, leavesState: stateful, script, columns, rowsChanged: undefined };
  } catch (error) {
    destroyResult(duckdb, result);
    throw error;
  }
}

function resultColumns(duckdb: DuckDb, result: Address): NamedType[] {
  const count = Number(duckdb.column_count(result));
  return Array.from({ length: count }, (_, i) => ({
    name: String(duckdb.column_name(result, i)),
    type: takeType(duckdb, duckdb.column_logical_type(result, i)),
  }));
}

export function executeInto(
  duckdb: DuckDb,
  statement: Address,
  how: { readonly streaming: boolean; readonly sql: string },
): Address {
  const result = malloc(resultSize);
  const execute = how.streaming ? duckdb.execute_prepared_streaming : duckdb.execute_prepared;
  if (Number(execute(statement, result)) === 0) return result;
  const error = duckDbError(String(duckdb.result_error(result)), how.sql);
  destroyResult(duckdb, result);
  throw error;
}

export function destroyResult(duckdb: DuckDb, result: Address): void {
  if (result === 0) return;
  duckdb.destroy_result(result);
  free(result);
}

export function destroyStatement(duckdb: DuckDb, statement: Address): void {
  if (statement === 0) return;
  writePointer(cells, 16, statement);
  duckdb.destroy_prepare(cells.address + 16);
}

function bindArrowRow(duckdb: DuckDb, handle: StatementHandle, params: ArrowParams): void {
  const binder = openArrowBinder(duckdb, handle, params);
  try {
    if (!binder.bind(params.row ?? 0)) throw noRow(handle);
  } finally {
    binder.close();
  }
}

const noRow = ({ parameters }: StatementHandle): DuckhouseError =>
  new DuckhouseError(
    'InvalidArgument',
    `the statement takes ${parameters.length} parameters, no row of them was given`,
  );

function bindParams(duckdb: DuckDb, { statement, parameters }: StatementHandle, params: Params | undefined): void {
  const given = params ?? [];
  if (Array.isArray(given) && given.length !== parameters.length) {
    throw new DuckhouseError(
      'InvalidArgument',
      `the statement takes ${parameters.length} parameters, ${given.length} were given`,
    );
  }
  const byName = given as Readonly<Record<string, ParamValue>>;
  parameters.forEach((name, i) => {
    const value = Array.isArray(given) ? (given[i] as ParamValue) : byName[name];
    if (value === undefined) {
      throw new DuckhouseError('InvalidArgument', `no value for parameter $${name}`, {
        id: 'parameter-missing',
        context: { name },
      });
    }
    if (Number(bindValue(duckdb, { statement, index: i + 1 }, value)) !== 0) {
      throw new DuckhouseError('InvalidArgument', `cannot bind parameter $${name}`);
    }
  });
}

function bindValue(
  duckdb: DuckDb,
  at: { readonly statement: Address; readonly index: number },
  value: ParamValue,
): unknown {
  const { statement, index } = at;
  if (value === null) return duckdb.bind_null(statement, index);
  if (typeof value === 'boolean') return duckdb.bind_boolean(statement, index, value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return duckdb.bind_double(statement, index, value);
  if (typeof value === 'number' || typeof value === 'bigint') return bindInteger(duckdb, at, BigInt(value));
  if (value instanceof Date) return duckdb.bind_timestamp_tz(statement, index, BigInt(value.getTime()) * 1000n);
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const bind = typeof value === 'string' ? duckdb.bind_varchar_length : duckdb.bind_blob;
  // An empty value still needs an address that is not null.
  return bind(statement, index, bytes.byteLength === 0 ? cells.address : addressOf(bytes), bytes.byteLength);
}

function bindInteger(
  duckdb: DuckDb,
  { statement, index }: { readonly statement: Address; readonly index: number },
  value: bigint,
): unknown {
  if (BigInt.asIntN(64, value) === value) return duckdb.bind_int64(statement, index, value);
  if (BigInt.asIntN(128, value) !== value)
    throw new DuckhouseError('InvalidArgument', `integer parameter ${value} has more than 128 bits`);
  const handle = Number(
    duckdb.create_hugeint({ lower: BigInt.asUintN(64, value), upper: BigInt.asIntN(64, value >> 64n) }),
  );
  const state = duckdb.bind_value(statement, index, handle);
  writePointer(cells, 24, handle);
  duckdb.destroy_value(cells.address + 24);
  return state;
}
