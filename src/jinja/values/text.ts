import { valueError } from '../errors.ts';
import { floatRepr } from './float.ts';
import { PyObject, type Value } from './object.ts';

/** Python's `str(value)`. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return integerText(value);
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return Array.isArray(value) ? listRepr(value) : value.str();
}

/** Python turns no longer integers to text, or text to integers: it takes time that grows with the square. */
export const mostDigits = 4300;
const largestText = 10n ** BigInt(mostDigits);

/** Throws for the text of an integer that is too long to be read. */
export function checkDigits(text: string): void {
  if (text.length > mostDigits)
    throw valueError(
      `Exceeds the limit (${mostDigits} digits) for integer string conversion: value has ${text.length} digits`,
    );
}

function integerText(value: bigint): string {
  if (value < largestText && value > -largestText) return String(value);
  throw valueError(`Exceeds the limit (${mostDigits} digits) for integer string conversion`);
}

/** Python's `repr(value)`. */
export function repr(value: Value): string {
  if (typeof value === 'string') return stringRepr(value);
  return value instanceof PyObject ? value.repr() : str(value);
}

const listRepr = (items: readonly Value[]): string => `[${joinReprs(items)}]`;
export const joinReprs = (items: Iterable<Value>): string => Array.from(items, repr).join(', ');

const UNPRINTABLE = /[\p{C}\p{Z}\\]/u;
const UNPRINTABLE_ALL = /[\p{C}\p{Z}\\]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
  ' ': ' ',
};

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) as number;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

export function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let body = UNPRINTABLE.test(text) ? text.replace(UNPRINTABLE_ALL, escapeCharacter) : text;
  if (quote === "'" && body.includes("'")) body = body.replaceAll("'", "\\'");
  return quote + body + quote;
}

/** Python's `bool(value)`. */
export function truth(value: Value): boolean {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? value.length > 0 : value.truth();
  return Boolean(value);
}

export { floatRepr };

const SURROGATE = /[\ud800-\udfff]/;

/** The characters Python counts; a string without surrogates needs no array. */
export const hasSurrogates = (text: string): boolean => SURROGATE.test(text);
export const stringLength = (text: string): number => (hasSurrogates(text) ? Array.from(text).length : text.length);
