import { mayBeScript } from '../sql.ts';
import { literalRow } from './literal-row.ts';
import type { StatementKind } from './types.ts';

/** DuckDB's duckdb_statement_type, by number. */
const kinds: Readonly<Record<number, StatementKind>> = {
  1: 'select',
  2: 'insert',
  3: 'update',
  4: 'explain',
  5: 'delete',
  6: 'prepare',
  7: 'create',
  8: 'execute',
  9: 'alter',
  10: 'transaction',
  11: 'copy',
  12: 'analyze',
  13: 'set',
  14: 'set',
  15: 'drop',
  16: 'export',
  17: 'pragma',
  18: 'vacuum',
  19: 'call',
  20: 'set',
  21: 'load',
  22: 'other',
  23: 'extension',
  24: 'other',
  25: 'attach',
  26: 'detach',
  27: 'other',
  28: 'copy',
  29: 'other',
  30: 'merge',
};

export const statementKind = (type: number): StatementKind => kinds[type] ?? 'other';

const countingKinds: ReadonlySet<StatementKind> = new Set(['insert', 'update', 'delete', 'merge', 'copy', 'create']);

/**
 * DuckDB answers DML with one BIGINT column `Count` and other commands with one BOOLEAN column `Success`: to a client
 * those are no rows. RETURNING gives other columns.
 */
export function returnsRows(
  kind: StatementKind,
  columns: readonly { readonly name: string; readonly type: string }[],
): boolean {
  if (columns.length !== 1) return columns.length > 1;
  const { name, type } = columns[0] as { name: string; type: string };
  if (countingKinds.has(kind) && name === 'Count' && type === 'BIGINT') return false;
  return kind === 'select' || kind === 'explain' || !(name === 'Success' && type === 'BOOLEAN');
}

const maxPlainLength = 16_384;

const firstWord =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/)*(insert|update|delete|create|alter|drop|begin|commit|rollback)\b/i;
const plainKinds: Readonly<Record<string, StatementKind>> = {
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  create: 'create',
  alter: 'alter',
  drop: 'drop',
  begin: 'transaction',
  commit: 'transaction',
  rollback: 'transaction',
};

/** The kind of a text that plainly is one command without rows of its own; undefined where it may be more. */
export function plainCommand(sql: string): StatementKind | undefined {
  if (sql.length > maxPlainLength) return undefined; // looking through a long text costs more than a plan
  const word = firstWord.exec(sql)?.[1];
  return word === undefined || /\breturning\b/i.test(sql) || mayBeScript(sql)
    ? undefined
    : plainKinds[word.toLowerCase()];
}

/** Statements that leave something behind on their connection: it is not given back to the pool. */
const statefulKinds: ReadonlySet<StatementKind> = new Set([
  'set',
  'transaction',
  'prepare',
  'create',
  'pragma',
  'load',
  'extension',
  'attach',
  'detach',
  'call',
  'other',
]);
export const leavesState = (kind: StatementKind): boolean => statefulKinds.has(kind);

const keepableKinds: ReadonlySet<StatementKind> = new Set(['select', 'insert', 'update', 'delete', 'merge']);

const constant = /(?:[+-]?\d+(?:\.\d+)?|'(?:[^']|'')*'|null|true|false)(?:\s+(?:as\s+)?[a-z_]\w*)?/.source;
const constants = new RegExp(`^\\s*select\\s+${constant}(?:\\s*,\\s*${constant})*\\s*;?\\s*$`, 'i');

/**
 * Whether a plan may be run again. One that reads is made from what its tables hold then, down to their largest values and
 * whether there are nulls, and is wrong for what comes later; those with parameters DuckDB makes anew by itself.
 */
export const isKeepable = (
  {
    kind,
    script,
    parameters,
  }: { readonly kind: StatementKind; readonly script: boolean; readonly parameters: readonly string[] },
  sql: string,
): boolean => keepableKinds.has(kind) && !script && (parameters.length > 0 || constants.test(sql));

const plannedKinds: ReadonlySet<StatementKind> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'create',
  'copy',
]);

/** Whether the plan of a statement is made from what tables hold: not so those with parameters, which are planned as they run. */
export function dependsOnRows(
  { kind, parameters }: { readonly kind: StatementKind; readonly parameters: readonly string[] },
  sql: string,
): boolean {
  if (kind === 'explain') return /\banalyze\b/i.test(sql);
  if (!plannedKinds.has(kind) || parameters.length > 0) return false;
  if (kind === 'copy') return /\bto\b/i.test(sql) && !/\bfrom\s+database\b/i.test(sql);
  if (kind === 'insert') return literalRow(sql) === undefined;
  return kind === 'create' ? makesFromQuery(sql) : !constants.test(sql);
}

/** Whether a CREATE may be one of a table from a query. */
export const makesFromQuery = (sql: string): boolean => /\btable\b/i.test(sql) && /\bas\b/i.test(sql);

/** Whether what a table holds may be another after such a statement. */
export const changesData = (kind: StatementKind): boolean => !readingKinds.has(kind);
const readingKinds: ReadonlySet<StatementKind> = new Set(['select', 'explain', 'set', 'prepare']);

/** Statements after which plans are made anew. EXECUTE and CALL may hide anything. */
export const changesCatalog = ({ kind, script }: { readonly kind: StatementKind; readonly script: boolean }): boolean =>
  script ||
  !(keepableKinds.has(kind) || kind === 'explain' || kind === 'set' || kind === 'transaction' || kind === 'copy');
