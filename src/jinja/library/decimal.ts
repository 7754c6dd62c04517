import { PyError } from '../errors.ts';
import { type BinaryOperator, PyObject, type Value } from '../values/object.ts';
import { floorDiv } from './calendar.ts';

const PRECISION = 28;

/** Python's `decimal.Decimal`: digits times a power of ten; 28 significant digits in results. */
export class PyDecimal extends PyObject {
  readonly typeName = 'decimal.Decimal';
  readonly digits: bigint;
  readonly exponent: number;

  constructor(digits: bigint, exponent: number) {
    super();
    this.digits = digits;
    this.exponent = exponent;
  }
  /** From plain or scientific notation. */
  static from(text: string): PyDecimal {
    const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(text);
    if (!match || `${match[2]}${match[3] ?? ''}` === '') throw new PyError('InvalidOperation', `${text} is no number`);
    const [, sign, whole = '', fraction = '', power = '0'] = match;
    const digits = BigInt(whole + fraction);
    return new PyDecimal(sign === '-' ? -digits : digits, Number(power) - fraction.length);
  }
  toJSON(): number {
    return Number(this.str());
  }
  override truth(): boolean {
    return this.digits !== 0n;
  }
  override str(): string {
    const text = (this.digits < 0n ? -this.digits : this.digits).toString();
    const sign = this.digits < 0n ? '-' : '';
    const adjusted = text.length - 1 + this.exponent;
    if (this.exponent > 0 || adjusted < -6) {
      const mantissa = text.length > 1 ? `${text[0]}.${text.slice(1)}` : text;
      return `${sign}${mantissa}E${adjusted < 0 ? '-' : '+'}${Math.abs(adjusted)}`;
    }
    if (this.exponent === 0) return sign + text;
    const padded = text.padStart(1 - this.exponent, '0');
    return `${sign}${padded.slice(0, this.exponent)}.${padded.slice(this.exponent)}`;
  }
  override repr(): string {
    return `Decimal('${this.str()}')`;
  }
  override equals(other: Value): boolean {
    return this.compare(other) === 0;
  }
  override hashKey(): unknown {
    const { digits, exponent } = this.#normalised();
    if (exponent < 0) return Number(this.str());
    const whole = digits * 10n ** BigInt(exponent);
    return whole <= BigInt(Number.MAX_SAFE_INTEGER) && whole >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(whole) : whole;
  }
  #normalised(): PyDecimal {
    let { digits, exponent } = this;
    while (digits !== 0n && digits % 10n === 0n) {
      digits /= 10n;
      exponent++;
    }
    return new PyDecimal(digits, digits === 0n ? 0 : exponent);
  }
  override compare(other: Value): number | undefined {
    if (typeof other === 'object' && other instanceof PyObject && other.typeName === 'float')
      return Number(this.str()) - Number(other.repr());
    const right = decimalOf(other);
    if (!right) return undefined;
    const [a, b] = aligned(this, right);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  override binary(operator: BinaryOperator, other: Value, reflected: boolean): Value | undefined {
    const operand = decimalOf(other);
    if (!operand) return undefined;
    return reflected ? calculate(operator, operand, this) : calculate(operator, this, operand);
  }
  override attr(name: string): Value | undefined {
    return name === 'real' ? this : undefined;
  }
  abs(): Value {
    return new PyDecimal(this.digits < 0n ? -this.digits : this.digits, this.exponent);
  }
}

function decimalOf(value: Value): PyDecimal | undefined {
  if (value instanceof PyDecimal) return value;
  if (typeof value === 'boolean') return new PyDecimal(value ? 1n : 0n, 0);
  return typeof value === 'number' || typeof value === 'bigint' ? new PyDecimal(BigInt(value), 0) : undefined;
}

function aligned(a: PyDecimal, b: PyDecimal): readonly [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const scale = ({ digits, exponent: own }: PyDecimal): bigint => digits * 10n ** BigInt(own - exponent);
  return [scale(a), scale(b), exponent];
}

function calculate(operator: BinaryOperator, a: PyDecimal, b: PyDecimal): Value | undefined {
  if (operator === '*') return rounded(a.digits * b.digits, a.exponent + b.exponent);
  const [x, y, exponent] = aligned(a, b);
  if (operator === '+') return rounded(x + y, exponent);
  if (operator === '-') return rounded(x - y, exponent);
  if (operator === '**')
    return b.exponent === 0 && b.digits >= 0n && b.digits < 1000n
      ? rounded(a.digits ** b.digits, a.exponent * Number(b.digits))
      : undefined;
  if (y === 0n) throw new PyError('DivisionByZero', 'division by zero');
  const quotient = x < 0n === y < 0n ? floorDiv(abs(x), abs(y)) : -floorDiv(abs(x), abs(y));
  if (operator === '//') return new PyDecimal(quotient, 0);
  if (operator === '%') return rounded(x - quotient * y, exponent);
  return divide(x, y, Math.min(0, a.exponent - b.exponent));
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** Digits cut to the precision, half to even. */
function rounded(digits: bigint, exponent: number): PyDecimal {
  const excess = abs(digits).toString().length - PRECISION;
  if (excess <= 0) return new PyDecimal(digits, exponent);
  const unit = 10n ** BigInt(excess);
  const rest = abs(digits) % unit;
  let whole = abs(digits) / unit;
  if (rest * 2n > unit || (rest * 2n === unit && whole % 2n === 1n)) whole += 1n;
  return new PyDecimal(digits < 0n ? -whole : whole, exponent + excess);
}

function divide(x: bigint, y: bigint, ideal: number): PyDecimal {
  const shift = PRECISION + abs(y).toString().length - abs(x).toString().length + 1;
  const power = Math.max(0, shift);
  const scaled = abs(x) * 10n ** BigInt(power);
  let digits = scaled / abs(y);
  if (scaled % abs(y) !== 0n && digits % 5n === 0n) digits += 1n;
  let result = rounded(x < 0n === y < 0n ? digits : -digits, -power);
  while (result.exponent < ideal && result.digits % 10n === 0n)
    result = new PyDecimal(result.digits / 10n, result.exponent + 1);
  return result;
}
