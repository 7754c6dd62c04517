import {
  hostFunction,
  PyDict,
  PyError,
  PyObject,
  PyTuple,
  readArguments,
  repr,
  str,
  truth,
  type Value,
} from '../../jinja/index.ts';
import { own } from '../plain.ts';
import { printTable } from './print-table.ts';
import type { ResultTable } from './table.ts';
import { distinct, indexes, names, ordered, pick, renamed, structureOf } from './table-methods.ts';
import { ColumnSequence, NamedSequence, RowObject, Sequence, TypeObject } from './table-sequences.ts';

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
  override sequence(): readonly Value[] {
    return this.rows().values();
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
  override str(): string {
    return structureOf(this.table, null);
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
  /** The first groups and how many rows each has. */
  override str(): string {
    const rows = this.groups.slice(0, 20).map(([key, table]) => [key, String(table.length())]);
    return printTable({ columnNames: ['table', 'rows'], columnTypes: ['Text', 'Text'], rows }, { maxWidth: null });
  }
  override repr(): string {
    return '<agate.tableset.TableSet object>';
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

/** What agate's `print_table` takes, in its order. */
const printDefaults: Record<string, Value> = {
  max_rows: 20,
  max_columns: 6,
  output: null,
  max_column_width: 20,
  locale: null,
  max_precision: 3,
};

const tableMethods: Readonly<Record<string, TableMethod>> = {
  print_table(table, args, kwargs) {
    const given = readArguments('print_table', Object.keys(printDefaults), args, kwargs, printDefaults);
    table.print(
      printTable(table.table, {
        maxRows: given.max_rows as number | null,
        maxColumns: given.max_columns as number | null,
        maxWidth: given.max_column_width as number | null,
        maxPlaces: given.max_precision as number | null,
      }),
    );
    return null;
  },
  print_structure(table, args, kwargs) {
    const given = readArguments('print_structure', ['output', 'max_rows'], args, kwargs, {
      output: null,
      max_rows: null,
    });
    table.print(structureOf(table.table, given.max_rows as number | null));
    return null;
  },
  order_by: (table, args, kwargs) => {
    const given = readArguments('order_by', ['key', 'reverse'], args, kwargs, { reverse: false });
    return table.with(ordered(table.table, indexes(table.table, names(given.key)), truth(given.reverse ?? false)));
  },
  distinct: (table, args, kwargs) => {
    const given = readArguments('distinct', ['key'], args, kwargs, { key: null });
    const key = given.key ?? null;
    return table.with(distinct(table.table, key === null ? undefined : indexes(table.table, names(key))));
  },
  select: (table, [wanted]) => table.with(pick(table.table, names(wanted))),
  exclude: (table, [unwanted]) => {
    const out = new Set(names(unwanted));
    return table.with(
      pick(
        table.table,
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
  rename: (table, args, kwargs) => table.with(renamed(table.table, kwargs.get('column_names') ?? args[0])),
  limit: (table, [first = null, stop = null]) => {
    const range = stop === null ? [0, Number(first)] : [Number(first), Number(stop)];
    return table.with({ ...table.table, rows: table.table.rows.slice(range[0], range[1]) });
  },
};
