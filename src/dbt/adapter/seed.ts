import { readFileSync } from 'node:fs';
import { DuckhouseError } from '../../errors.ts';
import { PyError, str, type Value } from '../../jinja/index.ts';
import { parseCsv } from './csv.ts';
import { dateFromText, dateTimeFromText, decimalFromText } from './py-values.ts';
import { distinctNames, type ResultTable, type TableType } from './table.ts';

export interface SeedOptions {
  readonly delimiter: string;
  /** Columns read as text whatever they hold: those with a type of their own. */
  readonly textColumns: ReadonlySet<string>;
}

/** Reads a seed and finds the type of each column from all of its values. */
export function readSeed(file: string, { delimiter, textColumns }: SeedOptions): ResultTable {
  if (delimiter.length !== 1)
    throw new PyError('CompilationError', `"delimiter" must be a 1-character string, not ${JSON.stringify(delimiter)}`);
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  const [header, ...lines] = parseCsv(text, delimiter);
  if (header === undefined) throw new DuckhouseError('DataInvalid', `seed file ${file} is empty`);
  const names = header.length > 0 ? header : Array<string>(Math.max(0, ...lines.map((line) => line.length))).fill('');
  const columnNames = distinctNames(names.map((name, i) => (name === '' ? columnLetter(i) : name)));
  const long = lines.findIndex((line) => line.length > columnNames.length);
  if (long >= 0)
    throw new DuckhouseError(
      'DataInvalid',
      `row ${long} has ${(lines[long] as string[]).length} values, but the table only has ${columnNames.length} columns`,
    );
  const columns = columnNames.map((name, i) => {
    const raw = lines.map((line) => line[i]);
    return textColumns.has(name) ? readColumn(raw, [textType]) : readColumn(raw, seedTypes);
  });
  return {
    columnNames,
    columnTypes: columns.map(({ type }) => type),
    rows: lines.map((_, row) => columns.map(({ values }) => values[row])),
  };
}

const columnLetter = (index: number): string =>
  index < 26 ? String.fromCharCode(97 + index) : columnLetter(Math.floor(index / 26) - 1) + columnLetter(index % 26);

interface SeedType {
  readonly type: TableType;
  /** The value of a text that is not null; undefined when it is none of this type. */
  readonly cast: (text: string) => unknown;
}

const isNull = (text: string | undefined): boolean =>
  text === undefined || ['', 'null'].includes(text.trim().toLowerCase());

function readColumn(
  raw: readonly (string | undefined)[],
  types: readonly SeedType[],
): { type: TableType; values: unknown[] } {
  for (const { type, cast } of types) {
    const values: unknown[] = [];
    const fits = raw.every((text) => {
      const value = isNull(text) ? null : cast(text as string);
      values.push(value);
      return value !== undefined;
    });
    if (fits) return { type, values };
  }
  return { type: 'Text', values: raw.map((text) => (isNull(text) ? null : text)) };
}

const currencies = '؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫';
const currencyEnds = new RegExp(`^[${currencies}]+|[${currencies}]+$`, 'gu');

/** Digits as Python's Decimal takes them, after percent signs, currencies and thousands separators are gone. */
function seedNumber(text: string): string | undefined {
  const bare = text.trim().replace(/^%+|%+$/g, '');
  const negative = bare.startsWith('-');
  const digits = (negative ? bare.slice(1) : bare).replace(currencyEnds, '').replaceAll(',', '').trim();
  if (/^[+-]?(?:inf(?:inity)?|s?nan\d*)$/i.test(digits)) return negative ? `-${digits}` : digits;
  if (!/^[+-]?(?:[\d_]+\.?[\d_]*|\.[\d_]+)(?:e[+-]?\d+)?$/i.test(digits)) return undefined;
  const plain = digits.replaceAll('_', '');
  if (!negative) return plain;
  return plain.startsWith('-') ? plain.slice(1) : `-${plain}`;
}

const dateParts = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const dateTimeParts = /^(\d{4}-\d{1,2}-\d{1,2})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})$/;
const isoDateTime =
  /^(\d{4}-\d{2}-\d{2}|\d{8})T(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

function isoDate(text: string): string | undefined {
  const match = dateParts.exec(text.trim());
  if (match === null) return undefined;
  const [, year = '', month = '', day = ''] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const same = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return same ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : undefined;
}

function spacedDateTime(text: string): string | undefined {
  const match = dateTimeParts.exec(text.trim());
  if (match === null) return undefined;
  const date = isoDate(match[1] as string);
  const [hour = 0, minute = 0, second = 0] = match.slice(2).map(Number);
  if (date === undefined || hour > 23 || minute > 59 || second > 61) return undefined;
  return `${date} ${[hour, minute, second].map((part) => String(part).padStart(2, '0')).join(':')}`;
}

function isoDateTimeText(text: string): string | undefined {
  const match = isoDateTime.exec(text.trim());
  if (match === null) return undefined;
  const [, day = '', hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
  const date = isoDate(day.includes('-') ? day : `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`);
  if (date === undefined || Number(hour) > 23) return undefined;
  const micros = fraction === '' ? '' : `.${fraction.slice(0, 6).padEnd(6, '0')}`;
  return `${date} ${hour}:${minute}:${second}${micros}${zone === 'Z' ? '+00' : zone}`;
}

const textType: SeedType = { type: 'Text', cast: (text) => text };

/** In the order in which they are tried; a whole number in a CSV file counts as Number. */
const seedTypes: readonly SeedType[] = [
  { type: 'Integer', cast: () => undefined },
  { type: 'Number', cast: (text) => maybe(seedNumber(text), decimalFromText) },
  { type: 'Date', cast: (text) => maybe(isoDate(text), dateFromText) },
  { type: 'DateTime', cast: (text) => maybe(spacedDateTime(text), dateTimeFromText) },
  { type: 'DateTime', cast: (text) => maybe(isoDateTimeText(text), dateTimeFromText) },
  { type: 'Boolean', cast: (text) => ({ true: true, false: false })[text.trim().toLowerCase()] },
  textType,
];

const maybe = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
  text === undefined ? undefined : read(text);

/** DuckDB's type for a column of a result table. */
export function columnTypeOf(table: ResultTable, column: number): string {
  switch (table.columnTypes[column]) {
    case 'Integer':
      return 'integer';
    case 'Number':
      return table.rows.some((row) => row[column] !== null && !isWhole(str(row[column] as Value)))
        ? 'float8'
        : 'integer';
    case 'Date':
      return 'date';
    case 'DateTime':
      return 'timestamp without time zone';
    case 'Boolean':
      return 'boolean';
    default:
      return 'text';
  }
}

/** Whether a decimal text has no digits behind its point once trailing zeros are gone. */
export function isWhole(text: string): boolean {
  const match = /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (match === null) return true;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/0+$/, '');
  return digits.length - whole.length <= Number(exponent);
}
