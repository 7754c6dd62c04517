import { PyDateTime, PyObject } from '../../jinja/index.ts';
import type { ResultTable } from '../adapter/table.ts';

/** Rows as JSON objects, by column. */
export const jsonRows = ({ columnNames, rows }: ResultTable): Record<string, unknown>[] =>
  rows.map((row) => Object.fromEntries(columnNames.map((name, i) => [name, plain(row[i])])));

function plain(value: unknown): unknown {
  if (value instanceof PyDateTime) return value.toJSON();
  if (typeof value === 'bigint') return Number(value);
  if (!(value instanceof PyObject)) return value;
  const text = value.str();
  return value.typeName === 'decimal.Decimal' || value.typeName === 'float' ? Number(text) : text;
}
