import { isDuckhouseError } from '../../errors.ts';
import { PyError, type Value } from '../../jinja/index.ts';
import type { RelationCache } from './cache.ts';
import { type AdapterConnection, type DbtDatabase, databaseErrorText } from './database.ts';
import type { Relation } from './relation.ts';
import type { ResultTable } from './table.ts';

/** What the adapter of one node needs of its run. */
export interface AdapterHost {
  readonly database: DbtDatabase;
  readonly cache: RelationCache;
  readonly projectName: string;
  readonly quoting: Readonly<Record<string, boolean | null | undefined>>;
  readonly flags: Readonly<Record<string, unknown>>;
  /** The node's connection, opened when first asked for. */
  connection(): Promise<AdapterConnection>;
  /** The macro that `adapter.dispatch` finds, ready to be called. */
  dispatch(name: string, namespace: string | null): Value;
  /** What the project's own macro of a method's name gives; undefined when there is none. */
  overridden(name: string, given: Readonly<Record<string, Value>>): Promise<Value | undefined>;
  print(text: string): void;
  warnOnce(message: string): void;
  /** Runs a Python model; the response's text. */
  submitPython(model: Value, code: string): Promise<Value>;
  /** Hands what an external model wrote to a plugin. */
  storeByPlugin(plugin: string, target: StoredTarget): Promise<void>;
  /** Put before every statement. */
  comment(sql: string): string;
  readonly projectRoot: string;
}

/** What a plugin stores elsewhere. */
export interface StoredTarget {
  readonly relation: Relation;
  readonly columns: readonly { readonly name: string; readonly dtype: string }[];
  readonly location: { readonly path: string; readonly format: string };
}

interface StatementOptions {
  readonly autoBegin?: boolean;
  readonly fetch?: boolean;
  readonly limit?: number | undefined;
}

/** Runs a statement as templates do: a failure becomes dbt's database error. */
export async function runSql(
  host: AdapterHost,
  sql: string,
  options: StatementOptions = {},
): Promise<{ readonly table: ResultTable }> {
  const connection = await host.connection();
  const commented = host.comment(sql);
  try {
    return await connection.execute(commented, options);
  } catch (error) {
    throw databaseError(error, commented);
  }
}

/** An error of DuckDB with dbt's kind and DuckDB's whole text; others stay as they are. */
export function databaseError(error: unknown, sql?: string): unknown {
  if (!isDuckhouseError(error) || error instanceof PyError || error.kind === 'Cancelled') return error;
  return new PyError('DbtRuntimeError', databaseErrorText(error, sql), {
    kind: error.kind,
    context: error.context,
    cause: error,
  });
}
