import { PyObject, type Value } from './object.ts';

const mark = '\u0000float ';
const marked = /"\\u0000float ([^"]*)"/g;
let isMarking = false;

/** JSON with floats as Python writes them: `5.0` where `JSON.stringify` writes `5`. */
export function jsonText(value: unknown, replacer?: (key: string, value: unknown) => unknown): string {
  isMarking = true;
  try {
    const text = JSON.stringify(value, replacer);
    return text.includes('"\\u0000float ') ? text.replace(marked, '$1') : text;
  } finally {
    isMarking = false;
  }
}

/** A Python float: kept apart from int, so that `1.0` prints as `1.0`. */
export class PyFloat extends PyObject {
  readonly typeName = 'float';
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }
  override attr(name: string): Value | undefined {
    if (name === 'real') return this;
    return name === 'imag' ? new PyFloat(0) : undefined;
  }
  /** For JSON.stringify, which knows no way to write `5.0`. */
  toJSON(): number | string {
    return isMarking && Number.isFinite(this.value) ? `${mark}${this.repr()}` : this.value;
  }
  override truth(): boolean {
    return this.value !== 0;
  }
  override repr(): string {
    return floatRepr(this.value);
  }
  override equals(other: Value): boolean {
    if (other instanceof PyFloat) return other.value === this.value;
    if (typeof other === 'boolean' || typeof other === 'number') return Number(other) === this.value;
    return typeof other === 'bigint' && Number.isInteger(this.value) && BigInt(this.value) === other;
  }
  override hashKey(): unknown {
    if (!Number.isInteger(this.value)) return this.value;
    return Number.isSafeInteger(this.value) ? this.value + 0 : BigInt(this.value);
  }
}

/** The shortest text that reads back as the same float, as Python writes it. */
export function floatRepr(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= 16)
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const text = power < 0 ? value.toFixed(Math.max(fractionDigits(mantissa) - power, 1)) : String(value);
  return text.includes('.') ? text : `${text}.0`;
}

const fractionDigits = (mantissa: string): number => mantissa.replace('-', '').replace('.', '').length - 1;
