import { typeError } from '../errors.ts';
import { hashKey } from './keys.ts';
import { PyObject, type Value } from './object.ts';
import { joinReprs } from './text.ts';

/** A set; it iterates in insertion order, where Python's order is arbitrary. */
export class PySet extends PyObject {
  readonly typeName = 'set';
  readonly members = new Map<unknown, Value>();

  constructor(items: Iterable<Value> = []) {
    super();
    for (const item of items) this.add(item);
  }
  add(item: Value): void {
    const key = hashKey(item);
    if (!this.members.has(key)) this.members.set(key, item);
  }
  has(item: Value): boolean {
    return this.members.has(hashKey(item));
  }
  delete(item: Value): boolean {
    return this.members.delete(hashKey(item));
  }
  override iterate(): Iterable<Value> {
    return this.members.values();
  }
  override length(): number {
    return this.members.size;
  }
  override contains(value: Value): boolean {
    return this.has(value);
  }
  override repr(): string {
    return this.members.size === 0 ? 'set()' : `{${joinReprs(this.members.values())}}`;
  }
  override equals(other: Value): boolean {
    return other instanceof PySet && other.members.size === this.members.size && this.isSubset(other);
  }
  override compare(other: Value): number | undefined {
    if (!(other instanceof PySet)) return undefined;
    if (this.equals(other)) return 0;
    return this.isSubset(other) ? -1 : other.isSubset(this) ? 1 : Number.NaN;
  }
  override binary(operator: string, other: Value, reflected: boolean): Value | undefined {
    if (operator !== '-' || reflected || !(other instanceof PySet)) return undefined;
    return new PySet([...this.members.values()].filter((item) => !other.has(item)));
  }
  override hashKey(): unknown {
    throw typeError("unhashable type: 'set'");
  }
  isSubset(other: PySet): boolean {
    return [...this.members.keys()].every((key) => other.members.has(key));
  }
}
