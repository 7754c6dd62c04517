import type { DuckhouseError } from '../../errors.ts';

/**
 * How well the columns of a relation are known before it is made: names and types, names alone, or not at all.
 * An error is believed only where what it is about is known.
 */
export type Trust = 'exact' | 'names' | 'none';

const rank: Readonly<Record<Trust, number>> = { none: 0, names: 1, exact: 2 };
export const least = (...trusts: readonly Trust[]): Trust =>
  trusts.reduce((a, b) => (rank[a] <= rank[b] ? a : b), 'exact');

/** Errors that follow from the text and the names of the columns. */
const aboutNames = [
  /^Referenced column "/,
  /^Referenced table "/,
  /^Table "[^"]*" does not have a column named/,
  /^Values list "[^"]*" does not have a column named/,
  /^Column "[^"]*" in (EXCLUDE|REPLACE|RENAME) list not found/,
  /^Column "[^"]*" does not exist on (left|right) side of join/,
  /^column "[^"]*" must appear in the GROUP BY clause/,
  /^Ambiguous reference to column name/,
  /^Set operations can only apply to expressions with the same number/,
];
/** Errors that follow from the types too. */
const aboutTypes = [/^No function matches the given name and argument types/, /^Cannot (mix|compare) values of type/];

export interface Belief {
  readonly trust: Trust;
  /** Functions may be there, or come to be, that are not known here. */
  readonly isExtended: boolean;
  /** Tables that are not there and that nothing of this run makes, lower case. */
  readonly missingTables: ReadonlySet<string>;
}

/** Whether what DuckDB says of a query without data holds when it runs. */
export function isCertain(error: DuckhouseError, { trust, isExtended, missingTables }: Belief): boolean {
  const { message } = error;
  const { errorType } = error.context;
  if (trust === 'none') return false;
  if (errorType === 'Parser') return !isExtended && /^syntax error at or near/.test(message);
  if (errorType === 'Catalog') {
    const table = /^Table with name "?([^"\s!]+)"? does not exist/.exec(message)?.[1]?.split('.').at(-1);
    return table !== undefined && missingTables.has(table.toLowerCase());
  }
  if (errorType !== 'Binder') return false;
  if (aboutNames.some((pattern) => pattern.test(message))) return true;
  return trust === 'exact' && !isExtended && aboutTypes.some((pattern) => pattern.test(message));
}

/** Text whose columns depend on rows, or on what only the connection of the run knows. */
const unforeseeable =
  /\bpivot(_wider)?\b|\b(getvariable|query|query_table|current_setting|nextval|currval|read_\w+|\w+_scan|sniff_csv|glob)\s*\(/i;

export const isForeseeable = (sql: string): boolean => !unforeseeable.test(sql);

/** Statements around a model that change no relation's columns and make nothing that a query could name. */
const harmless =
  /^\s*(create\s+(unique\s+)?index|insert|update|delete|grant|analyze|comment|checkpoint|vacuum)\b[^;]*;?\s*$/i;

export const isHarmlessHook = (sql: string): boolean =>
  harmless.test(sql.replace(/\{\{-?\s*this\s*-?\}\}/g, 'this')) &&
  !/\{[{%]/.test(sql.replace(/\{\{-?\s*this\s*-?\}\}/g, ''));
