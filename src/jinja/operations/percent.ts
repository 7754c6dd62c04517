import { typeError, valueError } from '../errors.ts';
import { asNumber } from '../values/compare.ts';
import { keyError, PyDict } from '../values/dict.ts';
import { PyFloat } from '../values/float.ts';
import { PyObject, typeName, type Value } from '../values/object.ts';
import { repr, str, stringLength } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { formatFloat } from './format-spec.ts';

const CONVERSION = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?(.)?/gsu;

/** The values a format string asks for, one after the other. */
function argumentsOf(given: Value): {
  readonly next: () => Value;
  readonly named: (name: string) => Value;
  readonly check: () => void;
} {
  const items = given instanceof PyTuple ? given.items : [given];
  let used = 0;
  let byName = false;
  return {
    next: () => {
      if (used >= items.length) throw typeError('not enough arguments for format string');
      return items[used++] as Value;
    },
    named: (name) => {
      if (!(given instanceof PyDict)) throw typeError('format requires a mapping');
      byName = true;
      const value = given.get(name);
      if (value === undefined) throw keyError(name);
      return value;
    },
    check: () => {
      // Python lets a mapping (anything with items by key that is no str or tuple) go unused.
      const isMapping = given instanceof PyDict || Array.isArray(given);
      if (!byName && used < items.length && !isMapping)
        throw typeError('not all arguments converted during string formatting');
    },
  };
}

/** Python's `format % given`. */
export function formatPercent(format: string, given: Value): string {
  const args = argumentsOf(given);
  const text = format.replace(CONVERSION, (...match: unknown[]) => convert(match as Match, args));
  args.check();
  return text;
}

type Match = [string, string | undefined, string, string | undefined, string | undefined, string | undefined, number];

function convert([, key, flags, width, precision, type, offset]: Match, args: ReturnType<typeof argumentsOf>): string {
  if (type === undefined) throw valueError('incomplete format');
  if (type === '%') return '%';
  const size = width === '*' ? Number(args.next()) : Number(width ?? 0);
  const digits = precision === '*' ? Number(args.next()) : precision === undefined ? undefined : Number(precision);
  const value = key === undefined ? args.next() : args.named(key);
  const [prefix, body] = conversion({ type, flags, digits, value, offset });
  return pad(prefix, body, flags, size, type);
}

function pad(prefix: string, body: string, flags: string, width: number, type: string): string {
  const missing = Math.max(0, Math.abs(width) - stringLength(prefix + body));
  if (flags.includes('-') || width < 0) return prefix + body + ' '.repeat(missing);
  if (flags.includes('0') && !'sra'.includes(type)) return prefix + '0'.repeat(missing) + body;
  return ' '.repeat(missing) + prefix + body;
}

interface Conversion {
  readonly type: string;
  readonly flags: string;
  readonly digits: number | undefined;
  readonly value: Value;
  readonly offset: number;
}

function conversion({ type, flags, digits, value, offset }: Conversion): readonly [string, string] {
  if (type === 's' || type === 'r' || type === 'a') {
    const text = type === 's' ? str(value) : repr(value);
    return ['', digits === undefined ? text : Array.from(text).slice(0, digits).join('')];
  }
  if (type === 'c') return ['', typeof value === 'string' ? value : String.fromCodePoint(Number(asNumber(value) ?? 0))];
  const number = numberOf(value, type, offset);
  const negative = number < 0 || Object.is(number, -0);
  const size = negative ? -number : number;
  const sign = negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if ('diu'.includes(type)) return [sign, wholeText(size, 10, digits)];
  if ('xXo'.includes(type)) {
    const text = wholeText(size, type === 'o' ? 8 : 16, digits);
    const mark = flags.includes('#') ? `0${type}` : '';
    return [sign + mark, type === 'X' ? text.toUpperCase() : text];
  }
  return [sign, formatFloat(Number(size), type, digits ?? 6, flags.includes('#'))];
}

const wholeText = (size: number | bigint, base: number, digits: number | undefined): string =>
  BigInt(typeof size === 'number' ? Math.trunc(size) : size)
    .toString(base)
    .padStart(digits ?? 0, '0');

function numberOf(value: Value, type: string, offset: number): number | bigint {
  if (!'diuxXoeEfFgG'.includes(type))
    throw valueError(
      `unsupported format character '${type}' (0x${(type.codePointAt(0) as number).toString(16)}) at index ${offset + 1}`,
    );
  const number = asNumber(value) ?? decimalOf(value);
  const whole = 'xXo'.includes(type);
  if (number !== undefined && !(whole && value instanceof PyFloat)) return number;
  if ('diu'.includes(type)) throw typeError(`%${type} format: a real number is required, not ${typeName(value)}`);
  if (whole) throw typeError(`%${type} format: an integer is required, not ${typeName(value)}`);
  throw typeError(`must be real number, not ${typeName(value)}`);
}

const decimalOf = (value: Value): number | undefined =>
  value instanceof PyObject && value.typeName === 'decimal.Decimal' ? Number(str(value)) : undefined;
