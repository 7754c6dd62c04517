import { type ArrowColumn, createBatchDecoder, decodeSchema, valueReader } from '../../arrow/index.ts';
import { type ArrowParams, insertHead } from '../../engine/index.ts';
import { quoteLiteral } from '../../sql.ts';

/** An INSERT of rows of plain literals, in two parts: what comes up to VALUES, and the rows. */
export interface LiteralInsert {
  readonly head: string;
  readonly rows: string;
  readonly count: number;
}

/** Nothing in it can reach beyond itself: no comment, no escape, no name. */
const literal =
  /(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|(?:(?:date|time|timestamp|timestamptz)\s*)?'(?:[^']|'')*'|null|true|false)/
    .source;
const row = `\\(\\s*${literal}(?:\\s*,\\s*${literal})*\\s*\\)`;
const rowPattern = new RegExp(`\\s*${row}\\s*`, 'iy');

/** Undefined for any other statement: one with expressions, comments, DEFAULT or RETURNING. */
export function literalInsert(sql: string): LiteralInsert | undefined {
  const head = insertHead(sql);
  if (head === undefined) return undefined;
  rowPattern.lastIndex = head.length;
  for (let count = 1; rowPattern.test(sql); count++) {
    const end = rowPattern.lastIndex;
    if (sql[end] === ',') {
      rowPattern.lastIndex = end + 1;
      continue;
    }
    return /^;?\s*$/.test(sql.slice(end)) ? { head: head.trim(), rows: sql.slice(head.length, end), count } : undefined;
  }
  return undefined;
}

const placeholders = /^\(\s*\?(?:\s*,\s*\?)*\s*\)\s*;?\s*$/;

/**
 * INSERT ... VALUES (?, ...) with its one row of parameters as literals. Undefined for any other statement, for several
 * rows, and for values that a literal would not stand for exactly.
 */
export function withLiterals(sql: string, { schema, messages }: ArrowParams): string | undefined {
  const head = insertHead(sql);
  if (head === undefined || !placeholders.test(sql.slice(head.length))) return undefined;
  const { decode } = createBatchDecoder(decodeSchema(schema));
  const batches = messages.map((message) => decode(message)).filter((batch) => (batch?.length ?? 0) > 0);
  const [batch] = batches;
  if (batches.length !== 1 || batch?.length !== 1) return undefined;
  const values = batch.columns.map(literalOf);
  if (values.includes(undefined) || values.length !== sql.slice(head.length).split('?').length - 1) return undefined;
  return `${head}(${values.join(', ')})`;
}

function literalOf(column: ArrowColumn): string | undefined {
  const { type, dictionary } = column.field;
  if (dictionary !== undefined) return undefined;
  const value = valueReader(column)(0);
  if (value === null) return 'NULL';
  if (type.id === 'int' || type.id === 'bool') return String(value);
  return type.id === 'utf8' && typeof value === 'string' && !value.includes('\0') ? quoteLiteral(value) : undefined;
}
