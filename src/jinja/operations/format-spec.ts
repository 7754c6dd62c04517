import { typeError, valueError } from '../errors.ts';
import { asNumber } from '../values/compare.ts';
import { PyFloat } from '../values/float.ts';
import { PyObject, typeName, type Value } from '../values/object.ts';
import { floatRepr, str, stringLength } from '../values/text.ts';

interface FormatSpec {
  readonly fill: string;
  readonly align: string | undefined;
  readonly sign: string;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly type: string;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** Python's `format(value, spec)` for str, int, float, bool and None; other objects take the empty spec only. */
export function formatValue(value: Value, spec: string): string {
  if (spec === '') return str(value);
  if (value instanceof PyObject && !(value instanceof PyFloat)) {
    const own = (value as { format?: (spec: string) => string }).format;
    if (own) return own.call(value, spec);
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const parsed = parseSpec(spec, value);
  if (typeof value === 'string') return formatText(value, parsed);
  const number = asNumber(value);
  if (number === undefined) throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  if (typeof value === 'boolean' && parsed.type === '')
    return pad(str(value), { ...parsed, align: parsed.align ?? '>' });
  return formatNumber(number, value instanceof PyFloat, parsed);
}

function parseSpec(spec: string, value: Value): FormatSpec {
  const match = SPEC.exec(spec);
  if (!match) throw valueError(`Invalid format specifier '${spec}' for object of type '${typeName(value)}'`);
  const [, fill, align, sign, alternate, zero, width, grouping, precision, type] = match;
  return {
    fill: fill ?? (zero && !align ? '0' : ' '),
    align: align ?? (zero ? '=' : undefined),
    sign: sign ?? '-',
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? '',
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? '',
  };
}

function formatText(text: string, spec: FormatSpec): string {
  if (spec.type !== '' && spec.type !== 's')
    throw valueError(`Unknown format code '${spec.type}' for object of type 'str'`);
  const cut = spec.precision === undefined ? text : Array.from(text).slice(0, spec.precision).join('');
  return pad(cut, { ...spec, align: spec.align === '=' ? '<' : (spec.align ?? '<') });
}

function pad(text: string, spec: FormatSpec, prefix = ''): string {
  const missing = spec.width - stringLength(prefix + text);
  if (missing <= 0) return prefix + text;
  const fill = (count: number): string => spec.fill.repeat(count);
  switch (spec.align) {
    case '<':
      return prefix + text + fill(missing);
    case '^':
      return fill(missing >> 1) + prefix + text + fill(missing - (missing >> 1));
    case '=':
      return prefix + fill(missing) + text;
    default:
      return fill(missing) + prefix + text;
  }
}

const BASES: Readonly<Record<string, readonly [number, string]>> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function formatNumber(number: number | bigint, isFloat: boolean, spec: FormatSpec): string {
  const negative = number < 0 || Object.is(number, -0);
  const size = negative ? -number : number;
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign;
  const base = BASES[spec.type];
  if (base && isFloat) throw valueError(`Unknown format code '${spec.type}' for object of type 'float'`);
  if (spec.type === 'c') return pad(String.fromCodePoint(Number(number)), { ...spec, align: spec.align ?? '<' });
  if (base) {
    const digits = size.toString(base[0]);
    const body = group(spec.type === 'X' ? digits.toUpperCase() : digits, '_', spec.grouping === '' ? 0 : 4);
    return pad(body, spec, sign + (spec.alternate ? base[1] : ''));
  }
  const body = magnitude(size, isFloat, spec);
  return pad(group(body, spec.grouping || ',', spec.grouping === '' ? 0 : 3), spec, sign);
}

function magnitude(size: number | bigint, isFloat: boolean, spec: FormatSpec): string {
  const { type, precision } = spec;
  if (!isFloat && (type === '' || type === 'd' || type === 'n')) {
    if (precision !== undefined) throw valueError('Precision not allowed in integer format specifier');
    return String(size);
  }
  if (type === '' && precision === undefined) return floatRepr(Number(size));
  if (type === '') return general(Number(size), Math.max(precision ?? 6, 1), true);
  if (type === '%') return `${fixed(Number(size) * 100, precision ?? 6)}%`;
  return formatFloat(Number(size), type, precision ?? 6, spec.alternate);
}

/** A non-negative float by one of C's conversions e, f, g and their capitals. */
export function formatFloat(size: number, type: string, precision: number, alternate = false): string {
  let text: string;
  if (!Number.isFinite(size)) text = Number.isNaN(size) ? 'nan' : 'inf';
  else if (type === 'f' || type === 'F') text = fixed(size, precision);
  else if (type === 'e' || type === 'E') text = twoDigitExponent(size.toExponential(Math.min(precision, 100)));
  else if (type === 'g' || type === 'G' || type === 'n') text = general(size, Math.max(precision, 1), false, alternate);
  else throw valueError(`Unknown format code '${type}' for object of type 'float'`);
  return type === type.toUpperCase() ? text.toUpperCase() : text;
}

/** `toFixed` for any size; it rounds the exact binary value half to even, which for a float means exactly. */
function fixed(size: number, precision: number): string {
  if (size < 1e21 && precision <= 100) return size.toFixed(precision);
  if (!Number.isFinite(size)) return Number.isNaN(size) ? 'nan' : 'inf';
  const whole = BigInt(size).toString();
  return precision === 0 ? whole : `${whole}.${'0'.repeat(precision)}`;
}

const twoDigitExponent = (text: string): string =>
  text.replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);

function general(size: number, precision: number, keepPoint: boolean, alternate = false): string {
  if (size === 0) return keepPoint ? '0.0' : '0';
  if (!Number.isFinite(size)) return Number.isNaN(size) ? 'nan' : 'inf';
  const exponential = size.toExponential(Math.min(precision - 1, 100));
  const power = Number(exponential.slice(exponential.indexOf('e') + 1));
  const strip = (text: string): string => (alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, ''));
  if (power < -4 || power >= (keepPoint ? Math.min(precision, 16) : precision)) {
    const [mantissa, exponent] = exponential.split('e') as [string, string];
    return twoDigitExponent(`${strip(mantissa)}e${exponent}`);
  }
  const text = strip(size.toFixed(Math.min(Math.max(precision - 1 - power, 0), 100)));
  return keepPoint && !text.includes('.') ? `${text}.0` : text;
}

function group(body: string, separator: string, every: number): string {
  if (every === 0) return body;
  const [, digits = '', rest = ''] = /^([0-9a-fA-F]+)(.*)$/s.exec(body) ?? [];
  let grouped = '';
  for (let end = digits.length; end > 0; end -= every)
    grouped = digits.slice(Math.max(0, end - every), end) + (grouped === '' ? '' : separator + grouped);
  return grouped + rest;
}
