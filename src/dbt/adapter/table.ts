import { type ArrowField, createBatchDecoder, type ValueReader, valueReader } from '../../arrow/index.ts';
import { duckTypeKey, type QueryResult } from '../../engine/index.ts';
import { dateFromText, dateTimeFromText, decimalFromText, durationText } from './py-values.ts';

/** The types a result table tells apart, in the order in which they are tried. */
export type TableType = 'Integer' | 'Number' | 'Date' | 'DateTime' | 'Boolean' | 'Text';

/** A small result in memory: values are those of templates (see py-values.ts). */
export interface ResultTable {
  readonly columnNames: readonly string[];
  readonly columnTypes: readonly TableType[];
  readonly rows: readonly (readonly unknown[])[];
}

export const emptyTable: ResultTable = { columnNames: [], columnTypes: [], rows: [] };

/** Reads a result to its end, or its first `limit` rows. */
export async function readTable(result: QueryResult, limit?: number): Promise<ResultTable> {
  if (!result.returnsRows) {
    await result.close();
    return emptyTable;
  }
  const { decode } = createBatchDecoder(result.schema);
  const rows: unknown[][] = [];
  for await (const batch of result.batches) {
    const decoded = decode(batch);
    const readers = (decoded?.columns ?? []).map((column) => cellReader(column.field, valueReader(column)));
    for (let row = 0; row < (decoded?.length ?? 0); row++) {
      if (limit !== undefined && rows.length >= limit) break;
      rows.push(readers.map((read) => read(row)));
    }
    batch.release();
    if (limit !== undefined && rows.length >= limit) break;
  }
  const { fields } = result.schema;
  return {
    columnNames: distinctNames(fields.map(({ name }) => name)),
    columnTypes: fields.map((field, column) => typeOf(field, () => rows.every((row) => row[column] === null))),
    rows,
  };
}

/** A name that comes again gets a number: `a`, `a_2`, `a_3`. */
export function distinctNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  });
}

const isHugeint = (field: ArrowField): boolean => /^U?HUGEINT$/.test(field.metadata?.get(duckTypeKey) ?? '');

/** A column without any value counts as Integer, whatever DuckDB calls it. */
function typeOf(field: ArrowField, allNull: () => boolean): TableType {
  switch (field.type.id) {
    case 'int':
      return 'Integer';
    case 'decimal':
      return isHugeint(field) ? 'Integer' : allNull() ? 'Integer' : 'Number';
    case 'floatingPoint':
      return allNull() ? 'Integer' : 'Number';
    case 'date':
      return allNull() ? 'Integer' : 'Date';
    case 'timestamp':
      return allNull() ? 'Integer' : 'DateTime';
    case 'bool':
      return allNull() ? 'Integer' : 'Boolean';
    default:
      return allNull() ? 'Integer' : 'Text';
  }
}

function cellReader(field: ArrowField, read: ValueReader): ValueReader {
  const convert = converter(field);
  return (row) => {
    const value = read(row);
    return value === null || value === undefined ? null : convert(value);
  };
}

function converter(field: ArrowField): (value: unknown) => unknown {
  switch (field.type.id) {
    case 'int':
      return integer;
    case 'decimal':
      return isHugeint(field)
        ? (value) => integer(BigInt(value as string))
        : (value) => decimalFromText(value as string);
    case 'floatingPoint':
      return (value) => decimalFromText(floatText(value as number));
    case 'date':
      return (value) => dateFromText(value as string);
    case 'timestamp':
      return (value) => dateTimeFromText(value as string);
    case 'interval':
      return (value) => durationText(value as string);
    case 'time':
    case 'duration':
    case 'bool':
    case 'utf8':
      return (value) => value;
    default:
      return containerText;
  }
}

const integer = (value: unknown): number | bigint =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : (value as number | bigint);

/** A float as Python writes it: `1.0`, `1e+16`, `nan`. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const absolute = Math.abs(value);
  if (absolute !== 0 && (absolute < 1e-4 || absolute >= 1e16)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    const sign = exponent.startsWith('-') ? '-' : '+';
    return `${digits}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
  }
  const text = String(value);
  return text.includes('.') || text.includes('e') ? text : `${text}.0`;
}

/** Lists, structs and maps are texts in a result table: JSON, as Python's writes it. */
function containerText(value: unknown): string {
  if (value instanceof Uint8Array) return `b'${Buffer.from(value).toString('latin1')}'`;
  return jsonText(value);
}

export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${jsonText(member)}`);
  return `{${members.join(', ')}}`;
}
