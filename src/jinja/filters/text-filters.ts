import { PyError, typeError, valueError } from '../errors.ts';
import { lengthOf, slice } from '../methods/attribute.ts';
import { replaceText, STRING_METHODS } from '../methods/string.ts';
import { asIndex, readArguments } from '../operations/arguments.ts';
import { formatPercent } from '../operations/percent.ts';
import type { Filter } from '../runtime-types.ts';
import { itemsOf, PyDict } from '../values/dict.ts';
import { NO_KWARGS, PyUndefined, typeName, type Value } from '../values/object.ts';
import { escapeHtml, iterate, Markup } from '../values/sequences.ts';
import { repr, str, stringLength, truth } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { wordwrap } from './wordwrap.ts';

/** A string filter without parameters; markup stays markup. */
const plain =
  (name: string, change: (text: string) => string): Filter =>
  (_runtime, value, args, kwargs) => {
    readArguments(name, ['s'], [value, ...args], kwargs);
    return value instanceof Markup ? new Markup(change(value.text)) : change(str(value));
  };

const capitalize = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();

/** Jinja starts a word after a dash, a space or an opening bracket. */
const title = (text: string): string =>
  text
    .split(/([-\s({[<]+)/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join('');

const stringMethod = (name: string, text: string, ...args: Value[]): string =>
  str((STRING_METHODS.get(name) as NonNullable<ReturnType<typeof STRING_METHODS.get>>)(text, args, NO_KWARGS));

const trim: Filter = (_runtime, value, args, kwargs) => {
  const { chars } = readArguments('do_trim', ['value', 'chars'], [value, ...args], kwargs, { chars: null });
  return stringMethod('strip', str(value), chars);
};

const replace: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_replace', ['s', 'old', 'new', 'count'], [value, ...args], kwargs, { count: null });
  const most = given.count === null ? -1 : asIndex(given.count);
  return replaceText(str(value), str(given.old), str(given.new), most);
};

const format: Filter = (_runtime, value, args, kwargs) => {
  if (args.length > 0 && kwargs.size > 0)
    throw new PyError('FilterArgumentError', "can't handle positional and keyword arguments at the same time");
  return formatPercent(str(value), kwargs.size > 0 ? new PyDict(kwargs) : new PyTuple(args));
};

const center: Filter = (_runtime, value, args, kwargs) => {
  const { width } = readArguments('do_center', ['value', 'width'], [value, ...args], kwargs, { width: 80 });
  return stringMethod('center', str(value), width);
};

const indent: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_indent', ['s', 'width', 'first', 'blank'], [value, ...args], kwargs, {
    width: 4,
    first: false,
    blank: false,
  });
  const margin = typeof given.width === 'string' ? given.width : ' '.repeat(asIndex(given.width));
  // Jinja adds a line break first, so that trailing lines count as lines.
  const lines = stringMethod2('splitlines', `${sequenceText(value)}\n`);
  const indented = lines.map((line, i) => (i === 0 || (line === '' && !truth(given.blank)) ? line : margin + line));
  return (truth(given.first) ? margin : '') + indented.join('\n');
};

function stringMethod2(name: string, text: string): string[] {
  return (STRING_METHODS.get(name) as NonNullable<ReturnType<typeof STRING_METHODS.get>>)(
    text,
    [],
    NO_KWARGS,
  ) as string[];
}

/** Filters that add to their input take text only. */
function sequenceText(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof PyUndefined) return value.fail();
  // Python's `+=` extends a list by a text's characters; the list then has no lines.
  if (Array.isArray(value)) throw new PyError('AttributeError', `'list' object has no attribute 'splitlines'`);
  throw typeError(`unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`);
}

const truncate: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_truncate', ['s', 'length', 'killwords', 'end', 'leeway'], [value, ...args], kwargs, {
    length: 255,
    killwords: false,
    end: '...',
    leeway: null,
  });
  const length = asIndex(given.length);
  const end = str(given.end);
  const endLength = stringLength(end);
  if (length < endLength) throw new PyError('AssertionError', `expected length >= ${endLength}, got ${length}`);
  const leeway = given.leeway === null ? 5 : asIndex(given.leeway);
  if (lengthOf(value) <= length + leeway) return value;
  const cut = slice(value, null, length - endLength, null);
  if (truth(given.killwords)) return str(cut) + end;
  const words = str(cut);
  const space = words.lastIndexOf(' ');
  return (space < 0 ? words : words.slice(0, space)) + end;
};

const SAFE = /[A-Za-z0-9_.~/-]/;
const percentEncode = (text: string, safe: RegExp): string =>
  Array.from(text, (character) =>
    safe.test(character)
      ? character
      : Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  ).join('');

const urlencode: Filter = (_runtime, value) => {
  if (typeof value === 'string' || value instanceof Markup) return percentEncode(str(value), SAFE);
  const isPlain =
    !Array.isArray(value) &&
    !(value instanceof PyDict) &&
    !(value instanceof PyTuple) &&
    !(value instanceof PyUndefined);
  if (isPlain) return percentEncode(str(value), SAFE);
  const pairs = value instanceof PyDict ? itemsOf(value) : iterate(value);
  const encode = (part: Value): string => percentEncode(str(part), /[A-Za-z0-9_.~-]/).replaceAll('%20', '+');
  return Array.from(pairs, (pair) => {
    const parts = pairOf(pair);
    return `${encode(parts[0])}=${encode(parts[1])}`;
  }).join('&');
};

function pairOf(pair: Value): readonly [Value, Value] {
  if (typeof pair === 'number' || pair === null || typeof pair === 'boolean')
    throw typeError(`cannot unpack non-iterable ${typeName(pair)} object`);
  const parts = [...iterate(pair)];
  if (parts.length < 2) throw valueError(`not enough values to unpack (expected 2, got ${parts.length})`);
  if (parts.length > 2) throw valueError('too many values to unpack (expected 2)');
  return parts as unknown as readonly [Value, Value];
}

const xmlattr: Filter = (_runtime, value, args, kwargs) => {
  const { autospace } = readArguments('do_xmlattr', ['d', 'autospace'], [value, ...args], kwargs, { autospace: true });
  if (value instanceof PyUndefined) return value.chain ? '' : value.fail();
  if (!(value instanceof PyDict))
    throw new PyError('AttributeError', `'${typeName(value)}' object has no attribute 'items'`);
  const parts: string[] = [];
  for (const [key, item] of value.entries()) {
    if (item === null || item instanceof PyUndefined) continue;
    if (/[\s/>=]/.test(str(key))) throw valueError(`Invalid character in attribute name: ${repr(key)}`);
    parts.push(`${escapeHtml(str(key))}="${escapeHtml(str(item))}"`);
  }
  const text = parts.join(' ');
  return truth(autospace) && text !== '' ? ` ${text}` : text;
};

const SIZES = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

/** The size in bytes as people read it; `size` is a finite number. */
export function fileSize(size: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  if (size === 1) return '1 Byte';
  if (size < base) return `${Math.trunc(size)} Bytes`;
  let unit = base;
  let i = 0;
  while (i < SIZES.length - 1 && size >= unit * base) {
    unit *= base;
    i++;
  }
  const letter = SIZES[i] as string;
  return `${(size / unit).toFixed(1)} ${binary ? `${letter.toUpperCase()}iB` : `${letter}B`}`;
}

const striptags = (text: string): string =>
  text
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<[^>]*>/g, '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ')
    .replace(/&(amp|lt|gt|quot|#39|#34);/g, (_, name: string) => ENTITIES[name] as string);
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#34': '"' };

const wrap: Filter = (_runtime, value, args, kwargs) => {
  const names = ['s', 'width', 'break_long_words', 'wrapstring', 'break_on_hyphens'] as const;
  const given = readArguments('do_wordwrap', names, [value, ...args], kwargs, {
    width: 79,
    break_long_words: true,
    wrapstring: null,
    break_on_hyphens: true,
  });
  if (value instanceof PyUndefined) return value.fail();
  if (typeof value !== 'string')
    throw new PyError('AttributeError', `'${typeName(value)}' object has no attribute 'splitlines'`);
  const separator = given.wrapstring === null ? '\n' : str(given.wrapstring);
  return stringMethod2('splitlines', value)
    .map((line) =>
      wordwrap(line, {
        width: asIndex(given.width),
        breakLongWords: truth(given.break_long_words),
        breakOnHyphens: truth(given.break_on_hyphens),
      }).join(separator),
    )
    .join(separator);
};

const escapeFilter: Filter = (_runtime, value) =>
  value instanceof Markup ? value : new Markup(escapeHtml(str(value)));

export const TEXT_FILTERS: readonly (readonly [string, Filter])[] = [
  ['upper', plain('do_upper', (text) => text.toUpperCase())],
  ['lower', plain('do_lower', (text) => text.toLowerCase())],
  ['capitalize', plain('do_capitalize', capitalize)],
  ['title', plain('do_title', title)],
  ['string', (_runtime, value) => (value instanceof Markup ? value : str(value))],
  ['trim', trim],
  ['replace', replace],
  ['format', format],
  ['center', center],
  ['indent', indent],
  ['truncate', truncate],
  ['wordwrap', wrap],
  ['wordcount', (_runtime, value) => (str(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length],
  ['urlencode', urlencode],
  ['xmlattr', xmlattr],
  ['striptags', (_runtime, value) => striptags(str(value))],
  ['escape', escapeFilter],
  ['e', escapeFilter],
  ['forceescape', (_runtime, value) => new Markup(escapeHtml(str(value)))],
  ['safe', (_runtime, value) => new Markup(str(value))],
  ['pprint', (_runtime, value) => repr(value)],
  ['urlize', (_runtime, value) => new Markup(urlize(str(value)))],
];

/** Addresses become links; the rest is escaped. */
const urlize = (text: string): string =>
  text
    .split(/(\s+)/)
    .map((word) =>
      /^(https?:\/\/|www\.)\S+$/.test(word)
        ? `<a href="${escapeHtml(word.startsWith('www.') ? `https://${word}` : word)}" rel="noopener">${escapeHtml(word)}</a>`
        : escapeHtml(word),
    )
    .join('');
