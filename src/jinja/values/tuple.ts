import { orderItems } from './compare.ts';
import { hashKey, sameItems } from './keys.ts';
import { PyObject, type Value } from './object.ts';
import { joinReprs } from './text.ts';

export class PyTuple extends PyObject {
  readonly typeName = 'tuple';
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }
  override iterate(): Iterable<Value> {
    return this.items;
  }
  override length(): number {
    return this.items.length;
  }
  override repr(): string {
    return this.items.length === 1 ? `(${joinReprs(this.items)},)` : `(${joinReprs(this.items)})`;
  }
  override equals(other: Value): boolean {
    return other instanceof PyTuple && sameItems(this.items, other.items);
  }
  override compare(other: Value): number | undefined {
    return other instanceof PyTuple ? orderItems(this.items, other.items) : undefined;
  }
  override hashKey(): unknown {
    return `\u0000(${this.items.map((item) => keyText(hashKey(item))).join('\u0000,')})`;
  }
}

const objects = new WeakMap<object, number>();
let objectCount = 0;

/** Text that is the same for equal keys only. */
function keyText(key: unknown): string {
  if (key === null) return 'null';
  if (typeof key === 'bigint') return `number:${key}`;
  if (typeof key !== 'object' && typeof key !== 'function') return `${typeof key}:${String(key)}`;
  const known = objects.get(key) ?? ++objectCount;
  objects.set(key, known);
  return `object:${known}`;
}
