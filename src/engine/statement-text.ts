const explainPattern =
  /^\s*EXPLAIN(?:\s+ANALYZE)?(?:\s*\(\s*(?:FORMAT|ANALYZE)(?:\s+[a-z]+)?(?:\s*,\s*(?:FORMAT|ANALYZE)(?:\s+[a-z]+)?)*\s*\))?(?=[\s(])/i;

/**
 * The statement behind EXPLAIN, given a text that DuckDB takes for one. A comment before it is not followed, for comments
 * nest and what looks like the statement may lie in one.
 */
export function explainedSql(sql: string): string | undefined {
  const match = explainPattern.exec(sql);
  return match === null ? undefined : sql.slice(match[0].length);
}

const preparePattern = /^\s*PREPARE\s+(?:"(?:[^"]|"")+"|[a-z_]\w*)\s+AS\s+(?=[a-z(])/i;

/** The statement of `PREPARE name AS statement`. As with EXPLAIN no comment is followed. */
export function preparedSql(sql: string): string | undefined {
  const match = preparePattern.exec(sql);
  return match === null ? undefined : sql.slice(match[0].length);
}

const argument = /(?:(?:\w+\s*:=\s*)?(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|'(?:[^']|'')*'|null|true|false))/.source;
const executePattern = new RegExp(
  `^\\s*EXECUTE\\s+("(?:[ !#-~]|"")+"|[a-z_]\\w*)\\s*(?:\\(\\s*(?:${argument}(?:\\s*,\\s*${argument})*)?\\s*\\))?\\s*;?\\s*$`,
  'i',
);

/** The name in an EXECUTE whose arguments are plain literals: nothing is computed for them. */
function executedName(sql: string): string | undefined {
  const name = executePattern.exec(sql)?.[1];
  return name?.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

export interface ExecuteCall {
  readonly name: string;
  /** A query that computes the arguments, where they are more than literals. */
  readonly computed: string | undefined;
}

const computedPattern = /^\s*EXECUTE\s+([a-z_]\w*)\s*(\([\s\S]*\))\s*;?\s*$/i;
const argumentToken = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|[^'"()]+/g;

/** An EXECUTE taken apart; undefined for what is none, or cannot be told for certain. */
export function executeCall(sql: string): ExecuteCall | undefined {
  const plain = executedName(sql);
  if (plain !== undefined) return { name: plain, computed: undefined };
  const [, name, list = ''] = computedPattern.exec(sql) ?? [];
  if (name === undefined || /--|\/\*|\$|\be'|;|:=/i.test(list) || !isOneBracket(list)) return undefined;
  return { name, computed: `SELECT ${list.slice(1, -1)}` };
}

/** Whether the bracket that opens first is the one that closes last. */
function isOneBracket(list: string): boolean {
  const tokens = list.match(argumentToken) ?? [];
  let depth = 0;
  const closing = tokens.findIndex((token) => {
    depth += Number(token === '(') - Number(token === ')');
    return depth === 0;
  });
  return tokens.join('') === list && closing === tokens.length - 1;
}

const tokenPattern = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[a-z_][\w$]*|[^\s]/gi;

/** The tokens of a short command, words in lower case, without a closing semicolon; undefined when it may hold a comment. */
export function commandTokens(sql: string): string[] | undefined {
  if (/--|\/\*/.test(sql)) return undefined;
  const tokens = (sql.match(tokenPattern) ?? []).map((token) => (/^['"]/.test(token) ? token : token.toLowerCase()));
  while (tokens.at(-1) === ';') tokens.pop();
  return tokens;
}

/** Position behind space and comments. PostgreSQL's comments nest, those of other dialects do not. */
function skipGap(sql: string, nesting: boolean): number {
  let at = 0;
  for (;;) {
    while (/\s/.test(sql[at] ?? '')) at++;
    if (sql.startsWith('--', at)) at = endOf(sql, '\n', at);
    else if (sql.startsWith('/*', at)) at = nesting ? endOfNested(sql, at) : endOf(sql, '*/', at + 2);
    else return at;
  }
}

function endOf(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from);
  return found < 0 ? sql.length : found + mark.length;
}

function endOfNested(sql: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  for (let depth = 0; ; ) {
    const mark = marks.exec(sql);
    if (mark === null) return sql.length;
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
}

/** The first word of a statement in lower case, `(` for a query in parentheses; undefined when comments leave a doubt. */
export function firstWord(sql: string): string | undefined {
  const [nested, flat] = [true, false].map((nesting) => /^(\w+|\()?/.exec(sql.slice(skipGap(sql, nesting)))?.[1]);
  return nested === flat ? nested?.toLowerCase() : undefined;
}

/** What hides a semicolon: literals, quoted names, dollar quotes; comments are found by their beginnings, for they nest. */
const hidingPattern =
  /;|--|\/\*|(?<!\w)e'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])\$((?:[a-z_]\w*)?)\$[\s\S]*?\$\1\$/gi;

/**
 * The statements of a script, each with its text. A text that is cut in the wrong place gives other statements than DuckDB
 * would see: whoever runs these runs what was looked at.
 */
export function splitStatements(sql: string): string[] {
  const pieces: string[] = [];
  const pattern = new RegExp(hidingPattern);
  let start = 0;
  for (let found = pattern.exec(sql); found !== null; found = pattern.exec(sql)) {
    if (found[0] === '--') pattern.lastIndex = endOf(sql, '\n', found.index);
    else if (found[0] === '/*') pattern.lastIndex = endOfNested(sql, found.index);
    else if (found[0] === ';') {
      pieces.push(sql.slice(start, found.index));
      start = pattern.lastIndex;
    }
  }
  pieces.push(sql.slice(start));
  return pieces.filter((piece) => skipGap(piece, true) < piece.length);
}

/** The statement with a space for each comment. */
export function withoutComments(sql: string): string {
  const pattern = new RegExp(hidingPattern);
  let bare = '';
  let start = 0;
  for (let found = pattern.exec(sql); found !== null; found = pattern.exec(sql)) {
    if (found[0] !== '--' && found[0] !== '/*') continue;
    pattern.lastIndex = found[0] === '--' ? endOf(sql, '\n', found.index) : endOfNested(sql, found.index);
    bare += `${sql.slice(start, found.index)} `;
    start = pattern.lastIndex;
  }
  return bare + sql.slice(start);
}

const parameterPattern = new RegExp(`${hidingPattern.source}|[?]\\d*|[$](?:\\d+|[a-z_]\\w*)`, 'gi');

/**
 * The statement with NULL for its parameters. Only words are put in, so that its shape stays whatever is taken for a
 * parameter by mistake.
 */
export function withoutParameters(sql: string): string {
  const pattern = new RegExp(parameterPattern);
  let bare = '';
  let start = 0;
  for (let found = pattern.exec(sql); found !== null; found = pattern.exec(sql)) {
    if (found[0] === '--') pattern.lastIndex = endOf(sql, '\n', found.index);
    else if (found[0] === '/*') pattern.lastIndex = endOfNested(sql, found.index);
    else if (/^[?]|^[$][^$]*$/.test(found[0])) {
      bare += `${sql.slice(start, found.index)} NULL `;
      start = pattern.lastIndex;
    }
  }
  return bare + sql.slice(start);
}
