/** An INSERT of rows of plain literals, in two parts: what comes up to VALUES, and the rows. */
export interface LiteralInsert {
  readonly head: string;
  readonly rows: string;
  readonly count: number;
}

const name = /(?:"(?:[^"]|"")+"|[a-z_]\w*)/.source;
const headPattern = new RegExp(
  `^\\s*insert\\s+into\\s+${name}(?:\\s*\\.\\s*${name}){0,2}\\s*(?:\\(\\s*${name}(?:\\s*,\\s*${name})*\\s*\\)\\s*)?values\\s*(?=\\()`,
  'i',
);
/** Nothing in it can reach beyond itself: no comment, no escape, no name. */
const literal =
  /(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|(?:(?:date|time|timestamp|timestamptz)\s*)?'(?:[^']|'')*'|null|true|false)/
    .source;
const row = `\\(\\s*${literal}(?:\\s*,\\s*${literal})*\\s*\\)`;
const rowPattern = new RegExp(`\\s*${row}\\s*`, 'iy');

/** Undefined for any other statement: one with expressions, comments, DEFAULT or RETURNING. */
export function literalInsert(sql: string): LiteralInsert | undefined {
  const head = headPattern.exec(sql)?.[0];
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
