import type { ArrowSchema } from '../../arrow/index.ts';
import { quoteIdentifier } from '../../sql.ts';

const insertHead =
  /^\s*insert\s+into\s+(?:(?:"(?:[^"]|"")*"|[a-z_]\w*)(?:\s*\.\s*)?)+\s*(?:\([^()']*\)\s*)?values\s*\(/i;
const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(?=\w*\$)|\$\w+|\?|[()]|\b(?:select|default)\b|[^'"()?$\-/]+?(?=[^\w]|$)|[\s\S]/gi;

/**
 * INSERT ... VALUES (one row with parameters) as INSERT ... SELECT from `source`, whose columns are the parameters: all rows
 * go in at once. Undefined for any other statement, and for one whose meaning might differ.
 */
export function insertFrom(sql: string, schema: ArrowSchema, source: string): string | undefined {
  const head = insertHead.exec(sql)?.[0];
  if (/\be'/i.test(sql)) return undefined; // its escapes are not read here
  const names = schema.fields.map(({ name }) => name);
  if (head === undefined || new Set(names.map((name) => name.toLowerCase())).size < names.length) return undefined;
  const row = rewriteRow(sql.slice(head.length), names);
  return row === undefined ? undefined : `${head.replace(/values\s*\($/i, '')} SELECT ${row} FROM ${source} AS p`;
}

/** The expressions up to the closing bracket, parameters replaced by columns; undefined when more follows. */
function rewriteRow(text: string, names: readonly string[]): string | undefined {
  const seen: string[] = [];
  let depth = 1;
  let row = '';
  for (const { 0: part, index } of text.matchAll(token)) {
    if (/^(?:select|default)$/i.test(part) || part === '$') return undefined;
    if (part === '(') depth++;
    if (part === ')' && --depth === 0)
      return /^\s*;?\s*$/.test(text.slice(index + 1)) && usesAll(seen, names) ? row : undefined;
    const column = part === '?' || /^\$\w/.test(part) ? columnOf(part, { seen, names }) : part;
    if (column === undefined) return undefined;
    row += column;
  }
  return undefined;
}

const usesAll = (seen: readonly string[], names: readonly string[]): boolean => new Set(seen).size === names.length;

function columnOf(
  parameter: string,
  of: { readonly seen: string[]; readonly names: readonly string[] },
): string | undefined {
  const name = of.names[parameterIndex(parameter, of)];
  return name === undefined ? undefined : `p.${quoteIdentifier(name)}`;
}

/** Which of the given names `?`, `$1` or `$name` stands for; `seen` are the parameters before it, and takes it in. */
export function parameterIndex(
  parameter: string,
  { seen, names }: { readonly seen: string[]; readonly names: readonly string[] },
): number {
  const key = parameter === '?' ? `?${seen.length}` : parameter.slice(1).toLowerCase();
  const known = seen.indexOf(key);
  if (known < 0) seen.push(key);
  if (/^\d+$/.test(key)) return Number(key) - 1;
  const byName = /^[?\d]/.test(key) ? -1 : names.findIndex((name) => name.replace(/^\$/, '').toLowerCase() === key);
  if (byName >= 0) return byName;
  return known < 0 ? seen.length - 1 : known;
}
