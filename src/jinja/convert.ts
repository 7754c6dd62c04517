import { typeError } from './errors.ts';
import { PyDict } from './values/dict.ts';
import { PyFloat } from './values/float.ts';
import { PyObject, PyUndefined, type Value } from './values/object.ts';
import { iterate, Markup } from './values/sequences.ts';
import { PySet } from './values/set.ts';
import { str } from './values/text.ts';
import { PyTuple } from './values/tuple.ts';

type Plain = Readonly<Record<string, unknown>>;

/**
 * A plain JavaScript value as Python's: integral numbers are int, others float, objects and Maps dicts, arrays lists,
 * `undefined` is None (and left out of objects). Values of templates pass as they are.
 */
export const fromJs = (value: unknown): Value => convert(value, fromJs);

/** The same, but objects become dicts whose entries are made when first looked at: for large graphs. */
export const lazyFromJs = (value: unknown): Value => convert(value, lazyFromJs);

function convert(value: unknown, inner: (value: unknown) => Value): Value {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? value + 0 : new PyFloat(value);
    case 'object':
      return convertObject(value, inner);
  }
  throw typeError(`a ${typeof value} is no value of a template`);
}

function convertObject(value: object, inner: (value: unknown) => Value): Value {
  if (value instanceof PyObject) return value;
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Set) return new PySet(Array.from(value, inner));
  const entries = (): Iterable<readonly [Value, Value]> => {
    const pairs =
      value instanceof Map ? [...value] : Object.entries(value as Plain).filter(([, item]) => item !== undefined);
    return pairs.map(([key, item]) => [key as Value, inner(item)] as const);
  };
  return inner === lazyFromJs ? PyDict.lazy(entries) : new PyDict(entries());
}

/** A template's value as plain JavaScript: dicts become objects, tuples and sets arrays; what has no such form its text. `1.0` stays a float. */
export function toJs(value: Value): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(toJs);
  if (value instanceof PyFloat) return Number.isInteger(value.value) ? value : value.value;
  if (value instanceof Markup) return value.text;
  if (value instanceof PyUndefined) return null;
  if (value instanceof PyTuple || value instanceof PySet) return Array.from(iterate(value), toJs);
  if (value instanceof PyDict) return dictToJs(value);
  const items =
    value.typeName.startsWith('dict_') || value.typeName === 'generator' || value.typeName === 'range'
      ? value.iterate()
      : undefined;
  return items ? Array.from(items, toJs) : str(value);
}

function dictToJs(dict: PyDict): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, value] of dict.entries())
    Object.defineProperty(object, str(key), {
      value: toJs(value),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return object;
}
