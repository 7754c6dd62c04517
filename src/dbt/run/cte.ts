/** One ephemeral model in front of a query: ` __dbt__cte__x as (...)`. */
export interface Cte {
  readonly id: string;
  readonly sql: string;
}

/**
 * A query with ephemeral models in front of it: after its own WITH (or WITH RECURSIVE) when it has one, else behind a
 * new one before its first word or comment. What follows a first `;` is left out, as dbt does.
 */
export function injectCtes(sql: string, ctes: readonly Cte[]): string {
  if (ctes.length === 0) return sql;
  const text = firstStatement(sql);
  const injected = ctes.map((cte) => cte.sql).join(', ');
  const at = afterWith(text);
  if (at !== undefined) return `${text.slice(0, at)}${injected}, ${text.slice(at)}`;
  const start = text.length - text.trimStart().length;
  return `${text.slice(0, start)}with${injected} ${text.slice(start)}`;
}

type Token = { readonly kind: 'word' | 'space' | 'comment' | 'other'; readonly text: string; readonly end: number };

const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /--[^\n]*\n?|\/\*[\s\S]*?(?:\*\/|$)/y],
  ['other', /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*`|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)/y],
  ['word', /[A-Za-z_][\w$]*/y],
  ['other', /[\s\S]/y],
];

function* tokens(sql: string): Generator<Token> {
  let at = 0;
  while (at < sql.length) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const match = pattern.exec(sql);
      if (match === null) continue;
      at += match[0].length;
      yield { kind, text: match[0], end: at };
      break;
    }
  }
}

/** Up to the first `;` and the blanks behind it. */
function firstStatement(sql: string): string {
  let ended = 0;
  for (const { kind, text, end } of tokens(sql)) {
    if (ended > 0 && kind !== 'space') return sql.slice(0, ended);
    if (ended > 0) return sql.slice(0, end);
    if (text === ';') ended = end;
  }
  return sql;
}

/** Where the list of a top-level WITH begins, blanks behind the word passed over. */
function afterWith(sql: string): number | undefined {
  let depth = 0;
  let found: number | undefined;
  for (const { kind, text, end } of tokens(sql)) {
    if (found !== undefined) {
      if (kind === 'space') found = end;
      else if (kind === 'word' && text.toLowerCase() === 'recursive') found = end;
      else return found;
      continue;
    }
    if (text === '(') depth++;
    else if (text === ')') depth--;
    else if (kind === 'word' && depth === 0 && text.toLowerCase() === 'with') found = end;
  }
  return found;
}
