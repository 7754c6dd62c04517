/** Source text to tokens, as Jinja2's lexer with its default delimiters does. Line statements are not part of it. */
export type TokenKind =
  | 'data'
  | 'variable-begin'
  | 'variable-end'
  | 'block-begin'
  | 'block-end'
  | 'name'
  | 'integer'
  | 'float'
  | 'string'
  | 'operator'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The text of data, name, number and operator; the value of a string. */
  readonly text: string;
  readonly at: number;
}

export type LexFail = (message: string, at: number) => never;

// Python counts some control characters as space.
const CONTROL_SPACE = '\\x1c-\\x1f\\x85';
const SPACE = new RegExp(`[\\s${CONTROL_SPACE}]*`, 'uy');
const NUMBER =
  /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const INTEGER = /\d(?:_?\d)*/y;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const STRING = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const TWO_CHARACTERS: ReadonlySet<string> = new Set(['**', '//', '==', '!=', '>=', '<=']);
const ONE_CHARACTER: ReadonlySet<string> = new Set('-+/*%~[](){}><=.:|,;');
const RAW_BEGIN = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\})/g;
const COMMENT_END = /\+#\}|-#\}\s*|#\}/g;
const VARIABLE_END = /-\}\}\s*|\}\}/y;
const BLOCK_END = /\+%\}|-%\}\s*|%\}/y;

const matchAt = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
};

/** CR and CRLF become LF; one trailing newline is dropped, as Jinja does unless told to keep it. */
export function normaliseSource(source: string): string {
  const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** Tokens of a normalised source. */
export function tokenize(source: string, fail: LexFail): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const data = (from: number, to: number, stripRight: boolean): void => {
    const text = source.slice(from, to);
    const kept = stripRight ? text.trimEnd() : text;
    if (kept !== '') tokens.push({ kind: 'data', text: kept, at: from });
  };
  while (at < source.length) {
    const open = nextOpening(source, at);
    if (open < 0) {
      data(at, source.length, false);
      break;
    }
    const sign = source[open + 2];
    data(at, open, sign === '-');
    at = skipOpening(source, open, { tokens, fail, data });
  }
  tokens.push({ kind: 'end', text: '', at: source.length });
  return tokens;
}

function nextOpening(source: string, from: number): number {
  for (let at = source.indexOf('{', from); at >= 0; at = source.indexOf('{', at + 1)) {
    const next = source.charCodeAt(at + 1);
    if (next === 0x7b || next === 0x25 || next === 0x23) return at;
  }
  return -1;
}

interface Sink {
  readonly tokens: Token[];
  readonly fail: LexFail;
  readonly data: (from: number, to: number, stripRight: boolean) => void;
}

/** Reads the tag, comment or raw block at `open`; the answer is where text goes on. */
function skipOpening(source: string, open: number, sink: Sink): number {
  if (source[open + 1] === '#') {
    const signed = source[open + 2] === '-' || source[open + 2] === '+';
    COMMENT_END.lastIndex = open + (signed ? 3 : 2);
    if (!COMMENT_END.exec(source)) sink.fail('Missing end of comment tag', open);
    return COMMENT_END.lastIndex;
  }
  const raw = source[open + 1] === '%' ? matchAt(RAW_BEGIN, source, open) : undefined;
  if (raw !== undefined) return skipRaw(source, open + raw.length, open, sink);
  const signed = source[open + 2] === '-' || source[open + 2] === '+';
  const isVariable = source[open + 1] === '{';
  const kind = isVariable ? 'variable-begin' : 'block-begin';
  sink.tokens.push({ kind, text: '', at: open });
  return readTag(source, open + (signed ? 3 : 2), isVariable, sink);
}

function skipRaw(source: string, start: number, open: number, sink: Sink): number {
  RAW_END.lastIndex = start;
  const end = RAW_END.exec(source);
  if (!end) return sink.fail('Missing end of raw directive', open);
  sink.data(start, end.index, end[1] === '-');
  return end.index + end[0].length;
}

function readTag(source: string, start: number, isVariable: boolean, { tokens, fail }: Sink): number {
  const endPattern = isVariable ? VARIABLE_END : BLOCK_END;
  const open: string[] = [];
  let at = start;
  for (;;) {
    at = skipSpace(source, at);
    if (at >= source.length) return at;
    const end = open.length === 0 && mayEnd(source.charCodeAt(at)) ? matchAt(endPattern, source, at) : undefined;
    if (end !== undefined) {
      tokens.push({ kind: isVariable ? 'variable-end' : 'block-end', text: '', at });
      return at + end.length;
    }
    const token = readToken(source, at, fail);
    tokens.push(token.token);
    balance(token.token, open, fail);
    at = token.next;
  }
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

function balance({ kind, text, at }: Token, open: string[], fail: LexFail): void {
  if (kind !== 'operator') return;
  const closer = CLOSERS[text];
  if (closer !== undefined) open.push(closer);
  else if (text === ')' || text === ']' || text === '}') {
    const wanted = open.pop();
    if (wanted === undefined) fail(`unexpected '${text}'`, at);
    if (wanted !== text) fail(`unexpected '${text}', expected '${wanted}'`, at);
  }
}

/** A tag ends with `}}`, `%}`, or one of them after a sign. */
const mayEnd = (code: number): boolean => code === 0x7d || code === 0x25 || code === 0x2d || code === 0x2b;

function skipSpace(source: string, from: number): number {
  let at = from;
  for (let code = source.charCodeAt(at); code <= 0x20 || code > 0x7e; code = source.charCodeAt(at)) {
    const isPlain = code === 0x20 || (code >= 0x09 && code <= 0x0d);
    const width = isPlain ? 1 : (matchAt(SPACE, source, at) as string).length;
    if (width === 0) return at;
    at += width;
  }
  return at;
}

const isNameCode = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || (code >= 0x30 && code <= 0x39);

function readToken(source: string, at: number, fail: LexFail): { readonly token: Token; readonly next: number } {
  const code = source.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) {
    // After a dot digits are an index, as in `row.0.1`.
    const number = matchAt(source[at - 1] === '.' ? INTEGER : NUMBER, source, at) as string;
    const isFloat = !/^0[box]/i.test(number) && /[.e]/i.test(number);
    return made(isFloat ? 'float' : 'integer', number, at);
  }
  if (isNameCode(code) || code >= 0x80) {
    const name = readName(source, at);
    if (name !== undefined) return name;
  }
  if (code === 0x22 || code === 0x27) {
    const text = matchAt(STRING, source, at);
    if (text !== undefined) return made('string', unescapeString(text.slice(1, -1)), at, text.length);
  }
  const two = source.slice(at, at + 2);
  if (TWO_CHARACTERS.has(two)) return made('operator', two, at);
  const one = source.charAt(at);
  if (!ONE_CHARACTER.has(one)) return fail(`unexpected char ${quoteChar(source, at)} at ${at}`, at);
  return made('operator', one, at);
}

function readName(source: string, at: number): { readonly token: Token; readonly next: number } | undefined {
  let end = at;
  while (isNameCode(source.charCodeAt(end))) end++;
  if (!(source.charCodeAt(end) >= 0x80)) return made('name', source.slice(at, end), at);
  const full = matchAt(NAME, source, at);
  return full === undefined ? undefined : made('name', full.normalize('NFKC'), at, full.length);
}

const quoteChar = (source: string, at: number): string => {
  const character = String.fromCodePoint(source.codePointAt(at) as number);
  return character === "'" ? `"'"` : `'${character}'`;
};

const made = (kind: TokenKind, text: string, at: number, length = text.length): { token: Token; next: number } => ({
  token: { kind, text, at },
  next: at + length,
});

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};
const ESCAPE = /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{1,3})|([\s\S]))/gi;

/** Python's string escapes; an unknown one stays as it is. */
function unescapeString(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    ESCAPE,
    (whole: string, x?: string, u?: string, long?: string, octal?: string, simple?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return SIMPLE_ESCAPES[simple as string] ?? whole;
    },
  );
}
