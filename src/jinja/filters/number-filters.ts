import { PyError, typeError, valueError } from '../errors.ts';
import { asIndex, readArguments } from '../operations/arguments.ts';
import { normaliseInt } from '../operations/arithmetic.ts';
import type { Filter } from '../runtime-types.ts';
import { asNumber } from '../values/compare.ts';
import { PyFloat } from '../values/float.ts';
import { PyObject, PyUndefined, typeName, type Value } from '../values/object.ts';
import { Markup } from '../values/sequences.ts';
import { mostDigits, repr, str, truth } from '../values/text.ts';
import { fileSize } from './text-filters.ts';

const FLOAT = /^[+-]?(?:(?:\d(?:_?\d)*)?\.?\d(?:_?\d)*\.?(?:e[+-]?\d(?:_?\d)*)?|inf(?:inity)?|nan)$/i;

/** Python's `float(value)`; undefined where it raises ValueError. */
function floatOf(value: Value): number | undefined {
  const number = asNumber(value);
  if (number !== undefined) return Number(number);
  if (value instanceof PyUndefined) return value.fail();
  const text =
    typeof value === 'string' ? value.trim() : value instanceof Markup ? value.text.trim() : decimalText(value);
  if (text === undefined)
    throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
  if (!FLOAT.test(text)) return undefined;
  if (/nan/i.test(text)) return Number.NaN;
  if (/inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text.replaceAll('_', ''));
}

const decimalText = (value: Value): string | undefined =>
  value instanceof PyObject && value.typeName === 'decimal.Decimal' ? str(value) : undefined;

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Python's `int(text, base)`; undefined where it raises ValueError. */
function parseInteger(text: string, base: number): number | bigint | undefined {
  const match = /^([+-]?)(0[box])?([0-9a-z_]+)$/i.exec(text.trim());
  if (!match || /^_|__|_$/.test(match[3] as string) || text.length > mostDigits) return undefined;
  const [, sign, prefix = '', digits] = match as unknown as [string, string, string | undefined, string];
  const marked = ({ '0b': 2, '0o': 8, '0x': 16 } as Record<string, number>)[prefix.toLowerCase()];
  const radix = base === 0 ? (marked ?? 10) : base;
  const body = marked !== undefined && marked !== radix ? prefix + digits : digits;
  let value = 0n;
  for (const digit of body.toLowerCase().replaceAll('_', '')) {
    const worth = DIGITS.indexOf(digit);
    if (worth < 0 || worth >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(worth);
  }
  return normaliseInt(sign === '-' ? -value : value);
}

function truncateFloat(value: number): number | bigint | undefined {
  return Number.isFinite(value) ? normaliseInt(BigInt(Math.trunc(value))) : undefined;
}

const int: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_int', ['value', 'default', 'base'], [value, ...args], kwargs, {
    default: 0,
    base: 10,
  });
  if (value instanceof PyUndefined) return value.fail();
  if (typeof value === 'string') {
    const whole = parseInteger(value, asIndex(given.base));
    if (whole !== undefined) return whole;
    const float = floatOf(value);
    return (float === undefined ? undefined : truncateFloat(float)) ?? given.default;
  }
  if (value instanceof PyFloat) return truncateFloat(value.value) ?? given.default;
  const decimal = decimalText(value);
  if (decimal !== undefined) return normaliseInt(BigInt(decimal.replace(/\..*$/, '')));
  const number = asNumber(value);
  return number ?? given.default;
};

const float: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_float', ['value', 'default'], [value, ...args], kwargs, { default: new PyFloat(0) });
  if (value instanceof PyUndefined) return value.fail();
  const isNumeric =
    typeof value === 'string' ||
    value instanceof Markup ||
    asNumber(value) !== undefined ||
    decimalText(value) !== undefined;
  const number = isNumeric ? floatOf(value) : undefined;
  return number === undefined ? given.default : new PyFloat(number);
};

/** Rounds half to even on the exact binary value, as Python's `round(value, digits)`. */
function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  if (digits >= 0) {
    if (digits === 0) {
      const floor = Math.floor(value);
      const rest = value - floor;
      if (rest === 0.5) return floor % 2 === 0 ? floor : floor + 1;
      return Math.round(value);
    }
    return Number(value.toFixed(Math.min(digits, 100)));
  }
  const unit = 10 ** -digits;
  return roundHalfEven(value / unit, 0) * unit;
}

const round: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_round', ['value', 'precision', 'method'], [value, ...args], kwargs, {
    precision: 0,
    method: 'common',
  });
  const method = str(given.method);
  if (method !== 'common' && method !== 'ceil' && method !== 'floor')
    throw new PyError('FilterArgumentError', 'method must be common, ceil or floor');
  if (value instanceof PyUndefined && method !== 'common') return value.fail();
  const number = asNumber(value) ?? Number(decimalText(value) ?? Number.NaN);
  if (asNumber(value) === undefined && decimalText(value) === undefined) throw typeError(roundMessage(value, method));
  const digits = asIndex(given.precision);
  if (method === 'common') {
    if (value instanceof PyFloat) return new PyFloat(roundHalfEven(value.value, digits));
    if (typeof number === 'bigint' || digits >= 0)
      return decimalText(value) === undefined ? number : new PyFloat(roundHalfEven(Number(number), digits));
    return roundHalfEven(number, digits);
  }
  const scale = 10 ** digits;
  const change = method === 'ceil' ? Math.ceil : Math.floor;
  return new PyFloat(change(Number(number) * scale) / scale);
};

const roundMessage = (value: Value, method: string): string =>
  method === 'common'
    ? `type ${typeName(value)} doesn't define __round__ method`
    : `can't multiply sequence by non-int of type 'float'`;

const abs: Filter = (_runtime, value) => {
  if (value instanceof PyFloat) return new PyFloat(Math.abs(value.value));
  const number = asNumber(value);
  if (number !== undefined) return number < 0 ? -number : number;
  const own = value instanceof PyObject ? (value as { abs?: () => Value }).abs : undefined;
  if (own) return own.call(value);
  if (value instanceof PyUndefined) throw typeError(`bad operand type for abs(): 'Undefined'`);
  throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
};

const filesizeformat: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_filesizeformat', ['value', 'binary'], [value, ...args], kwargs, { binary: false });
  const size = floatOf(value);
  if (size === undefined) throw valueError(`could not convert string to float: ${repr(value)}`);
  return fileSize(size, truth(given.binary));
};

export const NUMBER_FILTERS: readonly (readonly [string, Filter])[] = [
  ['int', int],
  ['float', float],
  ['round', round],
  ['abs', abs],
  ['filesizeformat', filesizeformat],
];
