/** Markdown to data: what descriptions use of it. HTML stays text; nothing here touches the document. */

export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'em' | 'del'; readonly inner: readonly Inline[] }
  | { readonly kind: 'link'; readonly href: string; readonly inner: readonly Inline[] }
  | { readonly kind: 'image'; readonly src: string; readonly alt: string }
  | { readonly kind: 'break' };

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly inner: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly inner: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string; readonly language: string }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Block[])[] }
  | {
      readonly kind: 'table';
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly kind: 'rule' };

/** Nesting beyond this is read as text: a description must not be able to fill the stack. */
const deepest = 12;

export function parseMarkdown(text: string): Block[] {
  return blocksOf(text.replace(/\r\n?/g, '\n').replaceAll('\t', '    ').split('\n'), 0);
}

const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;
const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const rule = /^ {0,3}([-*_])(?: *\1){2,} *$/;
const quote = /^ {0,3}> ?/;
const item = /^( *)([-*+]|\d{1,9}[.)]) +(?=\S)/;
const divider = /^ {0,3}\|? *:?-+:? *(\| *:?-+:? *)*\|? *$/;

function blocksOf(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; ) {
    const found = lines[at]?.trim() === '' ? { next: at + 1 } : blockAt(lines, at, depth);
    if (found.block !== undefined) blocks.push(found.block);
    at = found.next;
  }
  return blocks;
}

interface Found {
  readonly block?: Block;
  readonly next: number;
}

function blockAt(lines: readonly string[], at: number, depth: number): Found {
  const line = lines[at] as string;
  const fenced = fence.exec(line);
  if (fenced !== null) return codeAt(lines, at, fenced);
  const headed = heading.exec(line);
  if (headed !== null) {
    const [, marks = '', text = ''] = headed;
    return { block: { kind: 'heading', level: marks.length, inner: parseInline(text) }, next: at + 1 };
  }
  if (rule.test(line)) return { block: { kind: 'rule' }, next: at + 1 };
  if (depth < deepest && quote.test(line)) return quoteAt(lines, at, depth);
  if (depth < deepest && item.test(line)) return listAt(lines, at, depth);
  if (line.includes('|') && divider.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('-'))
    return tableAt(lines, at);
  return paragraphAt(lines, at);
}

function codeAt(lines: readonly string[], at: number, [, marks = '', language = '']: RegExpExecArray): Found {
  let end = at + 1;
  while (end < lines.length && !(lines[end] as string).trim().startsWith(marks)) end++;
  return { block: { kind: 'code', text: lines.slice(at + 1, end).join('\n'), language }, next: end + 1 };
}

function quoteAt(lines: readonly string[], at: number, depth: number): Found {
  let end = at;
  while (end < lines.length && quote.test(lines[end] as string)) end++;
  const inner = lines.slice(at, end).map((line) => line.replace(quote, ''));
  return { block: { kind: 'quote', blocks: blocksOf(inner, depth + 1) }, next: end };
}

function listAt(lines: readonly string[], at: number, depth: number): Found {
  const first = item.exec(lines[at] as string) as RegExpExecArray;
  const [indent, ordered] = [(first[1] as string).length, /\d/.test(first[2] as string)];
  const items: Block[][] = [];
  let end = at;
  while (end < lines.length) {
    const found = item.exec(lines[end] as string);
    if (found === null || (found[1] as string).length !== indent || /\d/.test(found[2] as string) !== ordered) break;
    const width = found[0].length;
    const own = [(lines[end] as string).slice(width)];
    for (end++; end < lines.length && belongs(lines, end, indent); end++)
      own.push((lines[end] as string).replace(new RegExp(`^ {0,${width}}`), ''));
    while (own.at(-1)?.trim() === '') own.pop();
    items.push(blocksOf(own, depth + 1));
  }
  return { block: { kind: 'list', ordered, items }, next: end };
}

/** Lines of an item: indented ones, and blank ones that more of the list follows. */
function belongs(lines: readonly string[], at: number, indent: number): boolean {
  const line = lines[at] as string;
  const depth = line.length - line.trimStart().length;
  if (line.trim() === '') {
    const next = lines.slice(at + 1).find((one) => one.trim() !== '');
    return next !== undefined && (next.length - next.trimStart().length > indent || item.test(next));
  }
  return depth > indent || (!item.test(line) && !startsBlock(line) && lines[at - 1]?.trim() !== '');
}

const startsBlock = (line: string): boolean =>
  [fence, heading, rule, quote, item].some((pattern) => pattern.test(line));

function tableAt(lines: readonly string[], at: number): Found {
  let end = at + 2;
  while (end < lines.length && (lines[end] as string).includes('|')) end++;
  const head = cellsOf(lines[at] as string);
  const rows = lines.slice(at + 2, end).map((line) => head.map((_, index) => cellsOf(line)[index] ?? []));
  return { block: { kind: 'table', head, rows }, next: end };
}

const cellsOf = (line: string): Inline[][] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => parseInline(cell.replaceAll('\\|', '|').trim()));

function paragraphAt(lines: readonly string[], at: number): Found {
  let end = at + 1;
  while (end < lines.length && (lines[end] as string).trim() !== '' && !startsBlock(lines[end] as string)) end++;
  const text = lines
    .slice(at, end)
    .map((line) => line.trimStart())
    .join('\n');
  return { block: { kind: 'paragraph', inner: parseInline(text.trimEnd()) }, next: end };
}

/** Each form at the place it is tried; what matches none is text. */
const forms: readonly (readonly [RegExp, (match: RegExpExecArray, depth: number) => Inline])[] = [
  [/\\([\\`*_{}[\]()#+.!|<>~-])/y, (match) => ({ kind: 'text', text: match[1] as string })],
  [/(`+)(?!`)([^`]|[^`][\s\S]{0,2000}?[^`])\1(?!`)/y, (match) => ({ kind: 'code', text: (match[2] as string).trim() })],
  [/!\[([^\]\n]{0,500})\]\(\s*([^\s()]{0,2000})(?:\s+"[^"\n]{0,500}")?\s*\)/y, (match) => image(match)],
  [
    /\[((?:[^[\]\n]|\[[^[\]\n]{0,500}\]){1,1000})\]\(\s*([^\s()]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500})?)(?:\s+"[^"\n]{0,500}")?\s*\)/y,
    (match, depth) => link(match[2] as string, parseInline(match[1] as string, depth + 1)),
  ],
  [/<(https?:\/\/[^\s<>]{1,2000}|mailto:[^\s<>]{1,500})>/y, (match) => plainLink(match[1] as string)],
  [/(?:https?:\/\/)[^\s<>()"'`]{1,1999}[^\s<>()"'`.,;:!?\]]/y, (match) => plainLink(match[0])],
  [/<br\s{0,3}\/?>|(?: {2,}|\\)\n/y, () => ({ kind: 'break' })],
  [
    /(\*\*|__)(?=\S)([\s\S]{0,4000}?\S)\1(?![*_])/y,
    (match, depth) => ({ kind: 'strong', inner: parseInline(match[2] as string, depth + 1) }),
  ],
  [
    /~~(?=\S)([\s\S]{0,4000}?\S)~~/y,
    (match, depth) => ({ kind: 'del', inner: parseInline(match[1] as string, depth + 1) }),
  ],
  [
    /\*(?=[^\s*])([^*]{0,4000}?[^\s*])\*(?!\*)/y,
    (match, depth) => ({ kind: 'em', inner: parseInline(match[1] as string, depth + 1) }),
  ],
  [
    /(?<![\p{L}\p{N}_])_(?=[^\s_])([^_]{0,4000}?[^\s_])_(?![\p{L}\p{N}_])/uy,
    (match, depth) => ({ kind: 'em', inner: parseInline(match[1] as string, depth + 1) }),
  ],
];

const plainLink = (href: string): Inline => link(href, [{ kind: 'text', text: href.replace(/^mailto:/, '') }]);

function link(given: string, inner: readonly Inline[]): Inline {
  const href = safeHref(given);
  return href === undefined ? { kind: 'em', inner } : { kind: 'link', href, inner };
}

/** Pictures of the documentation's own folder; any other one is a link, so that reading loads nothing from elsewhere. */
function image([whole, alt = '', src = '']: RegExpExecArray): Inline {
  const local = /^(?:\.?\/)?assets\/[\w./ %-]+$/.test(src) && !src.includes('..');
  if (local) return { kind: 'image', src: src.replace(/^\.?\//, ''), alt };
  const href = safeHref(src);
  return href === undefined
    ? { kind: 'text', text: whole }
    : { kind: 'link', href, inner: [{ kind: 'text', text: alt || src }] };
}

/** An address that may be followed: of the web, a mail address, or a place in this page. */
export function safeHref(href: string): string | undefined {
  const plain = href.trim();
  if (/^#/.test(plain) || /^mailto:[^\s]+$/i.test(plain)) return plain;
  if (!/^https?:\/\//i.test(plain)) return undefined;
  try {
    return new URL(plain).href;
  } catch {
    return undefined;
  }
}

const special = /[\\`*_[!<~h \n]/;

export function parseInline(text: string, depth = 0): Inline[] {
  if (depth > deepest) return [{ kind: 'text', text }];
  const out: Inline[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') out.push({ kind: 'text', text: plain });
    plain = '';
  };
  for (let at = 0; at < text.length; ) {
    const found = special.test(text[at] as string) ? formAt(text, at, depth) : undefined;
    if (found === undefined) {
      plain += text[at];
      at++;
      continue;
    }
    flush();
    out.push(found.inline);
    at += found.length;
  }
  flush();
  return out;
}

function formAt(text: string, at: number, depth: number): { inline: Inline; length: number } | undefined {
  for (const [pattern, make] of forms) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return { inline: make(match, depth), length: match[0].length };
  }
  return undefined;
}
