import type { ArrowSchema } from '../../arrow/index.ts';
import { quoteIdentifier } from '../../sql.ts';
import { parameterIndex } from './insert-rows.ts';

/** UPDATE or DELETE, once for each row of its parameters, as statements over `source`, a table that holds those rows. */
export interface ChangeFrom {
  readonly change: string;
  /** One row, true when no row of the table is changed twice; absent where that makes no difference. */
  readonly check: string | undefined;
  /** The last part of the table's name, as it is written in the catalog or in another case. */
  readonly table: string;
  /** What UPDATE sets, in lower case. */
  readonly sets: readonly string[];
}

const name = /(?:"(?:[^"]|"")+"|[a-z_]\w*)/.source;
const table = `(${name}(?:\\s*\\.\\s*${name}){0,2})`;
const updateHead = new RegExp(`^\\s*update\\s+${table}\\s+set\\s+`, 'i');
const deleteHead = new RegExp(`^\\s*delete\\s+from\\s+${table}\\s+where\\s+`, 'i');
const token =
  /\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|\?|\$\w+|\d+(?:\.\d+)?(?:e[+-]?\d+)?|[a-z_]\w*|::|<=|>=|<>|!=|\|\||[-+*/%<>=().,;]/iy;
/** A query inside, or a part of the statement that is not followed here. */
const refusedWord = /^(?:select|from|returning|with|values|default|using|set|where|rowid|exists|order|limit|collate)$/i;

/** Undefined for any other statement, and for one whose rows might mean something to each other. */
export function changeFrom(sql: string, schema: ArrowSchema, source: string): ChangeFrom | undefined {
  if (/--|\/\*|\$\$/.test(sql) || schema.fields.some(({ type }) => type.id === 'null')) return undefined;
  const head = updateHead.exec(sql) ?? deleteHead.exec(sql);
  const tokens = head === null ? undefined : tokensOf(sql.slice(head[0].length));
  if (head === null || tokens === undefined) return undefined;
  const [text = '', target = ''] = head;
  const own = new RegExp(`${name}$`, 'i').exec(target)?.[0] ?? target;
  const change = { target, table: plain(own), parameters: parametersOf(schema), source, schema };
  return /^\s*update/i.test(text) ? updateOf(tokens, change) : deleteOf(tokens, change);
}

interface Change {
  /** As it is written. */
  readonly target: string;
  readonly table: string;
  readonly parameters: (text: string) => string | undefined;
  readonly source: string;
  readonly schema: ArrowSchema;
}

const rows = 'duckhouse_rows';
const column = (index: number): string => `duckhouse_p${index}`;

/** Column names of the source that hide none of the table's. */
const renamed = ({ source, schema }: Change): string =>
  `(SELECT ${schema.fields.map(({ name: field }, i) => `${quoteIdentifier(field)} AS ${column(i)}`).join(', ')} FROM ${source}) AS ${rows}`;

const plain = (identifier: string): string =>
  identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;

function updateOf(tokens: readonly string[], change: Change): ChangeFrom | undefined {
  const where = tokens.findIndex((one) => /^where$/i.test(one));
  if (where < 0) return undefined;
  const assignments = assignmentsOf(tokens.slice(0, where));
  const condition = tokens.slice(where + 1);
  if (assignments === undefined) return undefined;
  const sets = assignments.map(([set]) => plain(set).toLowerCase());
  if (new Set(sets).size < sets.length || identifiersOf(condition).some((one) => sets.includes(one))) return undefined;
  const list: string[] = [];
  for (const [set, expression] of assignments) {
    const value = rewritten(expression, change);
    if (value === undefined) return undefined;
    list.push(`${set} = ${value}`);
  }
  const predicate = rewritten(condition, change);
  if (predicate === undefined || !change.parameters('')) return undefined;
  const from = renamed(change);
  return {
    change: `UPDATE ${change.target} SET ${list.join(', ')} FROM ${from} WHERE ${predicate}`,
    check: `SELECT count(*) = count(DISTINCT ${quoteIdentifier(change.table)}.rowid) AS once FROM ${change.target}, ${from} WHERE ${predicate}`,
    table: change.table,
    sets,
  };
}

function deleteOf(tokens: readonly string[], change: Change): ChangeFrom | undefined {
  const predicate = rewritten(tokens, change);
  if (predicate === undefined || !change.parameters('')) return undefined;
  return {
    change: `DELETE FROM ${change.target} WHERE EXISTS (SELECT 1 FROM ${renamed(change)} WHERE ${predicate})`,
    check: undefined,
    table: change.table,
    sets: [],
  };
}

/** `?`, `$1`, `$name` as columns of the source, in the order of the statement; asked for '' it tells whether all were named. */
function parametersOf({ fields }: ArrowSchema): Change['parameters'] {
  const names = fields.map(({ name: field }) => field);
  const seen: string[] = [];
  const used = new Set<number>();
  return (text) => {
    if (text === '') return used.size === names.length ? 'all' : undefined;
    const index = parameterIndex(text, { seen, names });
    if (names[index] === undefined) return undefined;
    used.add(index);
    return `${rows}.${column(index)}`;
  };
}

/** Undefined for text that is not understood to its end. */
function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; ) {
    token.lastIndex = at;
    const [found] = token.exec(text) ?? [];
    // A letter before a literal gives it another meaning.
    if (found === undefined || (found.startsWith("'") && /\w$/.test(tokens.at(-1) ?? ''))) return undefined;
    tokens.push(found);
    at = token.lastIndex;
  }
  const words = tokens.filter((one) => one.trim() !== '');
  while (words.at(-1) === ';') words.pop();
  const opens = words.some(
    (one, i) => one === '(' && /["\w]$/.test(words[i - 1] ?? '') && !joins.test(words[i - 1] ?? ''),
  );
  return words.includes(';') || opens ? undefined : words;
}

/** Before a bracket they make no function of it. */
const joins = /^(?:where|and|or|not|in|between|like|is)$/i;

function assignmentsOf(tokens: readonly string[]): (readonly [string, readonly string[]])[] | undefined {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const one of tokens) {
    depth += Number(one === '(') - Number(one === ')');
    if (one === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(one);
  }
  const assignments = parts.map(([set = '', equals, ...expression]) => [set, equals, expression] as const);
  const isOne = ([set, equals, expression]: (typeof assignments)[number]): boolean =>
    new RegExp(`^${name}$`, 'i').test(set) && equals === '=' && expression.length > 0;
  return assignments.every(isOne) ? assignments.map(([set, , expression]) => [set, expression] as const) : undefined;
}

const isIdentifier = (one: string | undefined): boolean => /^["a-z_]/i.test(one ?? '');

const identifiersOf = (tokens: readonly string[]): string[] =>
  tokens.filter(isIdentifier).map((one) => plain(one).toLowerCase());

function rewritten(tokens: readonly string[], { parameters, table: own }: Change): string | undefined {
  const parts: string[] = [];
  for (const [i, one] of tokens.entries()) {
    if (refusedWord.test(one)) return undefined;
    // The table's name alone is a whole row.
    if (isIdentifier(one) && plain(one).toLowerCase() === own.toLowerCase() && tokens[i + 1] !== '.') return undefined;
    const part = /^[?$]/.test(one) ? parameters(one) : one;
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.join(' ');
}
