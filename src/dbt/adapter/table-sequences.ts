import { hostFunction, PyDict, PyObject, PyTuple, repr, str, type Value } from '../../jinja/index.ts';
import type { ResultTable, TableType } from './table.ts';

/** Python's dict of that name, which a row gives itself as. */
class OrderedDict extends PyDict {
  override readonly typeName = 'OrderedDict';
  override repr(): string {
    return this.size === 0
      ? 'OrderedDict()'
      : `OrderedDict(${repr(Array.from(this.entries(), (one) => new PyTuple([...one])))})`;
  }
}

/** A sequence whose items have names as well, as agate's rows, columns and lists of them are. */
export abstract class NamedSequence extends PyObject {
  abstract values(): readonly Value[];
  abstract keys(): readonly string[] | null;

  override attr(name: string): Value | undefined {
    switch (name) {
      case 'values':
        return hostFunction(name, () => new PyTuple([...this.values()]));
      case 'keys':
        return hostFunction(name, () => (this.keys() === null ? null : new PyTuple([...(this.keys() ?? [])])));
      case 'items':
        return hostFunction(name, () => new PyTuple(this.entries().map((entry) => new PyTuple([...entry]))));
      case 'dict':
        return hostFunction(name, () => new OrderedDict(this.entries()));
      case 'get':
        return hostFunction(name, ([key = null, fallback = null]) => this.named(str(key)) ?? fallback);
      default:
        return undefined;
    }
  }
  entries(): [string, Value][] {
    const values = this.values();
    return (this.keys() ?? values.map((_, i) => String(i))).map((key, i) => [key, values[i] ?? null]);
  }
  named(name: string): Value | undefined {
    const at = this.keys()?.indexOf(name) ?? -1;
    return at < 0 ? undefined : this.values()[at];
  }
  override item(key: Value): Value | undefined {
    if (typeof key === 'number') return this.values().at(key);
    return typeof key === 'string' ? this.named(key) : undefined;
  }
  override iterate(): Iterable<Value> {
    return this.values();
  }
  override length(): number {
    return this.values().length;
  }
  override contains(value: Value): boolean {
    return this.values().some((item) => str(item) === str(value) && repr(item) === repr(value));
  }
  override sequence(): readonly Value[] {
    return this.values();
  }
  override repr(): string {
    const values = this.values();
    const sample = values.slice(0, 5).map(repr).join(', ');
    return `<agate.${this.typeName}: (${sample}${values.length > 5 ? ', ...' : ''})>`;
  }
  override equals(other: Value): boolean {
    const items = other instanceof NamedSequence ? other.values() : other instanceof PyTuple ? other.items : undefined;
    return items !== undefined && repr(new PyTuple([...items])) === repr(new PyTuple([...this.values()]));
  }
}

export class RowObject extends NamedSequence {
  readonly typeName = 'Row';
  readonly names: readonly string[];
  readonly cells: readonly Value[];
  constructor(names: readonly string[], cells: readonly Value[]) {
    super();
    this.names = names;
    this.cells = cells;
  }
  values(): readonly Value[] {
    return this.cells;
  }
  keys(): readonly string[] {
    return this.names;
  }
}

export class ColumnSequence extends NamedSequence {
  readonly typeName = 'Column';
  readonly table: ResultTable;
  readonly index: number;
  constructor(table: ResultTable, index: number) {
    super();
    this.table = table;
    this.index = index;
  }
  values(): readonly Value[] {
    return this.table.rows.map((row) => row[this.index] as Value);
  }
  keys(): null {
    return null;
  }
  override attr(name: string): Value | undefined {
    switch (name) {
      case 'name':
        return this.table.columnNames[this.index] as string;
      case 'index':
        return this.index;
      case 'data_type':
        return new TypeObject(this.table.columnTypes[this.index] as TableType);
      case 'values_distinct':
        return hostFunction(name, () => {
          const seen = new Map(this.values().map((value) => [repr(value), value]));
          return new PyTuple([...seen.values()]);
        });
      case 'values_without_nulls':
        return hostFunction(name, () => new PyTuple(this.values().filter((value) => value !== null)));
      case 'values_sorted':
        return hostFunction(name, () => [...this.values()].sort(order));
      case 'values_without_nulls_sorted':
        return hostFunction(name, () =>
          this.values()
            .filter((value) => value !== null)
            .sort(order),
        );
      default:
        return super.attr(name);
    }
  }
}

/** Nulls last, numbers and dates by value, everything else by its text. */
export function order(a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (a instanceof PyObject) return a.compare(b) ?? (str(a) < str(b) ? -1 : 1);
  return a < b ? -1 : a > b ? 1 : 0;
}

export class TypeObject extends PyObject {
  readonly typeName: string;
  constructor(type: TableType) {
    super();
    this.typeName = type;
  }
  override truth(): boolean {
    return true;
  }
  override repr(): string {
    return `<dbt_common.clients.agate_helper.${this.typeName} object>`;
  }
}

export class Sequence extends NamedSequence {
  readonly typeName = 'MappedSequence';
  readonly list: readonly Value[];
  readonly names: readonly string[] | null;
  constructor(list: readonly Value[], names: readonly string[] | null) {
    super();
    this.list = list;
    this.names = names;
  }
  values(): readonly Value[] {
    return this.list;
  }
  keys(): readonly string[] | null {
    return this.names;
  }
}
