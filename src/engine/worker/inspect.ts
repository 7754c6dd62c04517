import { quoteLiteral } from '../../sql.ts';
import { duckDbError } from '../duckdb-error.ts';
import { planFacts, queryText } from '../facts.ts';
import { fileLike } from '../file-names.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, allocateBlock, readCString, readPointer, writePointer } from '../native/memory.ts';
import type { Request } from '../protocol.ts';
import { executeCall, explainedSql, firstWord, preparedSql, withoutParameters } from '../statement-text.ts';
import type { PlanFacts, StatementFacts, TextFacts } from '../types.ts';

/**
 * What a text of SQL would do, told by DuckDB on the statement's own connection: it parses and binds, and runs nothing.
 * json_serialize_plan binds every kind of statement that has a plan, with parameters that are not bound yet;
 * json_serialize_sql gives queries as they are written, without views and macros looked into.
 */
export function inspectStatement(duckdb: DuckDb, inspection: Inspection): StatementFacts {
  const { connection, sql } = inspection;
  const prepared = preparedSql(sql);
  const executed = prepared === undefined ? executeCall(sql) : undefined;
  if (executed === undefined) return inspectOne(duckdb, { ...inspection, sql: prepared ?? sql });
  const { name, computed } = executed;
  const [inside] = readRow(duckdb, connection, preparedText(name)) ?? [];
  if (inside === undefined) return untold(sql, 1, 'transaction');
  const facts = inspectOne(duckdb, { ...inspection, sql: inside });
  if (computed === undefined) return facts;
  const statements = countStatements(duckdb, connection, sql);
  if (statements !== 1) return untold(sql, statements, statements === 0 ? 'parser' : 'script');
  return { ...facts, computed: inspectOne(duckdb, { ...inspection, sql: computed }) };
}

/** What DuckDB keeps under a name, '' for nothing: it is looked at again, for what its names mean may have changed. */
const preparedText = (name: string): string =>
  `SELECT coalesce(max(statement), '') FROM duckdb_prepared_statements() WHERE lower(name) = lower(${quoteLiteral(name)})`;

function inspectOne(duckdb: DuckDb, { connection, sql, tableFunctions, catalogVersion }: Inspection): StatementFacts {
  const statements = countStatements(duckdb, connection, sql);
  if (statements !== 1) return untold(sql, statements, statements === 0 ? 'parser' : 'script');
  const ask: Ask = { read: (text) => readRow(duckdb, connection, text), tableFunctions, catalogVersion };
  const whole = tell(ask, sql);
  const inner = whole.planError === 'explain' ? explainedSql(sql) : undefined;
  const facts = inner === undefined ? whole : tell(ask, inner);
  return { sql, statements, explained: inner !== undefined, ...facts };
}

export type Inspection = Omit<Extract<Request, { op: 'inspect' }>, 'op'>;

const untold = (sql: string, statements: number, planError: string): StatementFacts => ({
  sql,
  statements,
  explained: false,
  ...unplanned(undefined, planError),
});

type Told = Pick<StatementFacts, 'plan' | 'planError' | 'text' | 'definition'>;
const unplanned = (text: TextFacts | undefined, planError: string): Told => ({
  plan: undefined,
  planError,
  text,
  definition: undefined,
});

/** Asks DuckDB for a row of texts; undefined when the transaction of the connection has failed. */
interface Ask {
  readonly read: (sql: string) => string[] | undefined;
  readonly tableFunctions: readonly string[];
  readonly catalogVersion: number;
}

/** Statements that may be bound. Binding others does something already: EXPORT makes its folder. */
const bindable: ReadonlySet<string | undefined> = new Set(
  '( select with from values table insert update delete truncate merge create drop alter comment set reset use begin start commit end rollback abort describe desc show summarize pivot unpivot explain vacuum analyze deallocate'.split(
    ' ',
  ),
);

function tell(ask: Ask, sql: string): Told {
  if (!bindable.has(firstWord(sql))) return unplanned(undefined, 'kind');
  const literal = quoteLiteral(sql);
  const written = ask.read(`SELECT json_serialize_sql(${literal}, ${sparse})`);
  if (written === undefined) return unplanned(undefined, 'transaction');
  const text = queryText(written[0] ?? '');
  if (text !== undefined && namesFiles(ask, text)) return unplanned(withMacros(ask, text), 'files');
  const facts = planOf(ask, sql);
  if (facts === undefined) return unplanned(undefined, 'transaction');
  const { plan, planError, definition } = facts;
  return {
    plan,
    planError,
    text: text !== undefined && macrosMatter(text, plan) ? withMacros(ask, text) : text,
    definition: definition === undefined ? undefined : withMacros(ask, definition),
  };
}

/** Of a statement with parameters whose types are not known before they are bound there is a plan only with NULL for them. */
function planOf({ read }: Ask, sql: string): ReturnType<typeof planFacts> | undefined {
  const ask = (text: string): ReturnType<typeof planFacts> | undefined => {
    const [json] = read(`SELECT json_serialize_plan(${quoteLiteral(text)}, ${sparse})`) ?? [];
    return json === undefined ? undefined : planFacts(json);
  };
  const facts = ask(sql);
  if (facts?.planError !== 'internal') return facts;
  const bare = withoutParameters(sql);
  return bare === sql ? facts : ask(bare);
}

/** Whether binding a query might open a file that it names: by a function that is not known, or as a table. */
function namesFiles(ask: Ask, { tableFunctions, relations }: TextFacts): boolean {
  const unknown = tableFunctions.filter((name) => !ask.tableFunctions.includes(name));
  const macros = unknown.length === 0 ? [] : macrosAmong(ask, unknown);
  return unknown.some((name) => !macros.includes(name)) || relations.some(fileLike);
}

const sparse = 'skip_null := true, skip_empty := true, skip_default := true';

/** Macros matter where functions make rows, where something else than tables is read, and where DuckDB does not tell what is. */
const macrosMatter = ({ tableFunctions }: TextFacts, plan: PlanFacts | undefined): boolean =>
  tableFunctions.length > 0 ||
  plan === undefined ||
  plan.operators.some((operator) => operator === 'LOGICAL_CREATE_VIEW' || operator === 'LOGICAL_CHUNK_GET') ||
  plan.scans.some(({ name }) => name !== 'seq_scan');

const withMacros = (ask: Ask, text: TextFacts): TextFacts => ({ ...text, macros: macrosAmong(ask, text.functions) });

let known: { readonly version: number; readonly macros: ReadonlySet<string> } = { version: -1, macros: new Set() };

/** Those of the functions that somebody has made. Listing them takes some 50 ms: they are kept until the catalog changes. */
function macrosAmong({ read, catalogVersion }: Ask, functions: readonly string[]): string[] {
  if (functions.length === 0) return [];
  if (known.version !== catalogVersion) {
    const list = `SELECT coalesce(string_agg(DISTINCT lower(function_name), chr(10)), '') FROM duckdb_functions() WHERE NOT internal`;
    const found = read(list);
    if (found === undefined) return [...functions];
    known = { version: catalogVersion, macros: new Set((found[0] ?? '').split('\n')) };
  }
  return functions.filter((name) => known.macros.has(name));
}

const cells = allocateBlock(128);

function countStatements(duckdb: DuckDb, connection: Address, sql: string): number {
  const count = Number(duckdb.extract_statements(connection, sql, cells.address));
  const extracted = readPointer(cells, 0);
  writePointer(cells, 0, extracted);
  duckdb.destroy_extracted(cells.address);
  return count;
}

/** The texts of a one-row result; undefined when the transaction of the connection has failed and refuses all but its end. */
function readRow(duckdb: DuckDb, connection: Address, sql: string): string[] | undefined {
  const result = cells.address + 64;
  const failed = Number(duckdb.query(connection, sql, result)) !== 0;
  try {
    if (failed) {
      const error = duckDbError(String(duckdb.result_error(result)));
      if (error.context.errorType === 'TransactionContext') return undefined;
      throw error;
    }
    const columns = Number(duckdb.column_count(result));
    return Array.from({ length: columns }, (_, column) => takeText(duckdb, duckdb.value_varchar(result, column, 0)));
  } finally {
    duckdb.destroy_result(result);
  }
}

function takeText(duckdb: DuckDb, pointer: unknown): string {
  const text = readCString(Number(pointer));
  if (Number(pointer) !== 0) duckdb.free(Number(pointer));
  return text;
}
