import { str, type Value } from '../../jinja/index.ts';
import type { ResultTable } from '../adapter/table.ts';

/**
 * How the rows of two tables differ, whatever their order: `+++` rows were made but not expected, `---` expected but
 * not made, `→` cells made and expected. Undefined when there is no difference.
 */
export function diffTables(actual: ResultTable, expected: ResultTable): string | undefined {
  const made = actual.rows.map(rowTexts);
  const wanted = expected.rows.map(rowTexts);
  const [extra, missing] = unmatched(made, wanted);
  if (extra.length === 0 && missing.length === 0) return undefined;
  const changed: string[][] = [];
  while (extra.length > 0 && missing.length > 0) {
    const row = extra.shift() as string[];
    const at = nearest(row, missing);
    const [other = []] = missing.splice(at, 1);
    changed.push(['→', ...row.map((cell, i) => (cell === other[i] ? cell : `${other[i] ?? ''}→${cell}`))]);
  }
  const lines = [
    ['@@', ...actual.columnNames],
    ...changed,
    ...extra.map((row) => ['+++', ...row]),
    ...missing.map((row) => ['---', ...row]),
  ];
  return lines.map((line) => line.join(',')).join('\n');
}

const rowTexts = (row: readonly unknown[]): string[] =>
  row.map((value) => (value === null || value === undefined ? '' : str(value as Value)));

function unmatched(made: readonly string[][], wanted: readonly string[][]): [string[][], string[][]] {
  const missing = [...wanted];
  const extra = made.filter((row) => {
    const key = row.join('\u001f');
    const at = missing.findIndex((other) => other.join('\u001f') === key);
    if (at >= 0) missing.splice(at, 1);
    return at < 0;
  });
  return [extra, missing];
}

/** The row that shares the most cells. */
function nearest(row: readonly string[], rows: readonly string[][]): number {
  const shared = rows.map((other) => other.filter((cell, i) => cell === row[i]).length);
  return shared.indexOf(Math.max(...shared));
}
