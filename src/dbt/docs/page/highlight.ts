/** SQL and Python to coloured pieces. Only a reader's help: it understands words, strings, numbers, comments, Jinja. */

export interface Piece {
  readonly kind: 'plain' | 'word' | 'string' | 'number' | 'comment' | 'jinja';
  readonly text: string;
}

const words = new Set(
  (
    'select from where group by order having limit offset join left right full outer inner cross lateral on using as ' +
    'with recursive union all except intersect distinct case when then else end and or not in is null true false like ' +
    'ilike between exists cast create replace table view insert into values update set delete merge over partition ' +
    'rows range qualify window filter asc desc nulls first last unnest pivot unpivot returning interval macro ' +
    'def return import if elif for while class lambda None True False'
  ).split(' '),
);

const piece =
  /(\{#[\s\S]*?(?:#\}|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(\{\{[\s\S]*?(?:\}\}|$)|\{%[\s\S]*?(?:%\}|$))|('(?:[^']|'')*'?|"(?:[^"]|"")*"?)|(\b\d+(?:\.\d+)?\b)|(\b[A-Za-z_]\w*\b)/g;
const kinds = ['comment', 'jinja', 'string', 'number'] as const;

/** Code beyond this is shown without colours. */
const longest = 200_000;

export function highlight(code: string): Piece[] {
  if (code.length > longest) return [{ kind: 'plain', text: code }];
  const out: Piece[] = [];
  let last = 0;
  const plain = (until: number): void => {
    if (until > last) out.push({ kind: 'plain', text: code.slice(last, until) });
  };
  for (const match of code.matchAll(piece)) {
    const at = kinds.findIndex((_, index) => match[index + 1] !== undefined);
    const kind = at >= 0 ? kinds[at] : words.has(match[0].toLowerCase()) ? 'word' : undefined;
    if (kind === undefined) continue;
    plain(match.index);
    out.push({ kind, text: match[0] });
    last = match.index + match[0].length;
  }
  plain(code.length);
  return out;
}
