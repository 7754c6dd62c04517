import { PyError } from '../errors.ts';
import { readArguments } from '../operations/arguments.ts';
import { asNumber } from '../values/compare.ts';
import { PyFloat } from '../values/float.ts';
import {
  type Args,
  type BinaryOperator,
  type Kwargs,
  PyClass,
  PyFunction,
  PyObject,
  type Value,
} from '../values/object.ts';
import { floorDiv, floorMod, MICROS_PER_DAY, MICROS_PER_SECOND, pad, timeFields } from './calendar.ts';

/** A duration in microseconds. */
export class PyTimedelta extends PyObject {
  readonly typeName = 'datetime.timedelta';
  readonly micros: bigint;

  constructor(micros: bigint) {
    super();
    if (floorDiv(micros, MICROS_PER_DAY) > 999_999_999n || floorDiv(micros, MICROS_PER_DAY) < -999_999_999n)
      throw new PyError('OverflowError', `days=${floorDiv(micros, MICROS_PER_DAY)}; must have magnitude <= 999999999`);
    this.micros = micros;
  }
  get days(): number {
    return Number(floorDiv(this.micros, MICROS_PER_DAY));
  }
  get seconds(): number {
    return Number(floorMod(this.micros, MICROS_PER_DAY) / MICROS_PER_SECOND);
  }
  get microseconds(): number {
    return Number(floorMod(this.micros, MICROS_PER_SECOND));
  }
  override attr(name: string): Value | undefined {
    if (name === 'days' || name === 'seconds' || name === 'microseconds') return this[name];
    if (name !== 'total_seconds') return undefined;
    return new PyFunction(name, () => new PyFloat(Number(this.micros) / 1e6));
  }
  override truth(): boolean {
    return this.micros !== 0n;
  }
  override str(): string {
    const { days } = this;
    const time = timeFields(floorMod(this.micros, MICROS_PER_DAY));
    const prefix = days === 0 ? '' : `${days} day${Math.abs(days) === 1 ? '' : 's'}, `;
    const fraction = time.microsecond === 0 ? '' : `.${pad(time.microsecond, 6)}`;
    return `${prefix}${time.hour}:${pad(time.minute)}:${pad(time.second)}${fraction}`;
  }
  override repr(): string {
    const parts = (['days', 'seconds', 'microseconds'] as const).filter((part) => this[part] !== 0);
    return `datetime.timedelta(${parts.length === 0 ? '0' : parts.map((part) => `${part}=${this[part]}`).join(', ')})`;
  }
  override equals(other: Value): boolean {
    return other instanceof PyTimedelta && other.micros === this.micros;
  }
  override hashKey(): unknown {
    return `\u0000timedelta${this.micros}`;
  }
  override compare(other: Value): number | undefined {
    return other instanceof PyTimedelta ? Number(this.micros - other.micros) : undefined;
  }
  override binary(operator: BinaryOperator, other: Value, reflected: boolean): Value | undefined {
    if (other instanceof PyTimedelta) return this.#withDelta(operator, other);
    const factor = asNumber(other);
    if (factor === undefined) return undefined;
    if (operator === '*') return scaled(this.micros, Number(factor));
    // Unary minus and plus arrive as zero on the left.
    if (reflected)
      return factor === 0 && operator === '-'
        ? new PyTimedelta(-this.micros)
        : factor === 0 && operator === '+'
          ? this
          : undefined;
    if (operator === '/') return scaled(this.micros, 1 / nonZero(Number(factor)));
    return operator === '//' && !(other instanceof PyFloat)
      ? new PyTimedelta(floorDiv(this.micros, BigInt(nonZero(Number(factor)))))
      : undefined;
  }
  #withDelta(operator: BinaryOperator, { micros }: PyTimedelta): Value | undefined {
    switch (operator) {
      case '+':
        return new PyTimedelta(this.micros + micros);
      case '-':
        return new PyTimedelta(this.micros - micros);
      case '/':
        return new PyFloat(Number(this.micros) / nonZero(Number(micros)));
      case '//':
        return Number(floorDiv(this.micros, BigInt(nonZero(Number(micros)))));
      case '%':
        return new PyTimedelta(floorMod(this.micros, BigInt(nonZero(Number(micros)))));
    }
    return undefined;
  }
  abs(): Value {
    return new PyTimedelta(this.micros < 0n ? -this.micros : this.micros);
  }
}

const scaled = (micros: bigint, factor: number): PyTimedelta =>
  new PyTimedelta(Number.isInteger(factor) ? micros * BigInt(factor) : BigInt(Math.round(Number(micros) * factor)));

function nonZero(value: number): number {
  if (value === 0) throw new PyError('ZeroDivisionError', 'integer division or modulo by zero');
  return value;
}

const UNITS: Readonly<Record<string, number>> = {
  days: 86_400_000_000,
  seconds: 1_000_000,
  microseconds: 1,
  milliseconds: 1_000,
  minutes: 60_000_000,
  hours: 3_600_000_000,
  weeks: 604_800_000_000,
};

function makeTimedelta(args: Args, kwargs: Kwargs): Value {
  const names = Object.keys(UNITS);
  const given = readArguments('__new__', names, args, kwargs, Object.fromEntries(names.map((name) => [name, 0])));
  let micros = 0n;
  for (const name of names) {
    const amount = asNumber(given[name] as Value);
    if (amount === undefined) throw new PyError('TypeError', `unsupported type for timedelta ${name} component`);
    const unit = UNITS[name] as number;
    micros += Number.isInteger(amount) ? BigInt(amount) * BigInt(unit) : BigInt(Math.round(Number(amount) * unit));
  }
  return new PyTimedelta(micros);
}

export const TIMEDELTA = new PyClass('datetime.timedelta', makeTimedelta, [
  ['min', new PyTimedelta(-999_999_999n * MICROS_PER_DAY)],
  ['max', new PyTimedelta(1_000_000_000n * MICROS_PER_DAY - 1n)],
  ['resolution', new PyTimedelta(1n)],
]);
