import type { ArrowField } from '../../arrow/index.ts';
import { duckTypeKey } from '../../engine/index.ts';
import { write } from '../effects.ts';
import { cellText, readRows } from './rows.ts';
import type { OutputFormat } from './types.ts';

const defaultRows = 50;
const maxCellWidth = 60;
/** As a width: nothing is cut. */
export const wholeCells = Number.POSITIVE_INFINITY;
const defaultColumns = 120;

export interface TableColumn {
  readonly name: string;
  readonly type: string | undefined;
  readonly right: boolean;
}

/** Aligned columns with a rule of dots where the terminal is too narrow for all of them. */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number = defaultColumns,
  cellWidth: number = maxCellWidth,
): string {
  const clipped = rows.map((row) => row.map((cell) => clip(cell, cellWidth)));
  return alignTable(columns, clipped, width);
}

function alignTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[], width: number): string {
  const shown = fitColumns(columns, rows, width);
  const widths = shown.map((i) => columnWidth(columns[i] as TableColumn, rows, i));
  const line = (cells: readonly string[], align: boolean): string =>
    `${cells
      .map((cell, k) => padCell(cell, widths[k] as number, align && (columns[shown[k] as number]?.right ?? false)))
      .join('  ')
      .trimEnd()}${shown.length < columns.length ? '  …' : ''}\n`;
  const pick = (cells: readonly string[]): string[] => shown.map((i) => cells[i] ?? '');
  const types = columns.map(({ type }) => clip(type ?? ''));
  return [
    line(pick(columns.map(({ name }) => clip(name))), true),
    ...(types.some((type) => type !== '') ? [line(pick(types), true)] : []),
    line(
      widths.map((columnCharacters) => '─'.repeat(columnCharacters)),
      false,
    ),
    ...rows.map((row) => line(pick(row), true)),
  ].join('');
}

function fitColumns(columns: readonly TableColumn[], rows: readonly (readonly string[])[], width: number): number[] {
  const fitting: number[] = [];
  let used = 0;
  for (let i = 0; i < columns.length; i++) {
    used += columnWidth(columns[i] as TableColumn, rows, i) + 2;
    if (used > width && fitting.length > 0) break;
    fitting.push(i);
  }
  return fitting;
}

const columnWidth = ({ name, type }: TableColumn, rows: readonly (readonly string[])[], i: number): number =>
  Math.max(displayWidth(clip(name)), displayWidth(clip(type ?? '')), ...rows.map((row) => displayWidth(row[i] ?? '')));

function clip(text: string, most = maxCellWidth): string {
  const line = text.replaceAll('\r', '').replaceAll('\n', '⏎').replaceAll('\t', ' ');
  return [...line].length > most ? `${[...line].slice(0, most - 1).join('')}…` : line;
}

/** Terminal cells: wide characters take two. */
const displayWidth = (text: string): number =>
  [...text].reduce(
    (sum, character) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u.test(
        character,
      )
        ? 2
        : 1),
    0,
  );

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
