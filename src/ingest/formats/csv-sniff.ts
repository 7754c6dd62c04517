import { queryRows, type Row, type Session } from '../../lakehouse/index.ts';
import { quoteLiteral } from '../../sql.ts';
import type { TextFile } from '../text-files.ts';
import type { ReadOptions, Scan } from '../types.ts';
import { withPlace } from './csv-error.ts';
import { knownOptions, type SniffedSettings } from './csv-known.ts';
import { dialectRows, type Reading, readerOptions, sampleRows, selectFrom } from './csv-reader.ts';

export interface Sniffed {
  readonly delimiter: string;
  readonly quote: string | undefined;
  readonly header: boolean;
  readonly columns: Scan['columns'];
  /** What else is needed to read the file as it was sniffed; undefined when the sniffer saw it otherwise. */
  readonly settings: SniffedSettings | undefined;
}

export interface SniffRequest extends Reading {
  readonly options: ReadOptions;
}

/** What DuckDB's sniffer says of a file. DataInvalid names the line that cannot be read. */
export const sniff = async (session: Session, file: TextFile, request: SniffRequest): Promise<Sniffed> =>
  (request.sampleAll ? undefined : await sniffLarge(session, file, request)) ?? sniffAsTold(session, file, request);

/**
 * Few rows tell the dialect, with which the many that tell the types are read in a third of the time. Where the few have no quotes
 * those that come later are the usual ones. Undefined when that does not hold.
 */
async function sniffLarge(session: Session, file: TextFile, request: SniffRequest): Promise<Sniffed | undefined> {
  const few = await sniffAsTold(session, file, { ...request, rows: dialectRows });
  const isOdd = few.quote === undefined && file.head?.includes('"') !== false;
  if (few.settings === undefined || few.columns.length === 1 || isOdd) return undefined;
  const quote = request.options.quote ?? few.quote ?? '"';
  const options = { ...request.options, delimiter: few.delimiter, quote };
  const escapedBy = few.settings.escapedBy === '' ? quote : few.settings.escapedBy;
  try {
    const many = await sniffAsTold(session, file, { ...request, options, escapedBy });
    if (few.quote === undefined) await readSample(session, file, many, request.options);
    return many.columns.length === few.columns.length ? { ...many, quote: few.quote } : undefined;
  } catch {
    return undefined;
  }
}

/** The sniffer passes over rows that do not fit the dialect that it was told. */
async function readSample(session: Session, file: TextFile, { settings, ...found }: Sniffed, options: ReadOptions) {
  if (settings === undefined) return;
  const columns = found.columns.map(({ name }) => ({ name, type: 'VARCHAR' }));
  const source = selectFrom([file], knownOptions({ ...found, columns, settings }, options));
  await queryRows(session, `SELECT count(*) FROM (${source} LIMIT ${sampleRows})`);
}

async function sniffAsTold(session: Session, file: TextFile, request: SniffRequest): Promise<Sniffed> {
  const [row] = await withPlace(file, () =>
    queryRows(
      session,
      `SELECT * FROM sniff_csv(${[quoteLiteral(file.path), ...readerOptions(request.options, request)].join(', ')})`,
    ),
  ).catch(async (error: unknown) => {
    await findRaggedLine(session, file, request.options);
    throw error;
  });
  const columns = ((row?.Columns ?? []) as readonly Row[]).map(({ name, type }) => ({
    name: String(name),
    type: String(type),
  }));
  const delimiter =
    columns.length > 1 || request.options.delimiter !== undefined
      ? undefined
      : delimiterOfHeader(file, request.options.skip);
  // One ragged line and the sniffer sees one column of text: with the header's delimiter the line is found and named.
  if (delimiter !== undefined)
    return sniffAsTold(session, file, { ...request, options: { ...request.options, delimiter } });
  const quote = sniffedText(row?.Quote);
  const singleLine = isSingleLine(file);
  return {
    delimiter: String(row?.Delimiter ?? ','),
    quote: quote === '' ? undefined : quote,
    // A file of one line has no data to tell a header from: it is a header.
    header: row?.HasHeader === true || singleLine,
    columns,
    settings:
      row === undefined || singleLine
        ? undefined
        : {
            delimiter: String(row.Delimiter ?? ','),
            quote,
            escapedBy: sniffedText(row.Escape),
            dateFormat: sniffedText(row.DateFormat),
            timestampFormat: sniffedText(row.TimestampFormat),
          },
  };
}

/** The sniffer's way to say "none" is empty text, whatever it writes. */
function sniffedText(value: unknown): string {
  const text = String(value ?? '');
  return /^(\(empty\)|\\0|\0|)$/.test(text) ? '' : text;
}

function headerLine({ head }: TextFile, skip = 0): string {
  return head?.toString('utf8').split(/\r?\n/)[skip] ?? '';
}

/** The sniffer does not say which line it cannot read; reading all columns as text does. Throws that error, if there is one. */
async function findRaggedLine(session: Session, file: TextFile, { delimiter, skip = 0 }: ReadOptions): Promise<void> {
  if (delimiter === undefined) return;
  const columns = headerLine(file, skip)
    .split(delimiter)
    .map((_, i) => `'c${i}': 'VARCHAR'`);
  const reader = `read_csv(${quoteLiteral(file.path)}, auto_detect = false, header = true, skip = ${skip}, delim = ${quoteLiteral(delimiter)}, quote = '"', columns = {${columns.join(', ')}})`;
  await withPlace(file, () => queryRows(session, `SELECT count(*) FROM ${reader}`));
}

const delimiters = [',', ';', '\t', '|'];
const countOf = (line: string, delimiter: string): number => line.split(delimiter).length - 1;

/** The commonest of the usual delimiters in the first line, if there is any. */
function delimiterOfHeader(file: TextFile, skip: number | undefined): string | undefined {
  const line = headerLine(file, skip);
  const counted = delimiters
    .map((delimiter) => ({ delimiter, count: countOf(line, delimiter) }))
    .filter(({ count }) => count > 0);
  return counted.sort((a, b) => b.count - a.count)[0]?.delimiter;
}

const mostTitleLines = 20;

/** How many lines without a delimiter stand above lines that all have the same number of one: a title, perhaps. 0 = none. */
export function titleLines({ head, whole }: TextFile): number {
  const lines = (head?.toString('utf8') ?? '').split(/\r?\n/).slice(0, whole ? undefined : -1);
  for (const delimiter of delimiters) {
    const counts = lines.slice(0, 2 * mostTitleLines).map((line) => countOf(line, delimiter));
    const title = counts.findIndex((count) => count > 0);
    const rows = counts.slice(title).filter((_, i) => lines[title + i] !== '');
    if (title > 0 && title <= mostTitleLines && rows.length > 1 && rows.every((count) => count === rows[0]))
      return title;
  }
  return 0;
}

const isSingleLine = ({ head, whole }: TextFile): boolean =>
  whole && head !== undefined && !/[\r\n][^\s]/.test(head.toString('latin1').trimStart());
