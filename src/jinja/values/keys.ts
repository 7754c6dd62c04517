import { typeError } from '../errors.ts';
import { PyObject, typeName, type Value } from './object.ts';

/** What two equal values share, so that a Map finds one by the other; TypeError for what Python cannot hash. */
export function hashKey(value: Value): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (Array.isArray(value)) throw typeError(`unhashable type: '${typeName(value)}'`);
  return value instanceof PyObject ? value.hashKey() : value;
}

/** Python's `a == b`. */
export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a instanceof PyObject) return a.equals(b) || (b instanceof PyObject && b.equals(a));
  if (b instanceof PyObject) return b.equals(a);
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (a === null || b === null || typeof a === 'string' || typeof b === 'string' || Array.isArray(b)) return false;
  return Number(a) === Number(b) && BigInt(a) === BigInt(b);
}

export const sameItems = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((item, i) => equals(item, b[i] as Value));
