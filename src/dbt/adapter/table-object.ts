import {
  hostFunction,
  PyDict,
  PyError,
  PyObject,
  PyTuple,
  readArguments,
  repr,
  str,
  type Value,
} from '../../jinja/index.ts';
import { own } from '../plain.ts';
import { printTable } from './print-table.ts';
import type { ResultTable, TableType } from './table.ts';

/** A sequence whose items have names as well, as agate's rows, columns and lists of them are. */
abstract class NamedSequence extends PyObject {
  abstract values(): readonly Value[];
  abstract keys(): readonly string[] | null;

  override attr(name: string): Value | undefined {
    switch (name) {
      case 'values':
        return hostFunction(name, () => new PyTuple([...this.values()]));
      case 'keys':
        return hostFunction(name, () => (this.keys() === null ? null : new PyTuple([...(this.keys() ?? [])])));
      case 'items':
        return hostFunction(name, () => this.entries().map(([key, value]) => new PyTuple([key, value])));
      case 'dict':
        return hostFunction(name, () => new PyDict(this.entries()));
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
  override str(): string {
    return str(new PyTuple([...this.values()]));
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

class RowObject extends NamedSequence {
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

class ColumnSequence extends NamedSequence {
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
        return hostFunction(name, () => new PyTuple([...this.values()].sort(order)));
      default:
        return super.attr(name);
    }
  }
}

/** Nulls last, numbers and dates by value, everything else by its text. */
function order(a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (a instanceof PyObject) return a.compare(b) ?? (str(a) < str(b) ? -1 : 1);
  return a < b ? -1 : a > b ? 1 : 0;
}

class TypeObject extends PyObject {
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

class Sequence extends NamedSequence {
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

/** A result table as templates handle it: what agate's Table gives them. */
export class TableObject extends PyObject {
  readonly typeName = 'Table';
  readonly table: ResultTable;
  /** Where `print_table()` writes. */
  readonly print: (text: string) => void;
  #rows: Sequence | undefined;

  constructor(table: ResultTable, print: (text: string) => void) {
    super();
    this.table = table;
    this.print = print;
  }
  rows(): Sequence {
    const { columnNames, rows } = this.table;
    this.#rows ??= new Sequence(
      rows.map((row) => new RowObject(columnNames, row as readonly Value[])),
      null,
    );
    return this.#rows;
  }
  override attr(name: string): Value | undefined {
    const { table } = this;
    switch (name) {
      case 'rows':
        return this.rows();
      case 'columns':
        return new Sequence(
          table.columnNames.map((_, index) => new ColumnSequence(table, index)),
          table.columnNames,
        );
      case 'column_names':
        return new PyTuple([...table.columnNames]);
      case 'column_types':
        return new PyTuple(table.columnTypes.map((type) => new TypeObject(type)));
      case 'row_names':
        return null;
      default:
        return own(tableMethods, name) === undefined
          ? undefined
          : hostFunction(name, (args, kwargs) => this.run(name, args, kwargs));
    }
  }
  private run(name: string, args: readonly Value[], kwargs: ReadonlyMap<string, Value>): Value {
    return (tableMethods[name] as TableMethod)(this, args, kwargs);
  }
  with(table: ResultTable): TableObject {
    return new TableObject(table, this.print);
  }
  override item(key: Value): Value | undefined {
    return this.rows().item(key);
  }
  override iterate(): Iterable<Value> {
    return this.rows().values();
  }
  override length(): number {
    return this.table.rows.length;
  }
  override repr(): string {
    return '<agate.table.Table object>';
  }
  /** The names and types of the columns, as a table of their own. */
  override str(): string {
    const { columnNames, columnTypes } = this.table;
    return printTable(
      {
        columnNames: ['column', 'data_type'],
        columnTypes: ['Text', 'Text'],
        rows: columnNames.map((name, i) => [name, columnTypes[i] ?? '']),
      },
      { maxRows: null, maxWidth: Number.POSITIVE_INFINITY },
    );
  }
}

/** The tables that `group_by` makes, by the value their rows have in common. */
class TableSetObject extends NamedSequence {
  readonly typeName = 'TableSet';
  readonly keyName: string;
  readonly groups: readonly (readonly [Value, TableObject])[];
  constructor(keyName: string, groups: readonly (readonly [Value, TableObject])[]) {
    super();
    this.keyName = keyName;
    this.groups = groups;
  }
  values(): readonly Value[] {
    return this.groups.map(([, table]) => table);
  }
  keys(): readonly string[] {
    return this.groups.map(([key]) => str(key));
  }
  override attr(name: string): Value | undefined {
    switch (name) {
      case 'keys':
        return hostFunction(name, () => new PyTuple(this.groups.map(([key]) => key)));
      case 'items':
        return hostFunction(name, () => this.groups.map(([key, table]) => new PyTuple([key, table])));
      case 'dict':
        return hostFunction(name, () => new PyDict(this.groups.map(([key, table]) => [key, table])));
      case 'get':
        return hostFunction(name, ([key = null, fallback = null]) => this.group(key) ?? fallback);
      case 'key_name':
        return this.keyName;
      case 'column_names':
        return this.groups[0]?.[1].attr('column_names') ?? new PyTuple([]);
      default:
        return super.attr(name);
    }
  }
  group(wanted: Value): TableObject | undefined {
    return this.groups.find(([key]) => repr(key) === repr(wanted))?.[1];
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'number' ? this.values().at(key) : this.group(key);
  }
}

function grouped(table: TableObject, key: string, keyName: string): TableSetObject {
  const { columnNames, rows } = table.table;
  const at = columnNames.indexOf(key);
  if (at < 0) throw new PyError('KeyError', `'${key}'`);
  const groups = new Map<string, { readonly key: Value; readonly rows: (readonly unknown[])[] }>();
  for (const row of rows) {
    const value = row[at] as Value;
    const name = repr(value);
    const group = groups.get(name) ?? { key: value, rows: [] };
    groups.set(name, group);
    group.rows.push(row);
  }
  return new TableSetObject(
    keyName,
    [...groups.values()].map((group) => [group.key, table.with({ ...table.table, rows: group.rows })]),
  );
}

type TableMethod = (table: TableObject, args: readonly Value[], kwargs: ReadonlyMap<string, Value>) => Value;

const names = (value: Value | undefined): string[] =>
  Array.isArray(value) ? value.map(str) : value instanceof PyTuple ? value.items.map(str) : [str(value ?? null)];

function pick({ table }: TableObject, wanted: readonly string[]): ResultTable {
  const at = wanted.map((name) => {
    const index = table.columnNames.indexOf(name);
    if (index < 0) throw new PyError('KeyError', `'${name}'`);
    return index;
  });
  return {
    columnNames: at.map((i) => table.columnNames[i] as string),
    columnTypes: at.map((i) => table.columnTypes[i] as TableType),
    rows: table.rows.map((row) => at.map((i) => row[i])),
  };
}

function renamed({ table }: TableObject, change: Value | undefined): ResultTable {
  if (change instanceof PyDict)
    return { ...table, columnNames: table.columnNames.map((name) => str(change.item(name) ?? name)) };
  return { ...table, columnNames: names(change) };
}

const tableMethods: Readonly<Record<string, TableMethod>> = {
  print_table(table, args, kwargs) {
    const given = readArguments('print_table', ['max_rows', 'max_columns'], args, kwargs, {
      max_rows: 20,
      max_columns: 6,
    });
    table.print(
      printTable(table.table, {
        maxRows: given.max_rows as number | null,
        maxColumns: given.max_columns as number | null,
      }),
    );
    return null;
  },
  select: (table, [wanted]) => table.with(pick(table, names(wanted))),
  exclude: (table, [unwanted]) => {
    const out = new Set(names(unwanted));
    return table.with(
      pick(
        table,
        table.table.columnNames.filter((name) => !out.has(name)),
      ),
    );
  },
  group_by: (table, args, kwargs) => {
    const given = readArguments('group_by', ['key', 'key_name', 'key_type'], args, kwargs, {
      key_name: null,
      key_type: null,
    });
    return grouped(table, str(given.key), str(given.key_name ?? given.key));
  },
  rename: (table, args, kwargs) => table.with(renamed(table, kwargs.get('column_names') ?? args[0])),
  limit: (table, [first = null, stop = null]) => {
    const range = stop === null ? [0, Number(first)] : [Number(first), Number(stop)];
    return table.with({ ...table.table, rows: table.table.rows.slice(range[0], range[1]) });
  },
};
