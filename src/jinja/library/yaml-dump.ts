import { PyError } from '../errors.ts';
import { sortValues } from '../values/compare.ts';
import { PyDict } from '../values/dict.ts';
import { PyFloat } from '../values/float.ts';
import { typeName, type Value } from '../values/object.ts';
import { floatRepr, str } from '../values/text.ts';
import { PyDate } from './datetime.ts';
import { yamlScalar } from './yaml.ts';

/** Where a scalar starts, and where its further lines do. */
interface Place {
  readonly column: number;
  readonly indent: string;
}

/** PyYAML's `safe_dump` in block style: ASCII only, lines folded after column 80. */
export function toYaml(value: Value, sortKeys = false): string {
  if (isContainer(value) && !isEmpty(value)) return block(value, '', sortKeys);
  const text = scalarText(value, { column: 0, indent: '  ' });
  return /^["'[{]/.test(text) ? `${text}\n` : `${text}\n...\n`;
}

const isContainer = (value: Value): value is Value[] | PyDict => Array.isArray(value) || value instanceof PyDict;
const isEmpty = (value: Value[] | PyDict): boolean => (Array.isArray(value) ? value.length : value.size) === 0;

function block(value: Value[] | PyDict, margin: string, sortKeys: boolean): string {
  const indent = `${margin}  `;
  if (Array.isArray(value)) return value.map((item) => `${margin}- ${inline(item, indent, sortKeys)}`).join('');
  const entries = sortKeys ? sortValues([...value.entries()], ([key]) => key) : [...value.entries()];
  return entries.map(([key, item]) => `${margin}${underKey(key, item, { margin, sortKeys })}`).join('');
}

/** A nested block starts on the line of its dash. */
function inline(item: Value, indent: string, sortKeys: boolean): string {
  if (!isContainer(item) || isEmpty(item)) return `${scalarText(item, { column: indent.length, indent })}\n`;
  return block(item, indent, sortKeys).slice(indent.length);
}

function underKey(
  key: Value,
  item: Value,
  { margin, sortKeys }: { readonly margin: string; readonly sortKeys: boolean },
): string {
  const name = `${scalarText(key)}:`;
  const indent = `${margin}  `;
  if (!isContainer(item) || isEmpty(item))
    return `${name} ${scalarText(item, { column: margin.length + name.length + 1, indent })}\n`;
  // PyYAML does not indent a list under its key.
  return `${name}\n${block(item, Array.isArray(item) ? margin : indent, sortKeys)}`;
}

/** A key has no place: it stays on its line. */
function scalarText(value: Value, place?: Place): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return quoted(value, place);
  if (value instanceof PyFloat) return floatText(value.value);
  if (Array.isArray(value)) return '[]';
  if (value instanceof PyDict) return '{}';
  if (value instanceof PyDate) return str(value);
  throw new PyError('RepresenterError', `cannot represent an object of type ${typeName(value)}`);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = floatRepr(value);
  return text.includes('e') && !text.includes('.') ? text.replace('e', '.0e') : text;
}

const NEEDS_ESCAPES = /[^\n\x20-\x7e]| \n|\n /;
const SPECIAL_START = /^[,[\]{}#&*!|>'"%@`\s]|^[-?:](\s|$)|^(---|\.\.\.)|^(=|<<)$/;

/** Text as it is where it reads back as the same text, else in quotes. */
function quoted(text: string, place: Place | undefined): string {
  if (NEEDS_ESCAPES.test(text)) return doubleQuoted(text);
  const isPlain = !text.includes('\n') && yamlScalar(text) === undefined && !SPECIAL_START.test(text);
  if (isPlain && !/: | #|[:\s]$/.test(text)) return place ? fold(text, place) : text;
  if (place) return `'${fold(text.replaceAll("'", "''"), { ...place, column: place.column + 1 })}'`;
  return text.includes('\n') ? doubleQuoted(text) : `'${text.replaceAll("'", "''")}'`;
}

/** A single space after column 80 becomes a line break; a line break becomes two. */
function fold(text: string, { column, indent }: Place): string {
  let at = column;
  return text.replace(/[^ \n]+| +|\n+/g, (piece, offset: number) => {
    if (piece.startsWith('\n')) {
      at = indent.length;
      return `\n${piece}${indent}`;
    }
    const inside = offset > 0 && offset + piece.length < text.length;
    if (piece === ' ' && at > 80 && inside) {
      at = indent.length;
      return `\n${indent}`;
    }
    at += piece.length;
    return piece;
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

const doubleQuoted = (text: string): string =>
  `"${Array.from(text, (character) => (/[ !#-[\]-~]/.test(character) ? character : escaped(character))).join('')}"`;

function escaped(character: string): string {
  const short = ESCAPES[character];
  if (short !== undefined) return `\\${short}`;
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase();
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
}
