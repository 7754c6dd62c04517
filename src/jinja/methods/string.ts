import { PyError, typeError, valueError } from '../errors.ts';
import { asIndex, checkCount, readArguments } from '../operations/arguments.ts';
import { PyDict } from '../values/dict.ts';
import { type Args, hostFunction, type Kwargs, PyObject, typeName, type Value } from '../values/object.ts';
import { iterate, Markup } from '../values/sequences.ts';
import { hasSurrogates, stringLength } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { type Method, methods } from './method.ts';
import { capitalize, isCased, isTitle, swapcase, title, zfill } from './string-case.ts';

const WHITESPACE = '\\s\\x1c-\\x1f\\x85';
const LEADING = new RegExp(`^[${WHITESPACE}]+`);
const TRAILING = new RegExp(`[${WHITESPACE}]+$`);
const BETWEEN = new RegExp(`[${WHITESPACE}]+`);
const CONTROL_LINE_ENDS = '\\x1c-\\x1e\\x85';
const LINE_END = new RegExp(`\\r\\n|[\\n\\r\\v\\f${CONTROL_LINE_ENDS}\\u2028\\u2029]`, 'g');

const textOf = (value: Value, name: string): string => {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  throw typeError(`${name} must be str, not ${typeName(value)}`);
};

function strip(text: string, characters: Value, sides: 'both' | 'left' | 'right'): string {
  if (characters === null) {
    const left = sides === 'right' ? text : text.replace(LEADING, '');
    return sides === 'left' ? left : left.replace(TRAILING, '');
  }
  if (typeof characters !== 'string') throw typeError(`strip arg must be None or str`);
  const set = new Set(characters);
  const letters = Array.from(text);
  let start = 0;
  let end = letters.length;
  if (sides !== 'right') while (start < end && set.has(letters[start] as string)) start++;
  if (sides !== 'left') while (end > start && set.has(letters[end - 1] as string)) end--;
  return letters.slice(start, end).join('');
}

const stripMethod =
  (name: string, sides: 'both' | 'left' | 'right'): Method<string> =>
  (self, args, kwargs) => {
    checkCount(`str.${name}`, args, kwargs, 0, 1);
    return strip(self, args[0] ?? null, sides);
  };

function splitWhitespace(text: string, most: number): string[] {
  const trimmed = strip(text, null, 'both');
  if (trimmed === '') return [];
  if (most < 0) return trimmed.split(BETWEEN);
  const parts: string[] = [];
  let rest = strip(text, null, 'left');
  while (parts.length < most && rest !== '') {
    const found = BETWEEN.exec(rest);
    if (!found) break;
    parts.push(rest.slice(0, found.index));
    rest = rest.slice(found.index).replace(LEADING, '');
  }
  return rest === '' ? parts : [...parts, rest];
}

function splitText(text: string, separator: string, most: number): string[] {
  if (separator === '') throw valueError('empty separator');
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

const split: Method<string> = (self, args, kwargs) => {
  const { sep, maxsplit } = readArguments('split', ['sep', 'maxsplit'], args, kwargs, { sep: null, maxsplit: -1 });
  const most = asIndex(maxsplit);
  return sep === null ? splitWhitespace(self, most) : splitText(self, textOf(sep, 'separator'), most);
};

const reverse = (text: string): string => Array.from(text).reverse().join('');

const rsplit: Method<string> = (self, args, kwargs) => {
  const { sep, maxsplit } = readArguments('rsplit', ['sep', 'maxsplit'], args, kwargs, { sep: null, maxsplit: -1 });
  const most = asIndex(maxsplit);
  const reversed =
    sep === null
      ? splitWhitespace(reverse(self), most)
      : splitText(reverse(self), reverse(textOf(sep, 'separator')), most);
  return reversed.map(reverse).reverse();
};

const splitlines: Method<string> = (self, args, kwargs) => {
  const { keepends } = readArguments('splitlines', ['keepends'], args, kwargs, { keepends: false });
  const lines: string[] = [];
  let start = 0;
  for (const match of self.matchAll(LINE_END)) {
    lines.push(self.slice(start, match.index) + (keepends ? match[0] : ''));
    start = match.index + match[0].length;
  }
  if (start < self.length) lines.push(self.slice(start));
  return lines;
};

const join: Method<string> = (self, args, kwargs) => {
  checkCount('str.join', args, kwargs, 1);
  const parts = Array.from(iterate(args[0] as Value), (item, i) => {
    if (typeof item === 'string') return item;
    if (item instanceof Markup) return item.text;
    throw typeError(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
  });
  return parts.join(self);
};

const replace: Method<string> = (self, args, kwargs) => {
  checkCount('str.replace', args, kwargs, 2, 3);
  const from = textOf(args[0] as Value, 'replace() argument 1');
  const to = textOf(args[1] as Value, 'replace() argument 2');
  return replaceText(self, from, to, asIndex(args[2] ?? -1));
};

/** Replaces at most `most` times, all when it is negative; an empty `from` stands between all characters. */
export function replaceText(text: string, from: string, to: string, most: number): string {
  if (most < 0)
    return from === '' && hasSurrogates(text)
      ? Array.from(text)
          .map((c) => to + c)
          .join('') + to
      : text.replaceAll(from, () => to);
  const pieces = from === '' ? ['', ...Array.from(text), ''] : text.split(from);
  return pieces.slice(1).reduce((done, piece, i) => done + (i < most ? to : from) + piece, pieces[0] as string);
}

/** The part of the string between two optional indices, and where it starts. */
function within(text: string, start: Value | undefined, end: Value | undefined): { part: string; from: number } {
  const length = text.length;
  const clamp = (value: number): number => Math.min(Math.max(value < 0 ? value + length : value, 0), length);
  const from = start === undefined || start === null ? 0 : clamp(asIndex(start));
  const to = end === undefined || end === null ? length : clamp(asIndex(end));
  return { part: text.slice(from, Math.max(from, to)), from };
}

const affix =
  (name: 'startswith' | 'endswith'): Method<string> =>
  (self, args, kwargs) => {
    checkCount(name, args, kwargs, 1, 3);
    const wanted = args[0] as Value;
    const { part } = within(self, args[1], args[2]);
    const options = wanted instanceof PyTuple ? wanted.items : [wanted];
    return options.some((option) => {
      if (typeof option !== 'string')
        throw typeError(`${name} first arg must be str or a tuple of str, not ${typeName(option)}`);
      return name === 'startswith' ? part.startsWith(option) : part.endsWith(option);
    });
  };

const search =
  (name: 'find' | 'rfind' | 'index' | 'rindex'): Method<string> =>
  (self, args, kwargs) => {
    checkCount(name, args, kwargs, 1, 3);
    const { part, from } = within(self, args[1], args[2]);
    const wanted = textOf(args[0] as Value, `${name}() argument 1`);
    const at = name.startsWith('r') ? part.lastIndexOf(wanted) : part.indexOf(wanted);
    if (at >= 0) return stringLength(self.slice(0, from + at));
    if (name.endsWith('index')) throw valueError('substring not found');
    return -1;
  };

const justify =
  (name: 'ljust' | 'rjust' | 'center'): Method<string> =>
  (self, args, kwargs) => {
    checkCount(name, args, kwargs, 1, 2);
    const fill = args[1] === undefined ? ' ' : textOf(args[1], 'The fill character');
    if (stringLength(fill) !== 1) throw typeError('The fill character must be exactly one character long');
    const width = asIndex(args[0] as Value);
    const missing = Math.max(0, width - stringLength(self));
    if (name === 'ljust') return self + fill.repeat(missing);
    if (name === 'rjust') return fill.repeat(missing) + self;
    const left = (missing >> 1) + (missing & width & 1);
    return fill.repeat(left) + self + fill.repeat(missing - left);
  };

const partition =
  (last: boolean): Method<string> =>
  (self, args, kwargs) => {
    checkCount('str.partition', args, kwargs, 1);
    const separator = textOf(args[0] as Value, 'argument');
    if (separator === '') throw valueError('empty separator');
    const at = last ? self.lastIndexOf(separator) : self.indexOf(separator);
    if (at < 0) return new PyTuple(last ? ['', '', self] : [self, '', '']);
    return new PyTuple([self.slice(0, at), separator, self.slice(at + separator.length)]);
  };

const simple =
  (name: string, run: (self: string) => Value): Method<string> =>
  (self: string, args: Args, kwargs: Kwargs) => {
    checkCount(`str.${name}`, args, kwargs, 0);
    return run(self);
  };

const all =
  (pattern: RegExp) =>
  (self: string): boolean =>
    self !== '' && pattern.test(self);

const isIdentifier = (self: string): boolean => /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}_]*$/u.test(self);

const translate: Method<string> = (self, args, kwargs) => {
  checkCount('str.translate', args, kwargs, 1);
  const table = args[0] as Value;
  return Array.from(self, (character) => {
    const found = table instanceof PyDict ? table.get(character.codePointAt(0) as number) : undefined;
    if (found === undefined) return character;
    return typeof found === 'number'
      ? String.fromCodePoint(found)
      : found === null
        ? ''
        : textOf(found, 'character mapping');
  }).join('');
};

const SIMPLE: Readonly<Record<string, (self: string) => Value>> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  casefold: (self) => self.toLowerCase().replaceAll('ß', 'ss'),
  title,
  capitalize,
  swapcase,
  isspace: all(new RegExp(`^[${WHITESPACE}]+$`)),
  isalpha: all(/^\p{L}+$/u),
  isdigit: all(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u),
  isdecimal: all(/^\p{Nd}+$/u),
  isnumeric: all(/^\p{N}+$/u),
  isalnum: all(/^[\p{L}\p{N}]+$/u),
  isascii: (self) => !/[^\0-\x7f]/.test(self),
  isidentifier: isIdentifier,
  isprintable: (self) => !/[\p{C}\p{Z}]/u.test(self.replaceAll(' ', '')),
  isupper: (self) => isCased(self) && self === self.toUpperCase(),
  islower: (self) => isCased(self) && self === self.toLowerCase(),
  istitle: isTitle,
};

/** All methods of str but `format` and `format_map`, which need attributes and items of other values. */
export const STRING_METHODS = methods<string>({
  ...Object.fromEntries(Object.entries(SIMPLE).map(([name, run]) => [name, simple(name, run)])),
  strip: stripMethod('strip', 'both'),
  lstrip: stripMethod('lstrip', 'left'),
  rstrip: stripMethod('rstrip', 'right'),
  split,
  rsplit,
  splitlines,
  join,
  replace,
  startswith: affix('startswith'),
  endswith: affix('endswith'),
  find: search('find'),
  rfind: search('rfind'),
  index: search('index'),
  rindex: search('rindex'),
  ljust: justify('ljust'),
  rjust: justify('rjust'),
  center: justify('center'),
  partition: partition(false),
  rpartition: partition(true),
  translate,
  count: (self, args, kwargs) => {
    checkCount('count', args, kwargs, 1, 3);
    const { part } = within(self, args[1], args[2]);
    const wanted = textOf(args[0] as Value, 'count() argument 1');
    return wanted === '' ? stringLength(part) + 1 : part.split(wanted).length - 1;
  },
  zfill: (self, args, kwargs) => {
    checkCount('str.zfill', args, kwargs, 1);
    return zfill(self, asIndex(args[0] as Value));
  },
  removeprefix: (self, args, kwargs) => {
    checkCount('str.removeprefix', args, kwargs, 1);
    const prefix = textOf(args[0] as Value, 'removeprefix() argument');
    return self.startsWith(prefix) ? self.slice(prefix.length) : self;
  },
  removesuffix: (self, args, kwargs) => {
    checkCount('str.removesuffix', args, kwargs, 1);
    const suffix = textOf(args[0] as Value, 'removesuffix() argument');
    return suffix !== '' && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self;
  },
  expandtabs: (self, args, kwargs) => {
    const { tabsize } = readArguments('expandtabs', ['tabsize'], args, kwargs, { tabsize: 8 });
    return expandTabs(self, asIndex(tabsize));
  },
  encode: (self, args, kwargs) => {
    const { encoding } = readArguments('encode', ['encoding', 'errors'], args, kwargs, {
      encoding: 'utf-8',
      errors: 'strict',
    });
    if (!/^utf[-_]?8$/i.test(textOf(encoding, 'encoding')))
      throw new PyError('LookupError', `unknown encoding: ${encoding}`);
    return new PyBytes(Buffer.from(self));
  },
  maketrans: (_self, args, kwargs) => {
    checkCount('maketrans', args, kwargs, 1, 3);
    return translationTable(args);
  },
});

/** Bytes: a template can print them, and not much else. */
class PyBytes extends PyObject {
  readonly typeName = 'bytes';
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    super();
    this.bytes = bytes;
  }
  override iterate(): Iterable<Value> {
    return this.bytes;
  }
  override length(): number {
    return this.bytes.length;
  }
  override attr(name: string): Value | undefined {
    if (name === 'decode') return hostFunction(name, () => this.bytes.toString('utf8'));
    return name === 'hex' ? hostFunction(name, () => this.bytes.toString('hex')) : undefined;
  }
  override repr(): string {
    const body = Array.from(this.bytes, (byte) => byteText(byte)).join('');
    return body.includes("'") && !body.includes('"') ? `b"${body}"` : `b'${body.replaceAll("'", "\\'")}'`;
  }
}

const BYTE_ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };
const byteText = (byte: number): string =>
  BYTE_ESCAPES[byte] ??
  (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);

/** `str.maketrans`: code points to what replaces them. */
function translationTable([from, to, removed]: Args): PyDict {
  const table = new PyDict();
  if (from instanceof PyDict) {
    for (const [key, value] of from.entries())
      table.set(typeof key === 'string' ? (key.codePointAt(0) as number) : key, value);
    return table;
  }
  const targets = Array.from(textOf(to ?? null, 'maketrans() argument 2'));
  const sources = Array.from(textOf(from ?? null, 'maketrans() argument 1'));
  if (sources.length !== targets.length) throw valueError('the first two maketrans arguments must have equal length');
  for (const [i, source] of sources.entries())
    table.set(source.codePointAt(0) as number, (targets[i] as string).codePointAt(0) as number);
  for (const character of removed === undefined ? '' : textOf(removed, 'maketrans() argument 3'))
    table.set(character.codePointAt(0) as number, null);
  return table;
}

function expandTabs(text: string, size: number): string {
  let column = 0;
  return Array.from(text, (character) => {
    if (character === '\t') {
      const spaces = size <= 0 ? 0 : size - (column % size);
      column += spaces;
      return ' '.repeat(spaces);
    }
    column = character === '\n' || character === '\r' ? 0 : column + 1;
    return character;
  }).join('');
}
