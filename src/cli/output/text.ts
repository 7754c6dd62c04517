import { write } from '../effects.ts';
import { cellText, jsonCell, readRows } from './rows.ts';
import type { OutputFormat, OutputRequest } from './types.ts';

/** Writes lines batch by batch, `limit` rows at most; resolves with the rows written. */
async function writeLines(
  { schema, messages, out, limit }: OutputRequest,
  line: (row: readonly unknown[], index: number) => string,
): Promise<number> {
  let count = 0;
  for await (const rows of readRows(schema, messages)) {
    const wanted = limit === undefined ? rows : rows.slice(0, limit - count);
    if (wanted.length > 0) await write(out, wanted.map((row, i) => line(row, count + i)).join(''));
    count += wanted.length;
    if (limit !== undefined && count >= limit) break;
  }
  return count;
}

const objectOf = ({ schema }: OutputRequest, row: readonly unknown[]): string =>
  JSON.stringify(Object.fromEntries(schema.fields.map((field, i) => [field.name, jsonCell(field, row[i])])));

export const ndjson: OutputFormat = (request) => writeLines(request, (row) => `${objectOf(request, row)}\n`);

/** One array. */
export const json: OutputFormat = async (request) => {
  await write(request.out, '[');
  const count = await writeLines(request, (row, i) => `${i === 0 ? '\n' : ',\n'}${objectOf(request, row)}`);
  await write(request.out, count === 0 ? ']\n' : '\n]\n');
  return count;
};

const csvCell = (text: string): string =>
  /[",\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;

/** RFC 4180; NULL is nothing, an empty text is quoted. */
export const csv: OutputFormat = async (request) => {
  await write(request.out, `${request.schema.fields.map(({ name }) => csvCell(name)).join(',')}\n`);
  return writeLines(
    request,
    (row) => `${row.map((value) => (value === null ? '' : csvCell(cellText(value)))).join(',')}\n`,
  );
};

const markdownCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', '<br>');

export const md: OutputFormat = async (request) => {
  const { fields } = request.schema;
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(' | ')} |\n`;
  await write(request.out, line(fields.map(({ name }) => name)) + line(fields.map(() => '---')).replaceAll('\\|', '|'));
  return writeLines(request, (row) => line(row.map(cellText)));
};
