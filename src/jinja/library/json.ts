import { PyError, typeError } from '../errors.ts';
import { sortValues } from '../values/compare.ts';
import { PyDict } from '../values/dict.ts';
import { PyFloat } from '../values/float.ts';
import { PyUndefined, typeName, type Value } from '../values/object.ts';
import { Markup } from '../values/sequences.ts';
import { checkDigits, floatRepr } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';

interface JsonOptions {
  readonly sortKeys?: boolean | undefined;
  readonly indent?: number | undefined;
}

/** Python's `json.dumps`: ASCII only, a space after separators. */
export function toJson(value: Value, options: JsonOptions = {}): string {
  return write(value, options, '');
}

function write(value: Value, options: JsonOptions, margin: string): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof PyFloat) return jsonFloat(value.value);
  if (value instanceof Markup) return jsonString(value.text);
  const inner = margin + ' '.repeat(options.indent ?? 0);
  if (Array.isArray(value) || value instanceof PyTuple) {
    const items = Array.isArray(value) ? value : value.items;
    return enclosed(
      '[]',
      items.map((item) => write(item, options, inner)),
      { options, margin, inner },
    );
  }
  if (value instanceof PyDict) {
    const entries = options.sortKeys ? sortValues([...value.entries()], ([key]) => key) : [...value.entries()];
    const members = entries.map(([key, item]) => `${jsonKey(key)}: ${write(item, options, inner)}`);
    return enclosed('{}', members, { options, margin, inner });
  }
  if (value instanceof PyUndefined) throw typeError('Object of type Undefined is not JSON serializable');
  throw typeError(`Object of type ${typeName(value).split('.').at(-1)} is not JSON serializable`);
}

function enclosed(
  brackets: string,
  members: readonly string[],
  place: { readonly options: JsonOptions; readonly margin: string; readonly inner: string },
): string {
  const [open, close] = brackets;
  if (members.length === 0) return brackets;
  if (place.options.indent === undefined) return `${open}${members.join(', ')}${close}`;
  return `${open}\n${place.inner}${members.join(`,\n${place.inner}`)}\n${place.margin}${close}`;
}

function jsonKey(key: Value): string {
  if (typeof key === 'string') return jsonString(key);
  if (key === null) return '"null"';
  if (typeof key === 'boolean' || typeof key === 'number' || typeof key === 'bigint') return `"${key}"`;
  if (key instanceof PyFloat) return `"${jsonFloat(key.value)}"`;
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

const jsonFloat = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? floatRepr(value) : value > 0 ? 'Infinity' : '-Infinity';
};

const jsonString = (text: string): string =>
  JSON.stringify(text).replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Python's `json.loads`; throws PyError ValueError. */
export function fromJson(text: string): Value {
  const reader = new JsonReader(text);
  const value = reader.value();
  reader.end();
  return value;
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const CONTROL = '\\u0000-\\u001f';
const STRING = new RegExp(`"(?:[^"\\\\${CONTROL}]|\\\\(?:["\\\\/bfnrt]|u[\\da-fA-F]{4}))*"`, 'y');
const SPACE = /[ \t\n\r]*/y;
const WORDS: readonly (readonly [string, Value])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', new PyFloat(Number.NaN)],
  ['Infinity', new PyFloat(Number.POSITIVE_INFINITY)],
  ['-Infinity', new PyFloat(Number.NEGATIVE_INFINITY)],
];

/** JSON by hand: JSON.parse forgets whether a number was written as an int or a float. */
class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }
  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at += match[0].length;
    return match;
  }
  #skip(text: string): boolean {
    this.#match(SPACE);
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
  #fail(wanted: string): never {
    throw new PyError('JSONDecodeError', `${wanted}: char ${this.#at}`);
  }
  value(): Value {
    this.#match(SPACE);
    if (this.#skip('{')) return this.#object();
    if (this.#skip('[')) return this.#array();
    const string = this.#match(STRING);
    if (string) return JSON.parse(string[0]) as string;
    for (const [word, value] of WORDS) if (this.#skip(word)) return value;
    const number = this.#match(NUMBER);
    if (!number) return this.#fail('Expecting value');
    if (number[1] !== undefined || number[2] !== undefined) return new PyFloat(Number(number[0]));
    checkDigits(number[0]);
    const whole = Number(number[0]);
    return Number.isSafeInteger(whole) ? whole + 0 : BigInt(number[0]);
  }
  #object(): Value {
    const dict = new PyDict();
    if (this.#skip('}')) return dict;
    do {
      this.#match(SPACE);
      const key = this.#match(STRING);
      if (!key) this.#fail('Expecting property name enclosed in double quotes');
      if (!this.#skip(':')) this.#fail("Expecting ':' delimiter");
      dict.set(JSON.parse((key as RegExpExecArray)[0]) as string, this.value());
    } while (this.#skip(','));
    if (!this.#skip('}')) this.#fail("Expecting ',' delimiter");
    return dict;
  }
  #array(): Value {
    const items: Value[] = [];
    if (this.#skip(']')) return items;
    do items.push(this.value());
    while (this.#skip(','));
    if (!this.#skip(']')) this.#fail("Expecting ',' delimiter");
    return items;
  }
  end(): void {
    this.#match(SPACE);
    if (this.#at < this.#text.length) this.#fail('Extra data');
  }
}
