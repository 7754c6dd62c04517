import { PyError, typeError } from '../errors.ts';
import { asIndex, checkCount } from '../operations/arguments.ts';
import { formatString } from '../operations/string-format.ts';
import { keyError, PyDict } from '../values/dict.ts';
import { PyFloat } from '../values/float.ts';
import { type Args, type Kwargs, PyObject, typeName, type Value } from '../values/object.ts';
import { Markup, PyRange } from '../values/sequences.ts';
import { PySet } from '../values/set.ts';
import { hasSurrogates, str } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { DICT_METHODS, LIST_METHODS, SET_METHODS, TUPLE_METHODS } from './containers.ts';
import type { Method } from './method.ts';
import { FLOAT_METHODS, INT_METHODS, intAttribute } from './number.ts';
import { STRING_METHODS } from './string.ts';

/** A method of a built-in value, held apart from its receiver's type. */
class BoundMethod<Self extends Value> extends PyObject {
  readonly typeName = 'builtin_function_or_method';
  readonly self: Self;
  readonly name: string;
  readonly method: Method<Self>;

  constructor(self: Self, name: string, method: Method<Self>) {
    super();
    this.self = self;
    this.name = name;
    this.method = method;
  }
  override call(args: Args, kwargs: Kwargs): Value {
    return this.method(this.self, args, kwargs);
  }
  override repr(): string {
    return `<built-in method ${this.name} of ${typeName(this.self)} object>`;
  }
}

const format: Method<string> = (self, args, kwargs) => formatString(self, { args, kwargs, lookUp });
const formatMap: Method<string> = (self, args, kwargs) => {
  checkCount('str.format_map', args, kwargs, 1);
  return formatMapping(self, args[0] as Value);
};

/** Python's `text.format_map(mapping)`. */
export const formatMapping = (text: string, mapping: Value): string =>
  formatString(text, { args: [], kwargs: { get: (key: string) => maybeItem(mapping, key) }, lookUp });

const lookUp = {
  attribute(value: Value, name: string): Value {
    const found = maybeAttribute(value, name);
    const unsafe = name.startsWith('_');
    if (found === undefined || unsafe) {
      // Python's sandbox gives an undefined value for an unsafe name; jinja's formatter then looks for an item.
      const item = maybeItem(value, name);
      if (item !== undefined) return item;
      throw new PyError(
        unsafe ? 'SecurityError' : 'AttributeError',
        `'${typeName(value)}' object has no attribute '${name}'`,
      );
    }
    return found;
  },
  item(value: Value, key: Value): Value {
    const found = maybeItem(value, key);
    if (found === undefined)
      throw value instanceof PyDict
        ? keyError(key)
        : new PyError('IndexError', `${typeName(value)} index out of range`);
    return found;
  },
};

function methodOf(value: Value, name: string): Method<never> | undefined {
  if (typeof value === 'string')
    return name === 'format' ? format : name === 'format_map' ? formatMap : STRING_METHODS.get(name);
  if (Array.isArray(value)) return LIST_METHODS.get(name);
  if (value instanceof PyDict) return DICT_METHODS.get(name);
  if (value instanceof PyTuple) return TUPLE_METHODS.get(name);
  if (value instanceof PySet) return SET_METHODS.get(name);
  if (value instanceof PyFloat) return FLOAT_METHODS.get(name);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return INT_METHODS.get(name);
  return undefined;
}

/** Python's `getattr(value, name)`; undefined when there is no such attribute. */
export function maybeAttribute(value: Value, name: string): Value | undefined {
  if (value instanceof PyObject) {
    const own = value.attr(name);
    if (own !== undefined) return own;
  }
  if (value instanceof Markup) return maybeAttribute(value.text, name);
  const method = methodOf(value, name);
  if (method !== undefined) return new BoundMethod(value as never, name, method);
  if (typeof value === 'number' || typeof value === 'bigint') return intAttribute(value, name);
  if (typeof value === 'boolean') return intAttribute(Number(value), name);
  return value instanceof PyRange && (name === 'start' || name === 'stop' || name === 'step') ? value[name] : undefined;
}

/** Calls a method of a built-in value without holding it; undefined when the value has no such built-in method. */
export function callMethod(value: Value, name: string, args: Args, kwargs: Kwargs): Value | undefined {
  const method = methodOf(value, name);
  return method === undefined ? undefined : method(value as never, args, kwargs);
}

/** `value[key]`; undefined when there is no such item or the value has no items. */
export function maybeItem(value: Value, key: Value): Value | undefined {
  if (value instanceof PyDict) return value.get(key);
  if (value instanceof PyObject && !(value instanceof PyTuple)) {
    if (value instanceof PyRange) return typeof key === 'number' ? itemOfRange(value, key) : undefined;
    return value instanceof Markup ? maybeItem(value.text, key) : value.item(key);
  }
  if (typeof key !== 'number' && typeof key !== 'boolean') return undefined;
  const index = Number(key);
  if (typeof value === 'string') return hasSurrogates(value) ? Array.from(value).at(index) : value.at(index);
  const items = value instanceof PyTuple ? value.items : Array.isArray(value) ? value : undefined;
  return items?.at(index);
}

function itemOfRange(range: PyRange, key: number): number | undefined {
  const length = range.length();
  const index = key < 0 ? key + length : key;
  return index >= 0 && index < length ? range.at(index) : undefined;
}

/** Python's `value[start:stop:step]`. */
export function slice(value: Value, start: Value, stop: Value, step: Value): Value {
  const items = sliceable(value);
  const length = items.length;
  const by = step === null ? 1 : asIndex(step);
  if (by === 0) throw new PyError('ValueError', 'slice step cannot be zero');
  const bound = (given: Value, whole: number): number => {
    if (given === null) return whole;
    const index = asIndex(given);
    const low = by < 0 ? -1 : 0;
    const high = by < 0 ? length - 1 : length;
    return Math.min(Math.max(index < 0 ? index + length : index, low), high);
  };
  const from = bound(start, by < 0 ? length - 1 : 0);
  const to = bound(stop, by < 0 ? -1 : length);
  if (by === 1 && typeof items === 'string') return items.slice(from, Math.max(from, to));
  const taken: Value[] = [];
  for (let i = from; by < 0 ? i > to : i < to; i += by) taken.push(items[i] as Value);
  if (typeof value === 'string' || value instanceof Markup) return taken.join('');
  return Array.isArray(value) || value instanceof PyRange ? taken : new PyTuple(taken);
}

function sliceable(value: Value): string | readonly Value[] {
  if (typeof value === 'string') return hasSurrogates(value) ? Array.from(value) : value;
  if (Array.isArray(value)) return value;
  if (value instanceof PyTuple) return value.items;
  if (value instanceof Markup) return value.text;
  if (value instanceof PyRange) return [...value.iterate()];
  const items = value instanceof PyObject ? value.sequence() : undefined;
  if (items !== undefined) return items;
  throw typeError(
    value instanceof PyDict ? "unhashable type: 'slice'" : `'${typeName(value)}' object is not subscriptable`,
  );
}

/** Python's `needle in haystack`. */
export function contains(haystack: Value, needle: Value, same: (a: Value, b: Value) => boolean): boolean {
  if (typeof haystack === 'string' || haystack instanceof Markup) {
    if (typeof needle !== 'string' && !(needle instanceof Markup))
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(needle)}`);
    return str(haystack).includes(str(needle));
  }
  if (Array.isArray(haystack)) return haystack.some((item) => same(item, needle));
  if (haystack instanceof PyObject) {
    const answer = haystack.contains(needle);
    if (answer !== undefined) return answer;
    const items = haystack.iterate();
    if (items !== undefined) return [...items].some((item) => same(item, needle));
  }
  throw typeError(`argument of type '${typeName(haystack)}' is not iterable`);
}

/** Python's `len(value)`. */
export function lengthOf(value: Value): number {
  if (typeof value === 'string') return hasSurrogates(value) ? Array.from(value).length : value.length;
  if (Array.isArray(value)) return value.length;
  const length = value instanceof PyObject ? value.length() : undefined;
  if (length === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return length;
}
