/**
 * Reads the YAML that dbt projects are written in: block maps and lists, flow collections, plain, quoted and block
 * scalars. Whatever else there is (anchors, tags, several documents, mistakes) makes it give up, and the full reader
 * takes over; so it never has to explain an error.
 */
import { put } from '../plain.ts';
import { resolvePlain, type ScalarMakers } from './scalars.ts';

class GiveUp extends Error {}
const giveUp = (): never => {
  throw giveUpSignal;
};
const giveUpSignal = new GiveUp();

/** The value, or undefined when the text needs the full reader. */
export function quickYaml(text: string, makers: ScalarMakers): { readonly value: unknown } | undefined {
  if (text.includes('\t') || text.includes('\r')) return undefined;
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return { value: new QuickReader(source, makers).document() };
  } catch (error) {
    if (error === giveUpSignal) return undefined;
    throw error;
  }
}

/** Keys are text here; words that Python reads as constants keep its spelling. */
export const keyOf = (value: unknown): string =>
  value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : String(value);
const specialStart = new Set([...'&*!%@`?|>,]}']);

class QuickReader {
  readonly #text: string;
  readonly #lines: string[];
  readonly #makers: ScalarMakers;
  #row = 0;

  constructor(text: string, makers: ScalarMakers) {
    this.#text = text;
    this.#lines = text.split('\n');
    this.#makers = makers;
  }

  document(): unknown {
    this.#skipBlank();
    if (this.#lines[this.#row] === '---') {
      this.#row++;
      this.#skipBlank();
    }
    if (this.#row >= this.#lines.length) return null;
    const value = this.#block(this.#indent(), 0);
    this.#skipBlank();
    return this.#row < this.#lines.length ? giveUp() : value;
  }

  #skipBlank(): void {
    while (this.#row < this.#lines.length) {
      const line = this.#lines[this.#row] as string;
      const at = indentOf(line);
      if (at < line.length && line.charCodeAt(at) !== 35) return;
      this.#row++;
    }
  }

  #indent(): number {
    return this.#row < this.#lines.length ? indentOf(this.#lines[this.#row] as string) : -1;
  }

  /** The value whose first character is at `column` of the current line. */
  #block(column: number, parent: number): unknown {
    const line = this.#lines[this.#row] as string;
    if (line.startsWith('---') || line.startsWith('...')) giveUp();
    if (isDash(line, column)) return this.#sequence(column);
    if (keyEnd(line, column) !== undefined) return this.#mapping(column);
    return this.#inline(line, column, parent);
  }

  #sequence(column: number): unknown[] {
    const items: unknown[] = [];
    for (;;) {
      const line = this.#lines[this.#row] as string;
      const start = skipSpaces(line, column + 1);
      if (start >= line.length || line.charCodeAt(start) === 35) {
        this.#row++;
        items.push(this.#nested(column, false));
      } else items.push(this.#block(start, column));
      this.#skipBlank();
      const indent = this.#indent();
      if (indent < column || (indent === column && !isDash(this.#lines[this.#row] as string, column))) return items;
      if (indent > column) giveUp();
    }
  }

  #mapping(column: number): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    for (;;) {
      const line = this.#lines[this.#row] as string;
      const found = keyEnd(line, column) ?? giveUp();
      const key = this.#key(line.slice(column, found.end));
      const start = skipSpaces(line, found.colon + 1);
      let value: unknown;
      if (start >= line.length || line.charCodeAt(start) === 35) {
        this.#row++;
        value = this.#nested(column, true);
      } else value = this.#inline(line, start, column);
      if (Object.hasOwn(entries, key)) giveUp();
      put(entries, key, value);
      this.#skipBlank();
      const indent = this.#indent();
      if (indent < column) return entries;
      if (indent > column) giveUp();
      const next = this.#lines[this.#row] as string;
      if (next.startsWith('---') || next.startsWith('...')) giveUp();
      if (isDash(next, column)) return entries;
    }
  }

  #key(text: string): string {
    const first = text.charAt(0);
    if (first === '"' || first === "'") return unquote(text);
    if (text === '<<' || text === '=' || specialStart.has(first) || first === '[' || first === '{') giveUp();
    return keyOf(resolvePlain(text, this.#makers));
  }

  /** The value below a key or dash that has nothing after it. Lists may stand at the column of their key. */
  #nested(column: number, underKey: boolean): unknown {
    this.#skipBlank();
    const indent = this.#indent();
    if (indent > column) return this.#block(indent, column);
    if (underKey && indent === column && isDash(this.#lines[this.#row] as string, column))
      return this.#sequence(column);
    return null;
  }

  /** A scalar or flow collection from `start` on; `parent` is the column its continuation must exceed. */
  #inline(line: string, start: number, parent: number): unknown {
    const first = line[start] as string;
    if (first === '"' || first === "'") return this.#quoted(line, start);
    if (first === '[' || first === '{') return this.#flow(start);
    if (first === '|' || first === '>') return this.#blockScalar(line, start, parent);
    if (specialStart.has(first) || isDash(line, start)) giveUp();
    return resolvePlain(this.#plain(line, start, parent), this.#makers);
  }

  #quoted(line: string, start: number): string {
    const end = closingQuote(line, start);
    if (end === undefined || !isEndOfLine(line, end + 1)) return giveUp();
    this.#row++;
    return unquote(line.slice(start, end + 1));
  }

  #plain(line: string, start: number, parent: number): string {
    let text = plainText(line, start);
    let closed = text.length < line.trimEnd().length - start;
    this.#row++;
    let blanks = 0;
    while (this.#row < this.#lines.length) {
      const next = this.#lines[this.#row] as string;
      const at = indentOf(next);
      if (at >= next.length) {
        blanks++;
        this.#row++;
        continue;
      }
      if (at <= parent) break;
      if (next.charCodeAt(at) === 35) break;
      if (closed || keyEnd(next, at) !== undefined) giveUp();
      const more = plainText(next, at);
      closed = more.length < next.trimEnd().length - at;
      text += (blanks === 0 ? ' ' : '\n'.repeat(blanks)) + more;
      blanks = 0;
      this.#row++;
    }
    if (text.includes(': ') || text.endsWith(':')) giveUp();
    return text;
  }

  #blockScalar(line: string, start: number, parent: number): string {
    const header = /^([|>])([-+]?)\s*(?:#.*)?$/.exec(line.slice(start).replace(/\s+#.*$/, ''));
    if (header === null) return giveUp();
    const [, style, chomp] = header;
    const rows: string[] = [];
    let width: number | undefined;
    for (this.#row++; this.#row < this.#lines.length; this.#row++) {
      const row = this.#lines[this.#row] as string;
      const at = indentOf(row);
      if (at >= row.length) {
        if (width === undefined && at > parent + 1) giveUp();
        rows.push(width === undefined ? '' : row.slice(width));
        continue;
      }
      if (width === undefined && at > parent) width = at;
      if (width === undefined || at < width) {
        if (at > parent) giveUp();
        break;
      }
      rows.push(row.slice(width));
    }
    // The text's own last line break is no row of the scalar.
    const atEnd = this.#row >= this.#lines.length;
    return chompText(rows, style === '>', chomp as string, atEnd);
  }

  /** A flow collection may go on over several lines: it is read from the whole text. */
  #flow(column: number): unknown {
    let offset = column;
    for (let row = 0; row < this.#row; row++) offset += (this.#lines[row] as string).length + 1;
    const flow = new FlowReader(this.#text, offset, this.#makers);
    const value = flow.value();
    const lineEnd = this.#text.indexOf('\n', flow.at);
    const rest = this.#text.slice(flow.at, lineEnd < 0 ? undefined : lineEnd);
    if (!isEndOfLine(rest, 0)) giveUp();
    for (let at = this.#text.indexOf('\n', offset); at >= 0 && at < flow.at; at = this.#text.indexOf('\n', at + 1))
      this.#row++;
    this.#row++;
    return value;
  }
}

class FlowReader {
  readonly #text: string;
  readonly #makers: ScalarMakers;
  at: number;

  constructor(text: string, at: number, makers: ScalarMakers) {
    this.#text = text;
    this.at = at;
    this.#makers = makers;
  }

  value(): unknown {
    this.#skip();
    const first = this.#text[this.at];
    if (first === '[') return this.#list();
    if (first === '{') return this.#map();
    if (first === '"' || first === "'") return this.#quoted();
    return resolvePlain(this.#plain(), this.#makers);
  }

  #skip(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.at);
      if (code === 32 || code === 10) this.at++;
      else if (code === 35) giveUp();
      else return;
    }
  }

  #list(): unknown[] {
    const items: unknown[] = [];
    this.at++;
    for (;;) {
      this.#skip();
      if (this.#text[this.at] === ']') {
        this.at++;
        return items;
      }
      items.push(this.value());
      this.#skip();
      if (this.#text[this.at] === ',') this.at++;
      else if (this.#text[this.at] !== ']') giveUp();
    }
  }

  #map(): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    this.at++;
    for (;;) {
      this.#skip();
      if (this.#text[this.at] === '}') {
        this.at++;
        return entries;
      }
      const key = keyOf(this.value());
      this.#skip();
      if (this.#text[this.at] !== ':') giveUp();
      this.at++;
      this.#skip();
      if (Object.hasOwn(entries, key)) giveUp();
      put(entries, key, this.value());
      this.#skip();
      if (this.#text[this.at] === ',') this.at++;
      else if (this.#text[this.at] !== '}') giveUp();
    }
  }

  #quoted(): string {
    const lineEnd = this.#text.indexOf('\n', this.at);
    const line = this.#text.slice(this.at, lineEnd < 0 ? undefined : lineEnd);
    const end = closingQuote(line, 0);
    if (end === undefined) return giveUp();
    this.at += end + 1;
    return unquote(line.slice(0, end + 1));
  }

  #plain(): string {
    const start = this.at;
    for (; this.at < this.#text.length; this.at++) {
      const character = this.#text[this.at] as string;
      if (character === '\n' || character === '#' || character === '"' || character === "'" || character === '?')
        giveUp();
      if (',[]{}'.includes(character)) break;
      if (character === ':' && ' ,]}\n'.includes(this.#text[this.at + 1] ?? ' ')) break;
    }
    const text = this.#text.slice(start, this.at).trimEnd();
    if (text === '' || specialStart.has(text.charAt(0)) || text.startsWith('- ') || text === '<<') giveUp();
    return text;
  }
}

function indentOf(line: string): number {
  let at = 0;
  while (line.charCodeAt(at) === 32) at++;
  return at;
}

function skipSpaces(line: string, from: number): number {
  let at = from;
  while (line.charCodeAt(at) === 32) at++;
  return at;
}

const isDash = (line: string, at: number): boolean =>
  line.charCodeAt(at) === 45 && (at + 1 >= line.length || line.charCodeAt(at + 1) === 32);

const isEndOfLine = (line: string, from: number): boolean => {
  const at = skipSpaces(line, from);
  return at >= line.length || (at > from && line.charCodeAt(at) === 35);
};

/** Where the key that begins at `start` ends and its colon stands; undefined when there is no key. */
function keyEnd(line: string, start: number): { readonly end: number; readonly colon: number } | undefined {
  const first = line.charCodeAt(start);
  if (first === 34 || first === 39) {
    const close = closingQuote(line, start);
    if (close === undefined) return undefined;
    const colon = skipSpaces(line, close + 1);
    return line.charCodeAt(colon) === 58 && (colon + 1 >= line.length || line.charCodeAt(colon + 1) === 32)
      ? { end: close + 1, colon }
      : undefined;
  }
  if (first === 91 || first === 123) return undefined;
  for (let colon = line.indexOf(':', start); colon >= 0; colon = line.indexOf(':', colon + 1)) {
    if (colon + 1 < line.length && line.charCodeAt(colon + 1) !== 32) continue;
    const comment = line.indexOf(' #', start);
    if (comment >= 0 && comment < colon) return undefined;
    return { end: line.slice(0, colon).trimEnd().length, colon };
  }
  return undefined;
}

function closingQuote(line: string, start: number): number | undefined {
  const quote = line.charCodeAt(start);
  for (let at = start + 1; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === 92 && quote === 34) at++;
    else if (code === quote) {
      if (quote === 39 && line.charCodeAt(at + 1) === 39) at++;
      else return at;
    }
  }
  return undefined;
}

function plainText(line: string, start: number): string {
  const comment = line.indexOf(' #', start);
  return (comment < 0 ? line.slice(start) : line.slice(start, comment)).trimEnd();
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (text.charCodeAt(0) === 39) return inner.includes("'") ? inner.replaceAll("''", "'") : inner;
  if (!inner.includes('\\')) return inner;
  return inner.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, (_, x, u, long, single) => {
    const hex = (x ?? u ?? long) as string | undefined;
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return escapes[single as string] ?? giveUp();
  });
}

function chompText(rows: string[], folded: boolean, chomp: string, atEnd: boolean): string {
  let last = rows.length;
  while (last > 0 && (rows[last - 1] as string).trim() === '') last--;
  const trailing = rows.length - last - (atEnd ? 1 : 0);
  const body = rows.slice(0, last);
  const text = folded ? fold(body) : body.join('\n');
  // A file that ends in the scalar's last line has no line break to keep.
  if (chomp === '-' || (atEnd && trailing < 0)) return text;
  if (chomp === '+') return `${text}${'\n'.repeat(Math.max(0, trailing) + (body.length > 0 ? 1 : 0))}`;
  return body.length === 0 ? '' : `${text}\n`;
}

/** Lines join with spaces, blank lines become breaks, lines indented further stay as they are. */
function fold(rows: readonly string[]): string {
  let text = '';
  let breaks = 0;
  let wasMore = false;
  for (const [index, row] of rows.entries()) {
    if (row === '') {
      breaks++;
      continue;
    }
    const more = row.startsWith(' ');
    if (index === breaks && text === '') text = '\n'.repeat(breaks);
    else if (more || wasMore) text += '\n'.repeat(breaks + 1);
    else text += breaks === 0 ? ' ' : '\n'.repeat(breaks);
    text += row;
    breaks = 0;
    wasMore = more;
  }
  return text;
}
