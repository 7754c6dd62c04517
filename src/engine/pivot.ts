import { quoteLiteral } from '../sql.ts';

/** PIVOT without values: what asks for them, and the same statement once they are known. */
export interface OpenPivot {
  /** Each gives one column of texts, for one of the columns pivoted on. */
  readonly questions: readonly string[];
  /** Undefined when a column has no values. */
  readonly withValues: (values: readonly (readonly string[])[]) => string | undefined;
}

const token = /\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|[a-z_]\w*|\d[\w.]*|[(),.;]|[^\s\w'"(),.;]+/iy;
const isName = (text: string | undefined): text is string => /^(?:"|[a-z_])/i.test(text ?? '');
const isWord = (text: string | undefined, word: RegExp): boolean => text !== undefined && word.test(text);

/**
 * DuckDB makes several statements of a PIVOT that names no values, which cannot be looked at before they run. This takes
 * apart `PIVOT table ON expression, ...`; undefined for any other text. What it makes is looked at in its turn.
 */
export function openPivot(sql: string): OpenPivot | undefined {
  if (!/^\s*pivot\b/i.test(sql) || /--|\/\*|\$|\be'/i.test(sql)) return undefined;
  const tokens = tokensOf(sql);
  const on = tokens === undefined ? -1 : endOfSource(tokens);
  if (tokens === undefined || !isWord(tokens[on], /^on$/i)) return undefined;
  const found = pivotColumns(tokens.slice(on + 1));
  if (found === undefined) return undefined;
  const { columns, length } = found;
  const source = tokens.slice(1, on).join(' ');
  const rest = tokens.slice(on + 1 + length);
  return {
    questions: columns.map(
      (column) =>
        `SELECT DISTINCT ${column}::VARCHAR AS value FROM ${source} WHERE ${column} IS NOT NULL ORDER BY value`,
    ),
    withValues(values) {
      if (values.some((list) => list.length === 0)) return undefined;
      const lists = columns.map((column, i) => `${column} IN (${(values[i] ?? []).map(quoteLiteral).join(', ')})`);
      return `PIVOT ${source} ON ${lists.join(', ')} ${rest.join(' ')}`;
    },
  };
}

function tokensOf(sql: string): string[] | undefined {
  const tokens: string[] = [];
  for (let at = 0; at < sql.length; at = token.lastIndex) {
    token.lastIndex = at;
    const [found] = token.exec(sql) ?? [];
    if (found === undefined) return undefined;
    if (found.trim() !== '') tokens.push(found);
  }
  while (tokens.at(-1) === ';') tokens.pop();
  return tokens.includes(';') ? undefined : tokens;
}

/** Behind a table's name or a query in brackets, and an alias. */
function endOfSource(tokens: readonly string[]): number {
  let at = 1;
  if (tokens[at] === '(') {
    for (let depth = 0; at < tokens.length; at++) {
      depth += Number(tokens[at] === '(') - Number(tokens[at] === ')');
      if (depth === 0) break;
    }
    at++;
  } else {
    if (!isName(tokens[at])) return -1;
    for (at++; tokens[at] === '.' && isName(tokens[at + 1]); at += 2);
  }
  if (isWord(tokens[at], /^as$/i)) at++;
  return isName(tokens[at]) && !isWord(tokens[at], /^on$/i) ? at + 1 : at;
}

const afterColumns = /^(?:using|group|order|limit)$/i;

interface PivotColumns {
  /** Each a name, or an expression in brackets. */
  readonly columns: readonly string[];
  /** Tokens that they take, with the commas between them. */
  readonly length: number;
}

/** What is pivoted on; undefined where some of it names its values. */
function pivotColumns(tokens: readonly string[]): PivotColumns | undefined {
  const columns: string[][] = [[]];
  let depth = 0;
  let at = 0;
  for (; at < tokens.length; at++) {
    const found = tokens[at] as string;
    depth += Number(found === '(') - Number(found === ')');
    if (depth < 0) return undefined;
    if (depth === 0 && afterColumns.test(found)) break;
    if (depth === 0 && isWord(found, /^in$/i)) return undefined;
    if (depth === 0 && found === ',') columns.push([]);
    else columns.at(-1)?.push(found);
  }
  if (depth !== 0 || columns.some((column) => column.length === 0)) return undefined;
  return { columns: columns.map(asOperand), length: at };
}

const asOperand = (column: readonly string[]): string =>
  column.length === 1 && isName(column[0]) ? column[0] : `(${column.join(' ')})`;
