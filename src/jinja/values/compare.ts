import { typeError } from '../errors.ts';
import { PyFloat } from './float.ts';
import { equals } from './keys.ts';
import { PyObject, typeName, type Value } from './object.ts';

export type Comparison = '<' | '<=' | '>' | '>=';

/** The mathematical value of an int, bool or float; undefined for anything else. */
export function asNumber(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof PyFloat ? value.value : undefined;
}

/** Negative, zero, positive; undefined when Python has no order for the two types; NaN when neither is less. */
export function order(a: Value, b: Value): number | undefined {
  if (typeof a === 'string') return typeof b === 'string' ? orderStrings(a, b) : reflectedOrder(a, b);
  const left = asNumber(a);
  const right = left === undefined ? undefined : asNumber(b);
  if (left !== undefined && right !== undefined)
    return left < right ? -1 : left > right ? 1 : left <= right ? 0 : Number.NaN;
  if (Array.isArray(a)) return Array.isArray(b) ? orderItems(a, b) : reflectedOrder(a, b);
  return (a instanceof PyObject ? a.compare(b) : undefined) ?? reflectedOrder(a, b);
}

function reflectedOrder(a: Value, b: Value): number | undefined {
  const reflected = b instanceof PyObject ? b.compare(a) : undefined;
  return reflected === undefined ? undefined : -reflected;
}

/** By code points, as Python does; code units differ from them only above the surrogates. */
function orderStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
}
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

export function orderItems(a: readonly Value[], b: readonly Value[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a[i] as Value;
    const y = b[i] as Value;
    if (!equals(x, y)) return orderOrFail('<', x, y);
  }
  return a.length - b.length;
}

export function orderOrFail(operator: Comparison, a: Value, b: Value): number {
  const found = order(a, b);
  if (found !== undefined) return found;
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** A stable sort by `<`, as Python's. */
export function sortValues<T>(items: readonly T[], key: (item: T) => Value, reverse = false): T[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((x, y) => (reverse ? -orderOrFail('<', x.key, y.key) : orderOrFail('<', x.key, y.key)));
  return keyed.map(({ item }) => item);
}
