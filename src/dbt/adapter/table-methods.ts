import { PyDict, PyError, PyTuple, repr, str, type Value } from '../../jinja/index.ts';
import { printTable } from './print-table.ts';
import type { ResultTable, TableType } from './table.ts';
import { order } from './table-sequences.ts';

export const names = (value: Value | undefined): string[] =>
  Array.isArray(value) ? value.map(str) : value instanceof PyTuple ? value.items.map(str) : [str(value ?? null)];

export function indexes(table: ResultTable, wanted: readonly string[]): number[] {
  return wanted.map((name) => {
    const index = table.columnNames.indexOf(name);
    if (index < 0) throw new PyError('KeyError', `'${name}'`);
    return index;
  });
}

export function pick(table: ResultTable, wanted: readonly string[]): ResultTable {
  const at = indexes(table, wanted);
  return {
    columnNames: at.map((i) => table.columnNames[i] as string),
    columnTypes: at.map((i) => table.columnTypes[i] as TableType),
    rows: table.rows.map((row) => at.map((i) => row[i])),
  };
}

export function renamed(table: ResultTable, change: Value | undefined): ResultTable {
  if (change instanceof PyDict)
    return { ...table, columnNames: table.columnNames.map((name) => str(change.item(name) ?? name)) };
  return { ...table, columnNames: names(change) };
}

/** The names and types of the columns, as a table of their own. */
export const structureOf = ({ columnNames, columnTypes }: ResultTable, maxRows: number | null): string =>
  printTable(
    {
      columnNames: ['column', 'data_type'],
      columnTypes: ['Text', 'Text'],
      rows: columnNames.map((name, i) => [name, columnTypes[i] ?? '']),
    },
    { maxRows, maxWidth: null },
  );

/** Rows by the values of columns, nulls last; equal rows keep their order, backwards as well. Nulls end a comparison. */
export function ordered(table: ResultTable, by: readonly number[], backwards: boolean): ResultTable {
  const compare = (a: readonly unknown[], b: readonly unknown[]): number => {
    for (const i of by) {
      if (a[i] === null && b[i] === null) return 0;
      const sign = order(a[i] as Value, b[i] as Value);
      if (sign !== 0) return backwards ? -sign : sign;
    }
    return 0;
  };
  return { ...table, rows: [...table.rows].sort(compare) };
}

/** The first row of each value of the columns, or of the whole row. */
export function distinct(table: ResultTable, by: readonly number[] | undefined): ResultTable {
  const seen = new Set<string>();
  const isNew = (row: readonly unknown[]): boolean => {
    const key = repr(new PyTuple((by?.map((i) => row[i]) ?? [...row]) as Value[]));
    const size = seen.size;
    return seen.add(key).size > size;
  };
  return { ...table, rows: table.rows.filter(isNew) };
}
