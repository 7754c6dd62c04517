import { PyError, typeError, valueError } from '../errors.ts';
import { equals, hashKey } from './keys.ts';
import { PyObject, type Value } from './object.ts';
import { joinReprs, repr } from './text.ts';
import { PyTuple } from './tuple.ts';

interface Entry {
  readonly key: Value;
  value: Value;
}

/** A dict: insertion order, any hashable key, `1 == 1.0 == True` as keys. */
export class PyDict extends PyObject {
  readonly typeName: string = 'dict';
  #entries = new Map<unknown, Entry>();
  #load: (() => Iterable<readonly [Value, Value]>) | undefined;

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }

  /** A dict whose entries are made when it is first looked at. */
  static lazy(load: () => Iterable<readonly [Value, Value]>): PyDict {
    const dict = new PyDict();
    dict.#load = load;
    return dict;
  }

  get #loaded(): Map<unknown, Entry> {
    if (this.#load) {
      const load = this.#load;
      this.#load = undefined;
      for (const [key, value] of load()) this.#entries.set(hashKey(key), { key, value });
    }
    return this.#entries;
  }

  get size(): number {
    return this.#loaded.size;
  }
  get(key: Value): Value | undefined {
    return this.#loaded.get(typeof key === 'string' ? key : hashKey(key))?.value;
  }
  has(key: Value): boolean {
    return this.#loaded.has(typeof key === 'string' ? key : hashKey(key));
  }
  set(key: Value, value: Value): this {
    const hash = typeof key === 'string' ? key : hashKey(key);
    const known = this.#loaded.get(hash);
    if (known) known.value = value;
    else this.#entries.set(hash, { key, value });
    return this;
  }
  delete(key: Value): boolean {
    return this.#loaded.delete(hashKey(key));
  }
  clear(): void {
    this.#load = undefined;
    this.#entries.clear();
  }
  *keys(): Generator<Value> {
    for (const entry of this.#loaded.values()) yield entry.key;
  }
  *values(): Generator<Value> {
    for (const entry of this.#loaded.values()) yield entry.value;
  }
  *entries(): Generator<readonly [Value, Value]> {
    for (const entry of this.#loaded.values()) yield [entry.key, entry.value];
  }
  last(): readonly [Value, Value] | undefined {
    return [...this.entries()].at(-1);
  }

  override item(key: Value): Value | undefined {
    return this.get(key);
  }
  override iterate(): Iterable<Value> {
    return this.keys();
  }
  override length(): number {
    return this.size;
  }
  override contains(value: Value): boolean {
    return this.has(value);
  }
  override repr(): string {
    return `{${Array.from(this.entries(), ([key, value]) => `${repr(key)}: ${repr(value)}`).join(', ')}}`;
  }
  override equals(other: Value): boolean {
    if (this === other) return true;
    if (!(other instanceof PyDict) || other.size !== this.size) return false;
    for (const [key, value] of this.entries()) {
      const theirs = other.get(key);
      if (theirs === undefined || !equals(value, theirs)) return false;
    }
    return true;
  }
  override hashKey(): unknown {
    throw typeError(`unhashable type: '${this.typeName}'`);
  }
}

/** `dict_keys`, `dict_values` or `dict_items`: a live view. */
export class PyView extends PyObject {
  readonly typeName: string;
  readonly dict: PyDict;

  constructor(typeName: 'dict_keys' | 'dict_values' | 'dict_items', dict: PyDict) {
    super();
    this.typeName = typeName;
    this.dict = dict;
  }
  override iterate(): Iterable<Value> {
    if (this.typeName === 'dict_keys') return this.dict.keys();
    return this.typeName === 'dict_values' ? this.dict.values() : itemsOf(this.dict);
  }
  override length(): number {
    return this.dict.size;
  }
  override contains(value: Value): boolean | undefined {
    return this.typeName === 'dict_keys' ? this.dict.has(value) : undefined;
  }
  override repr(): string {
    return `${this.typeName}([${joinReprs(this.iterate())}])`;
  }
  override equals(other: Value): boolean {
    if (this === other) return true;
    if (this.typeName !== 'dict_keys' || !(other instanceof PyView) || other.length() !== this.length()) return false;
    return Array.from(this.iterate()).every((key) => other.dict.has(key));
  }
}

export function* itemsOf(dict: PyDict): Generator<Value> {
  for (const entry of dict.entries()) yield new PyTuple(entry);
}

/** The pairs `dict(x)` and `d.update(x)` take: a mapping, or an iterable of two-element iterables. */
export function* pairsOf(
  source: Value,
  iterate: (value: Value) => Iterable<Value>,
): Generator<readonly [Value, Value]> {
  if (source instanceof PyDict) return yield* [...source.entries()];
  let i = 0;
  for (const element of iterate(source)) {
    if (typeof element !== 'string' && !Array.isArray(element) && !(element instanceof PyObject))
      throw typeError(`cannot convert dictionary update sequence element #${i} to a sequence`);
    const pair = [...iterate(element)];
    if (pair.length !== 2)
      throw valueError(`dictionary update sequence element #${i} has length ${pair.length}; 2 is required`);
    yield pair as unknown as readonly [Value, Value];
    i++;
  }
}

export const keyError = (key: Value): PyError => new PyError('KeyError', repr(key));
