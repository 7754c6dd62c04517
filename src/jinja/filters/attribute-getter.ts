import type { FilterRuntime } from '../runtime-types.ts';
import { PyUndefined, type Value } from '../values/object.ts';
import { Markup } from '../values/sequences.ts';
import { str } from '../values/text.ts';

/** Reads `a.b.0` of an item, or the item itself when no attribute is given. */
export function attributeGetter(runtime: FilterRuntime, attribute: Value, fallback?: Value): (item: Value) => Value {
  if (attribute === null) return (item) => item;
  const parts = typeof attribute === 'number' ? [attribute] : str(attribute).split('.').map(partOf);
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = runtime.item(value, part);
      if (fallback !== undefined && fallback !== null && value instanceof PyUndefined) value = fallback;
    }
    return value;
  };
}

const partOf = (part: string): string | number => (/^\d+$/.test(part) ? Number(part) : part);

/** Strings are compared without case. */
export const lowered = (value: Value): Value =>
  typeof value === 'string' ? value.toLowerCase() : value instanceof Markup ? value.text.toLowerCase() : value;
