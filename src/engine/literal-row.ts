/** An INSERT of one row, with its numbers and texts apart from the statement that they fill in. */
export interface LiteralRow {
  /** The statement with `?` for the values; NULL, true and false stay in it. */
  readonly template: string;
  readonly values: readonly (number | string)[];
}

const name = /(?:"(?:[^"]|"")+"|[a-z_]\w*)/.source;
const headPattern = new RegExp(
  `^\\s*insert\\s+into\\s+${name}(?:\\s*\\.\\s*${name}){0,2}\\s*(?:\\(\\s*${name}(?:\\s*,\\s*${name})*\\s*\\)\\s*)?values\\s*(?=\\()`,
  'i',
);

/** `INSERT INTO name (names) VALUES` at the beginning of a plain INSERT; undefined for any other text. */
export const insertHead = (sql: string): string | undefined => headPattern.exec(sql)?.[0];

const word = /\s*(null|true|false|[+-]?\d+(?:\.\d+)?(?![\w.])|'(?:[^']|'')*')\s*([,)])/iy;
const rowEnd = /\s*;?\s*$/y;
/** Digits that a decimal and a double have alike. */
const maxDigits = 15;

/** Undefined for anything but one row of numbers, texts, NULL and truth values, none of which could mean something else. */
export function literalRow(sql: string): LiteralRow | undefined {
  const head = insertHead(sql);
  if (head === undefined) return undefined;
  const shape: string[] = [];
  const values: (number | string)[] = [];
  word.lastIndex = head.length + 1;
  for (;;) {
    const [, literal, after] = word.exec(sql) ?? [];
    if (literal === undefined) return undefined;
    const value = literalValue(literal);
    if (value === undefined) return undefined;
    shape.push(value === null ? literal.toLowerCase() : '?');
    if (value !== null) values.push(value);
    if (after === ')') break;
  }
  rowEnd.lastIndex = word.lastIndex;
  if (values.length === 0 || !rowEnd.test(sql)) return undefined;
  return { template: `${head}(${shape.join(', ')})`, values };
}

/** What an INSERT of one row of literals has in common with others of its kind; undefined for any other statement. */
export const rowTemplate = (sql: string): string | undefined => literalRow(sql)?.template;

/** Null for what stays in the statement. */
function literalValue(literal: string): number | string | null | undefined {
  if (literal.startsWith("'")) {
    const text = literal.slice(1, -1).replaceAll("''", "'");
    return text.includes('\0') ? undefined : text;
  }
  if (/^[a-z]/i.test(literal)) return null;
  const value = Number(literal);
  return literal.replace(/\D/g, '').length > maxDigits || Object.is(value, -0) ? undefined : value;
}
