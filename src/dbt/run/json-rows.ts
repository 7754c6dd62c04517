import { PyDateTime, PyDict, PyFloat, PyObject, toJson, type Value } from '../../jinja/index.ts';
import type { ResultTable } from '../adapter/table.ts';

/** Rows as JSON objects, by column. */
export const jsonRows = ({ columnNames, rows }: ResultTable): Record<string, unknown>[] =>
  rows.map((row) => Object.fromEntries(columnNames.map((name, i) => [name, plain(row[i])])));

/** As `json.dumps` of Python writes them: decimals and doubles have a point. */
export const rowsText = (rows: Value[]): string => toJson(rows);

export const titledRowsText = (title: readonly (readonly [Value, Value])[], rows: Value[]): string =>
  toJson(new PyDict([...title, ['show', rows]]), { indent: 2 });

export const valueRows = ({ columnNames, rows }: ResultTable): Value[] =>
  rows.map((row) => new PyDict(columnNames.map((name, i) => [name, written(row[i] as Value)] as const)));

function written(value: Value): Value {
  if (value instanceof PyDateTime) return value.toJSON();
  if (!(value instanceof PyObject)) return value;
  const text = value.str();
  return value.typeName === 'decimal.Decimal' || value.typeName === 'float' ? new PyFloat(Number(text)) : text;
}

function plain(value: unknown): unknown {
  if (value instanceof PyDateTime) return value.toJSON();
  if (typeof value === 'bigint') return Number(value);
  if (!(value instanceof PyObject)) return value;
  const text = value.str();
  return value.typeName === 'decimal.Decimal' || value.typeName === 'float' ? Number(text) : text;
}
