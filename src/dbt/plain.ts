/** Small questions about plain data, as YAML and JSON give it. */
import type { Dict } from './manifest-types.ts';

export const isDict = (value: unknown): value is Dict =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

export const isText = (value: unknown): value is string => typeof value === 'string';

/** Python's name of a value's type, for messages. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? 'list' : 'dictionary';
}

/** Names of the folders and file of a path with forward slashes. */
export const pathParts = (path: string): string[] => path.split('/').filter((part) => part !== '');

export const withoutExtension = (path: string): string => path.replace(/(?<=[^/])\.[^./]*$/, '');

/** Deep copy of plain data; other objects (floats, dates) are immutable and shared. */
export function copyPlain<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyPlain) as T;
  if (!isDict(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyPlain(item)])) as T;
}

/** Dictionaries merge, lists join with those of `over` first, other values are replaced. */
export function deepMerge(base: Dict, over: Dict): Dict {
  const merged: Dict = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const earlier = merged[key];
    if (isDict(value)) merged[key] = isDict(earlier) ? deepMerge(earlier, value) : value;
    else merged[key] = Array.isArray(value) && Array.isArray(earlier) ? [...value, ...earlier] : value;
  }
  return merged;
}

/** The entry of a map, made when it is first wanted. */
export function entryOf<Key, Item>(map: Map<Key, Item>, key: Key, make: () => Item): Item {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Adds to the list under a key, which may not be there yet. */
export function addTo<Item>(lists: Record<string, Item[]>, key: string, item: NoInfer<Item>): void {
  const list = lists[key];
  if (list === undefined) lists[key] = [item];
  else list.push(item);
}

/** The entry of a table under a name that comes from outside: `constructor` and its like are no entries. */
export const own = <Item>(table: Readonly<Record<string, Item>>, name: string): Item | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Sets a key that comes from outside: `__proto__` becomes a key too. */
export function put<Item>(table: Record<string, Item>, key: string, item: NoInfer<Item>): void {
  if (key === '__proto__')
    Object.defineProperty(table, key, { value: item, enumerable: true, configurable: true, writable: true });
  else table[key] = item;
}
