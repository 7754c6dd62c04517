import { str, type Value } from '../../jinja/index.ts';
import { isWhole } from './seed.ts';
import type { ResultTable } from './table.ts';

export interface PrintTableOptions {
  readonly maxRows?: number | null;
  readonly maxColumns?: number | null;
  /** Longer texts are cut. */
  readonly maxWidth?: number | null;
  /** Decimal places of numbers; more of them are shown by an ellipsis. */
  readonly maxPlaces?: number | null;
}

/** A table in text: `| a | b |` lines under a header, texts to the left, everything else to the right. */
export function printTable(
  table: ResultTable,
  { maxRows = 20, maxColumns = 6, maxWidth = 20, maxPlaces = 3 }: PrintTableOptions = {},
): string {
  const cut = cutter(maxWidth ?? Number.POSITIVE_INFINITY);
  const rows = maxRows === null ? table.rows : table.rows.slice(0, maxRows);
  const shown = maxColumns === null ? table.columnNames.length : Math.min(maxColumns, table.columnNames.length);
  const more = shown < table.columnNames.length;
  const names = [...table.columnNames.slice(0, shown).map(cut), ...(more ? ['...'] : [])];
  const formats = names.map((_, column) =>
    cellFormat({ table, rows, column, maxPlaces: maxPlaces ?? Number.POSITIVE_INFINITY }),
  );
  const cells = rows.map((row) => [
    ...row.slice(0, shown).map((value, column) => cut((formats[column] as CellFormat)(value as Value))),
    ...(more ? ['...'] : []),
  ]);
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => (row[i] as string).length)));
  const isText = (column: number): boolean => table.columnTypes[column] === 'Text';
  const line = (texts: readonly string[]): string => {
    const padded = texts.map((text, i) =>
      isText(i) ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const cutRow = rows.length < table.rows.length ? [line(names.map(() => '...'))] : [];
  return [line(names), rule, ...cells.map(line), ...cutRow, ''].join('\n');
}

const cutter =
  (width: number) =>
  (text: string): string =>
    text.length > width ? `${text.slice(0, width - 3)}...` : text;

type CellFormat = (value: Value) => string;

interface ColumnCells {
  readonly table: ResultTable;
  readonly rows: ResultTable['rows'];
  readonly column: number;
  readonly maxPlaces: number;
}

function cellFormat({ table, rows, column, maxPlaces }: ColumnCells): CellFormat {
  if (table.columnTypes[column] !== 'Number') return (value) => (value === null ? '' : str(value));
  const places = Math.max(0, ...rows.map((row) => decimalPlaces(row[column])));
  return (value) => (value === null ? '' : formatNumber(str(value), Math.min(places, maxPlaces), places > maxPlaces));
}

function decimalPlaces(value: unknown): number {
  if (value === null || value === undefined) return 0;
  const text = str(value as Value);
  if (isWhole(text)) return 0;
  const match = /^[+-]?\d*\.?(\d*?)0*(?:e([+-]?\d+))?$/i.exec(text);
  return Math.max(0, (match?.[1]?.length ?? 0) - Number(match?.[2] ?? 0));
}

function formatNumber(text: string, places: number, ellipsis: boolean): string {
  const number = Number(text);
  if (!Number.isFinite(number)) return text;
  const format = new Intl.NumberFormat('en-US', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    roundingMode: 'halfEven',
  } as Intl.NumberFormatOptions);
  return format.format(/e/i.test(text) ? number : (text as unknown as number)) + (ellipsis ? '…' : '');
}
