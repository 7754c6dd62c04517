import type { ArrowField } from '../../arrow/index.ts';
import { duckTypeKey } from '../../engine/index.ts';
import { write } from '../effects.ts';
import { printable } from '../printable.ts';
import { cellText, readRows } from './rows.ts';
import type { OutputFormat } from './types.ts';

const defaultRows = 50;
const maxCellWidth = 60;
const leastCellWidth = 20;
/** As a width: nothing is cut. */
export const wholeCells = Number.POSITIVE_INFINITY;
const defaultColumns = 120;

export interface TableColumn {
  readonly name: string;
  readonly type: string | undefined;
  readonly right: boolean;
}

type Rows = readonly (readonly string[])[];

/** Aligned columns; where the terminal is too narrow long texts are cut, then columns left out, which dots tell. */
export function formatTable(columns: readonly TableColumn[], rows: Rows, width: number = defaultColumns): string {
  const clipped = width === wholeCells ? rows.map((row) => row.map((cell) => clip(cell, width))) : clipAll(rows);
  const natural = columns.map((column, i) => columnWidth(column, clipped, i));
  const fixed = columns.map(({ right }) => right);
  const widths = narrowed(natural, { fixed, width });
  const shown = [...widths.keys()].slice(0, fitting(widths, width));
  const line = (cells: readonly string[], end = shown.length < columns.length ? '  …' : ''): string =>
    `${shown
      .map((i) => padCell(clip(cells[i] ?? '', widths[i]), widths[i] as number, fixed[i] ?? false))
      .join('  ')
      .trimEnd()}${end}\n`;
  return [
    line(columns.map(({ name }) => name)),
    ...(columns.some(({ type }) => type !== undefined) ? [line(columns.map(({ type }) => type ?? ''))] : []),
    line(widths.map((one) => '─'.repeat(one))),
    ...clipped.map((row) => line(row)),
  ].join('');
}

const clipAll = (rows: Rows): Rows => rows.map((row) => row.map((cell) => clip(cell)));

interface Room {
  /** Columns that are not to be cut: numbers. */
  readonly fixed: readonly boolean[];
  readonly width: number;
}

/** Widths by which all columns are seen, if texts may be cut for that: a long one in the first is not to hide the others. */
function narrowed(natural: readonly number[], { fixed, width }: Room): readonly number[] {
  const cutTo = (most: number): number[] => natural.map((one, i) => (fixed[i] ? one : Math.min(one, most)));
  let most = maxCellWidth;
  while (most > leastCellWidth && lineWidth(cutTo(most)) > width) most--;
  return lineWidth(natural) <= width ? natural : cutTo(most);
}

const lineWidth = (widths: readonly number[]): number => widths.reduce((sum, one) => sum + one + 2, -2);

/** How many columns a line holds, at least one; dots behind them when it does not hold all. */
function fitting(widths: readonly number[], width: number): number {
  if (lineWidth(widths) <= width) return widths.length;
  let used = 1;
  const over = widths.findIndex((one) => {
    used += one + 2;
    return used > width;
  });
  return Math.max(1, over);
}

const columnWidth = ({ name, type }: TableColumn, rows: Rows, i: number): number =>
  rows.reduce(
    (most, row) => Math.max(most, displayWidth(row[i] ?? '')),
    Math.max(displayWidth(clip(name)), displayWidth(clip(type ?? ''))),
  );

function clip(text: string, most = maxCellWidth): string {
  const line = printable(
    text
      .slice(0, 8 * most)
      .replaceAll('\r', '')
      .replaceAll('\n', '⏎')
      .replaceAll('\t', ' '),
  );
  if (text.length <= 8 * most && displayWidth(line) <= most) return line;
  let kept = '';
  let width = 1;
  for (const character of line) {
    width += cellsOf(character);
    if (width > most) break;
    kept += character;
  }
  return `${kept}…`;
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const joining = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Terminal cells: wide characters take two, accents of their own none. */
const cellsOf = (character: string): number => (joining.test(character) ? 0 : wide.test(character) ? 2 : 1);

const displayWidth = (text: string): number => [...text].reduce((sum, character) => sum + cellsOf(character), 0);

function padCell(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? space + text : text + space;
}

const numeric: ReadonlySet<string> = new Set(['int', 'floatingPoint', 'decimal']);

function typeName(field: ArrowField): string {
  const named = field.metadata?.get(duckTypeKey);
  if (named !== undefined)
    return named.length > 20 ? (named.split('(')[0] as string).toLowerCase() : named.toLowerCase();
  const { type } = field;
  switch (type.id) {
    case 'int':
      return `${type.signed ? '' : 'u'}int${type.bitWidth}`;
    case 'floatingPoint':
      return type.bitWidth === 64 ? 'double' : 'float';
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'utf8':
      return 'varchar';
    case 'binary':
      return 'blob';
    case 'bool':
      return 'boolean';
    case 'timestamp':
      return type.timezone === undefined ? 'timestamp' : 'timestamptz';
    default:
      return type.id;
  }
}

/** For people: at most 50 rows (or the limit, or all), then how many there are. */
export const table: OutputFormat = async ({ schema, messages, out, limit, all, translator, columns }) => {
  const most = all ? Number.POSITIVE_INFINITY : (limit ?? defaultRows);
  const shown: string[][] = [];
  let count = 0;
  for await (const rows of readRows(schema, messages)) {
    for (const row of rows.slice(0, Math.max(0, most - shown.length)))
      shown.push(row.map((value) => (value === null ? 'NULL' : cellText(value))));
    count += rows.length;
  }
  if (schema.fields.length === 0) return count;
  const heads = schema.fields.map((field) => ({
    name: field.name,
    type: typeName(field),
    right: numeric.has(field.type.id),
  }));
  await write(out, formatTable(heads, shown, columns ?? defaultColumns));
  await write(
    out,
    `${shown.length < count ? translator.t('rows.some', { shown: shown.length, count }) : translator.plural('rows.all', count)}\n`,
  );
  return count;
};
