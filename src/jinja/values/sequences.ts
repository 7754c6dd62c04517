import { typeError } from '../errors.ts';
import { PyObject, typeName, type Value } from './object.ts';

/** Python's `range`. */
export class PyRange extends PyObject {
  readonly typeName = 'range';
  readonly start: number;
  readonly stop: number;
  readonly step: number;

  constructor(start: number, stop: number, step: number) {
    super();
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  at(index: number): number {
    return this.start + index * this.step;
  }
  override *iterate(): Generator<Value> {
    for (let i = 0, n = this.length(); i < n; i++) yield this.at(i);
  }
  override length(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }
  override contains(value: Value): boolean {
    if (typeof value !== 'number') return false;
    const index = (value - this.start) / this.step;
    return Number.isInteger(index) && index >= 0 && index < this.length();
  }
  override repr(): string {
    return this.step === 1 ? `range(${this.start}, ${this.stop})` : `range(${this.start}, ${this.stop}, ${this.step})`;
  }
  override equals(other: Value): boolean {
    if (!(other instanceof PyRange) || other.length() !== this.length()) return false;
    return this.length() === 0 || (other.start === this.start && (this.length() === 1 || other.step === this.step));
  }
}

/** A one-time iterator, as generators and `map`, `zip` are: what was taken is gone. */
export class PyIterator extends PyObject {
  readonly typeName: string;
  readonly #source: Iterator<Value>;

  constructor(typeName: string, items: Iterable<Value>) {
    super();
    this.typeName = typeName;
    this.#source = items[Symbol.iterator]();
  }
  override iterate(): Iterable<Value> {
    return { [Symbol.iterator]: () => ({ next: () => this.#source.next() }) };
  }
}

/** Text that is already HTML-escaped. */
export class Markup extends PyObject {
  readonly typeName = 'Markup';
  readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }
  override iterate(): Iterable<Value> {
    return this.text;
  }
  override length(): number {
    return this.text.length;
  }
  override str(): string {
    return this.text;
  }
  override repr(): string {
    return `Markup('${this.text}')`;
  }
  override equals(other: Value): boolean {
    return other === this.text || (other instanceof Markup && other.text === this.text);
  }
  override hashKey(): unknown {
    return this.text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] as string);

/** What `for` walks; TypeError for what is not iterable. */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return value;
  const items = value instanceof PyObject ? value.iterate() : undefined;
  if (items === undefined) throw typeError(`'${typeName(value)}' object is not iterable`);
  return items;
}
