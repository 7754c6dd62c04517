import { PyError, typeError } from '../errors.ts';
import { asNumber } from '../values/compare.ts';
import { PyFloat } from '../values/float.ts';
import { type BinaryOperator, PyObject, PyUndefined, typeName, type Value } from '../values/object.ts';
import { Markup } from '../values/sequences.ts';
import { str } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { floatPower } from './float-power.ts';
import { checkLength, maxItems } from './limits.ts';
import { formatPercent } from './percent.ts';

const MOST_DIGITS_BITS = 4_000_000n;

/** An int of any size in its canonical form: a number while it is safe, else a bigint. */
export function normaliseInt(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Python's `a <operator> b`. */
export function binary(operator: BinaryOperator, a: Value, b: Value): Value {
  if (typeof a === 'string' && typeof b === 'string' && operator === '+') return a + b;
  const left = asNumber(a);
  const right = left === undefined ? undefined : asNumber(b);
  if (left !== undefined && right !== undefined) {
    const isFloat = a instanceof PyFloat || b instanceof PyFloat;
    return isFloat ? floats(operator, Number(left), Number(right)) : integers(operator, left, right);
  }
  if (a instanceof PyObject) {
    const result = a.binary(operator, b, false);
    if (result !== undefined) return result;
  }
  if (b instanceof PyObject && !(operator === '%' && typeof a === 'string')) {
    const result = b.binary(operator, a, true);
    if (result !== undefined) return result;
  }
  return sequences(operator, a, b);
}

function integers(operator: BinaryOperator, a: number | bigint, b: number | bigint): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const quick = quickIntegers(operator, a, b);
    if (quick !== undefined) return quick;
  }
  const x = BigInt(a);
  const y = BigInt(b);
  switch (operator) {
    case '+':
      return normaliseInt(x + y);
    case '-':
      return normaliseInt(x - y);
    case '*':
      return normaliseInt(x * y);
    case '/':
      return divide(a, b, 'division by zero');
    case '//':
      return normaliseInt(floorDivide(x, y, 'integer division or modulo by zero'));
    case '%':
      return normaliseInt(x - floorDivide(x, y, 'integer modulo by zero') * y);
    case '**':
      return power(x, y);
  }
}

function quickIntegers(operator: BinaryOperator, a: number, b: number): number | undefined {
  let result: number;
  if (operator === '+') result = a + b;
  else if (operator === '-') result = a - b;
  else if (operator === '*') result = a * b;
  else if (operator === '//' && b !== 0) result = Math.floor(a / b);
  else if (operator === '%' && b !== 0) result = a - Math.floor(a / b) * b;
  else return undefined;
  // Beyond 2^53 the quotient of two numbers may be rounded; then the bigint way decides.
  const exact = operator !== '//' && operator !== '%' ? true : Math.abs(a) < 2 ** 52;
  return exact && Number.isSafeInteger(result) ? result + 0 : undefined;
}

function divide(a: number | bigint, b: number | bigint, message: string): PyFloat {
  if (Number(b) === 0) throw new PyError('ZeroDivisionError', message);
  return new PyFloat(Number(a) / Number(b));
}

function floorDivide(a: bigint, b: bigint, message: string): bigint {
  if (b === 0n) throw new PyError('ZeroDivisionError', message);
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function powerOfFloats(base: number, exponent: number): Value {
  if (base === 0 && exponent < 0) throw new PyError('ZeroDivisionError', '0.0 cannot be raised to a negative power');
  const result = floatPower(base, exponent);
  if (Math.abs(result) === Number.POSITIVE_INFINITY && Number.isFinite(base) && Number.isFinite(exponent))
    throw new PyError('OverflowError', "(34, 'Numerical result out of range')");
  return new PyFloat(result);
}

function power(base: bigint, exponent: bigint): Value {
  if (exponent < 0n) {
    if (base === 0n) throw new PyError('ZeroDivisionError', '0.0 cannot be raised to a negative power');
    return powerOfFloats(Number(base), Number(exponent));
  }
  const bits = BigInt(base.toString(2).length);
  if (bits > 1n && bits * exponent > MOST_DIGITS_BITS) throw new PyError('OverflowError', 'int too large');
  return normaliseInt(base ** exponent);
}

function floats(operator: BinaryOperator, a: number, b: number): Value {
  switch (operator) {
    case '+':
      return new PyFloat(a + b);
    case '-':
      return new PyFloat(a - b);
    case '*':
      return new PyFloat(a * b);
    case '/':
      return divide(a, b, 'float division by zero');
    case '//':
      return new PyFloat(Math.floor(divide(a, b, 'float floor division by zero').value));
    case '%': {
      if (b === 0) throw new PyError('ZeroDivisionError', 'float modulo');
      const rest = a % b;
      return new PyFloat(rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest);
    }
    case '**':
      return powerOfFloats(a, b);
  }
}

function sequences(operator: BinaryOperator, a: Value, b: Value): Value {
  if (operator === '+') return concatenate(a, b);
  if (operator === '*') {
    if (isSequence(a)) return repeat(a, b);
    if (isSequence(b)) return repeat(b, a);
  }
  if (operator === '%' && typeof a === 'string') return formatPercent(a, b);
  if (operator === '%' && a instanceof Markup) return new Markup(formatPercent(a.text, b));
  throw unsupported(operator, a, b);
}

function unsupported(operator: BinaryOperator, a: Value, b: Value): PyError {
  const name = operator === '**' ? '** or pow()' : operator;
  return typeError(`unsupported operand type(s) for ${name}: '${typeName(a)}' and '${typeName(b)}'`);
}

const isSequence = (value: Value): value is string | Value[] | PyTuple =>
  typeof value === 'string' || Array.isArray(value) || value instanceof PyTuple;

const isText = (value: Value): boolean => typeof value === 'string' || value instanceof Markup;

function concatenate(a: Value, b: Value): Value {
  if (Array.isArray(a) && Array.isArray(b)) return joined(a, b);
  if (a instanceof PyTuple && b instanceof PyTuple) return new PyTuple(joined(a.items, b.items));
  if (isText(a) && isText(b)) return new Markup(str(a) + str(b));
  if (isSequence(a)) throw typeError(`can only concatenate ${typeName(a)} (not "${typeName(b)}") to ${typeName(a)}`);
  throw unsupported('+', a, b);
}

function joined(a: readonly Value[], b: readonly Value[]): Value[] {
  checkLength(a.length + b.length);
  return a.concat(b);
}

function repeat(sequence: string | Value[] | PyTuple, times: Value): Value {
  const number = times instanceof PyFloat ? undefined : asNumber(times);
  if (number === undefined) throw typeError(`can't multiply sequence by non-int of type '${typeName(times)}'`);
  const count = Math.max(0, Number(number));
  const length =
    typeof sequence === 'string' ? sequence.length : Array.isArray(sequence) ? sequence.length : sequence.items.length;
  checkLength(length * count, typeof sequence === 'string' ? 2 ** 28 : maxItems);
  if (typeof sequence === 'string') return sequence.repeat(count);
  const items = Array.isArray(sequence) ? sequence : sequence.items;
  const repeated = Array.from({ length: count }, () => items).flat(1) as Value[];
  return Array.isArray(sequence) ? repeated : new PyTuple(repeated);
}

/** Python's unary `-a` and `+a`. */
export function unary(operator: '-' | '+', a: Value): Value {
  if (a instanceof PyUndefined) return a.fail();
  const number = asNumber(a);
  if (number === undefined) {
    const result = a instanceof PyObject ? a.binary(operator, 0, true) : undefined;
    if (result !== undefined) return result;
    throw typeError(`bad operand type for unary ${operator}: '${typeName(a)}'`);
  }
  if (operator === '+') return a instanceof PyFloat ? a : number;
  if (a instanceof PyFloat) return new PyFloat(-a.value);
  return typeof number === 'bigint' ? normaliseInt(-number) : 0 - number;
}
