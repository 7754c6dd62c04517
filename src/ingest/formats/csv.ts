import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import type { Engine } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { queryRows, type Row } from '../../lakehouse/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import type { IngestFormat, ReadOptions, Scan } from '../types.ts';

const headBytes = 256 << 10;
/** Below this the types are told from every row, above from a sample at the start. */
const wholeFileBytes = 64 << 20;
const sampleRows = 200_000;
const maxLineBytes = 16 << 20;
const isoDate = '%Y-%m-%d';

async function readHead(file: string): Promise<{ readonly head: Buffer; readonly size: number }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { bytesRead, buffer } = await handle.read(
      Buffer.alloc(Math.min(headBytes, size)),
      0,
      Math.min(headBytes, size),
      0,
    );
    return { head: buffer.subarray(0, bytesRead), size };
  } finally {
    await handle.close();
  }
}

const isCompressed = (head: Buffer): boolean =>
  (head[0] === 0x1f && head[1] === 0x8b) || head.readUInt32LE(0) === 0xfd2fb528;

/** utf-16 by its byte order mark, utf-8 when it is valid, latin-1 otherwise. A NUL byte means that it is no text. */
function sniffEncoding(file: string, head: Buffer): string {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return 'utf-16';
  const position = head.indexOf(0);
  if (position >= 0) {
    throw new DuckhouseError('DataInvalid', `${file} is no text: byte ${position} is NUL`, {
      id: 'file-binary',
      context: { file, position },
      hint: 'is it another format? see --file-format',
    });
  }
  // The head may end inside a character.
  return [0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, head.length - cut))) ? 'utf-8' : 'latin-1';
}

async function inspect(file: string): Promise<{ readonly encoding: string | undefined; readonly size: number }> {
  const { head, size } = await readHead(file);
  if (size === 0) throw empty(file);
  if (head.length >= 4 && isCompressed(head)) return { encoding: undefined, size };
  const encoding = sniffEncoding(file, head);
  if (size === head.length && isBlank(head, encoding)) throw empty(file);
  return { encoding, size };
}

const empty = (file: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `file ${file} is empty`, { id: 'file-empty', context: { file } });

/** Nothing but a byte order mark and white space. */
const isBlank = (head: Buffer, encoding: string): boolean =>
  (encoding === 'utf-16' ? head.filter((byte) => byte !== 0).subarray(2) : head)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim() === '';

/** Options of read_csv as SQL. */
function readerOptions(
  options: ReadOptions,
  { encoding, sampleAll }: { readonly encoding: string | undefined; readonly sampleAll: boolean },
): string[] {
  const text = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name} = ${quoteLiteral(value)}`];
  const types = [...options.columns].map(([name, type]) => `${quoteLiteral(name)}: ${quoteLiteral(type)}`);
  return [
    ...text('delim', options.delimiter),
    ...text('quote', options.quote),
    ...text('encoding', encoding === 'utf-8' ? undefined : encoding),
    ...text('decimal_separator', options.decimalComma === true ? ',' : undefined),
    ...text('nullstr', options.nullText),
    ...(options.header === undefined ? [] : [`header = ${options.header}`]),
    ...(types.length === 0 ? [] : [`types = {${types.join(', ')}}`]),
    `sample_size = ${sampleAll ? -1 : sampleRows}`,
    `max_line_size = ${maxLineBytes}`,
    // Left to itself the reader skips the lines before a ragged one as if they were a preamble, or takes some for comments.
    'skip = 0',
    "comment = ''",
  ];
}

const fileList = (files: readonly string[]): string =>
  files.length === 1 ? quoteLiteral(files[0] as string) : `[${files.map(quoteLiteral).join(', ')}]`;

const selectFrom = (files: readonly string[], options: readonly string[]): string =>
  `SELECT * FROM read_csv(${[fileList(files), ...options, ...(files.length > 1 ? ['union_by_name = true'] : [])].join(', ')})`;

async function scanCsv(engine: Engine, files: readonly string[], options: ReadOptions): Promise<Scan> {
  const inspected = await Promise.all(files.map(inspect));
  const first = files[0] as string;
  const encoding = options.encoding ?? inspected.find((file) => file.encoding !== 'utf-8')?.encoding ?? 'utf-8';
  const sampleAll = inspected.reduce((sum, { size }) => sum + size, 0) <= wholeFileBytes;
  const untyped = { ...options, columns: new Map<string, string>() };
  const sniffed = await sniff(engine, first, { options: untyped, encoding, sampleAll });
  checkOverrides(first, options, sniffed.columns);
  const header = options.header ?? sniffed.header;
  const comma =
    options.decimalComma ??
    (await hasDecimalComma(engine, first, { sniffed, options: readerOptions(untyped, { encoding, sampleAll }) }));
  const found: ReadOptions = {
    ...options,
    delimiter: options.delimiter ?? sniffed.delimiter,
    ...(sniffed.quote === undefined ? {} : { quote: options.quote ?? sniffed.quote }),
    header,
    decimalComma: comma,
  };
  const known = files.length === 1 && encoding === 'utf-8' && !comma && options.columns.size === 0;
  if (known && header === sniffed.header && sniffed.settings !== undefined) {
    const sql = selectFrom(files, knownOptions(sniffed, sniffed.settings, options.nullText));
    return { sql, columns: sniffed.columns, details: describeFound(found, encoding) };
  }
  const sql = selectFrom(files, readerOptions(found, { encoding, sampleAll }));
  const columns = await withPlace(first, async () =>
    (await queryRows(engine, `DESCRIBE ${sql}`)).map((row) => ({
      name: String(row.column_name),
      type: String(row.column_type),
    })),
  );
  return { sql, columns, details: describeFound(found, encoding) };
}

/** Everything the sniffer found: the file is not sniffed again to be read. */
function knownOptions(
  { columns, header }: Sniffed,
  { delimiter, quote, escapedBy, dateFormat, timestampFormat }: SniffedSettings,
  nullText: string | undefined,
): string[] {
  const format = (name: string, value: string): string[] => (value === '' ? [] : [`${name} = ${quoteLiteral(value)}`]);
  const types = columns.map(({ name, type }) => `${quoteLiteral(name)}: ${quoteLiteral(type)}`);
  return [
    'auto_detect = false',
    `delim = ${quoteLiteral(delimiter)}`,
    `quote = ${quoteLiteral(quote)}`,
    `escape = ${quoteLiteral(escapedBy)}`,
    `header = ${header}`,
    `columns = {${types.join(', ')}}`,
    // Named, it would be parsed by a slower routine than the cast of such a date.
    ...format('dateformat', dateFormat === isoDate ? '' : dateFormat),
    ...format('timestampformat', timestampFormat),
    ...(nullText === undefined ? [] : [`nullstr = ${quoteLiteral(nullText)}`]),
    `max_line_size = ${maxLineBytes}`,
    'skip = 0',
    "comment = ''",
  ];
}

function describeFound({ delimiter = ',', header, decimalComma, quote }: ReadOptions, encoding: string): string {
  const shown = delimiter === '\t' ? 'tab' : `"${delimiter}"`;
  return [
    `delimiter ${shown}`,
    ...(quote === undefined || quote === '' ? [] : [`quote ${quote}`]),
    encoding,
    header === false ? 'no header' : 'header',
    ...(decimalComma ? ['decimal comma'] : []),
  ].join(', ');
}

interface Sniffed {
  readonly delimiter: string;
  readonly quote: string | undefined;
  readonly header: boolean;
  readonly columns: Scan['columns'];
  /** What else is needed to read the file as it was sniffed; undefined when the sniffer saw it otherwise. */
  readonly settings: SniffedSettings | undefined;
}

interface SniffedSettings {
  readonly delimiter: string;
  /** Empty: none. */
  readonly quote: string;
  readonly escapedBy: string;
  /** Empty: DuckDB's default. */
  readonly dateFormat: string;
  readonly timestampFormat: string;
}

interface SniffRequest {
  readonly options: ReadOptions;
  readonly encoding: string;
  readonly sampleAll: boolean;
}

async function sniff(engine: Engine, file: string, request: SniffRequest): Promise<Sniffed> {
  const [row] = await withPlace(file, () =>
    queryRows(
      engine,
      `SELECT * FROM sniff_csv(${[quoteLiteral(file), ...readerOptions(request.options, request)].join(', ')})`,
    ),
  ).catch(async (error: unknown) => {
    await findRaggedLine(engine, file, request.options.delimiter);
    throw error;
  });
  const columns = ((row?.Columns ?? []) as readonly Row[]).map(({ name, type }) => ({
    name: String(name),
    type: String(type),
  }));
  const delimiter =
    columns.length > 1 || request.options.delimiter !== undefined ? undefined : await delimiterOfHeader(file);
  // One ragged line and the sniffer sees one column of text: with the header's delimiter the line is found and named.
  if (delimiter !== undefined) return sniff(engine, file, { ...request, options: { ...request.options, delimiter } });
  const quote = sniffedText(row?.Quote);
  const singleLine = await isSingleLine(file);
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

/** The sniffer does not say which line it cannot read; reading all columns as text does. Throws that error, if there is one. */
async function findRaggedLine(engine: Engine, file: string, delimiter: string | undefined): Promise<void> {
  if (delimiter === undefined) return;
  const { head } = await readHead(file);
  const columns = (head.toString('utf8').split(/\r?\n/)[0] as string)
    .split(delimiter)
    .map((_, i) => `'c${i}': 'VARCHAR'`);
  const reader = `read_csv(${quoteLiteral(file)}, auto_detect = false, header = true, delim = ${quoteLiteral(delimiter)}, quote = '"', columns = {${columns.join(', ')}})`;
  await withPlace(file, () => queryRows(engine, `SELECT count(*) FROM ${reader}`));
}

/** The commonest of the usual delimiters in the first line, if there is any. */
async function delimiterOfHeader(file: string): Promise<string | undefined> {
  const { head } = await readHead(file);
  const line = head.toString('latin1').split(/\r?\n/)[0] as string;
  const counted = [',', ';', '\t', '|']
    .map((delimiter) => ({ delimiter, count: line.split(delimiter).length - 1 }))
    .filter(({ count }) => count > 0);
  return counted.sort((a, b) => b.count - a.count)[0]?.delimiter;
}

async function isSingleLine(file: string): Promise<boolean> {
  const { head, size } = await readHead(file);
  return size <= headBytes && !/\n[^\s]/.test(head.toString('latin1'));
}

/** Text columns full of numbers such as 1234,56. */
async function hasDecimalComma(
  engine: Engine,
  file: string,
  { sniffed, options }: { readonly sniffed: Sniffed; readonly options: readonly string[] },
): Promise<boolean> {
  const texts = sniffed.columns.filter(({ type }) => type === 'VARCHAR');
  if (sniffed.delimiter === ',' || texts.length === 0) return false;
  const tests = texts.map(
    ({ name }) =>
      `count(${quoteIdentifier(name)}) > 0 AND bool_and(regexp_full_match(${quoteIdentifier(name)}, '-?\\d+(,\\d+)?')) AND bool_or(contains(${quoteIdentifier(name)}, ','))`,
  );
  const rows = await queryRows(
    engine,
    `SELECT ${tests.map((test, i) => `${test} AS c${i}`).join(', ')} FROM (${selectFrom([file], options)} LIMIT 1000)`,
  );
  return Object.values(rows[0] ?? {}).includes(true);
}

function checkOverrides(file: string, { columns: wanted }: ReadOptions, columns: Scan['columns']): void {
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const unknown = [...wanted.keys()].find((name) => !known.has(name.toLowerCase()));
  if (unknown !== undefined) {
    throw new DuckhouseError('InvalidArgument', `${file} has no column "${unknown}"`, {
      id: 'column-unknown',
      context: { table: file, name: unknown, candidates: columns.map(({ name }) => name) },
    });
  }
}

async function withPlace<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw csvError(file, error);
  }
}

/** DuckDB's CSV errors are long; the first lines say what and where. */
export function csvError(file: string, error: unknown): unknown {
  if (!(error instanceof DuckhouseError) || error.context.errorType === undefined || !/csv/i.test(error.message))
    return error;
  const encoding = /does not support the encoding: "(.*)"/.exec(error.message)?.[1];
  if (encoding !== undefined)
    return new DuckhouseError('InvalidArgument', `unknown encoding "${encoding}"`, {
      id: 'encoding-unknown',
      context: { encoding },
      hint: 'utf-8, utf-16 or latin-1',
    });
  const text = error.message.split('\n').filter((line) => line.trim() !== '');
  const line = /Line: (\d+)/.exec(error.message)?.[1] ?? /line (\d+)/i.exec(error.message)?.[1];
  const cause =
    text.find((one) => !/^(CSV Error on|Original Line|Possible|\*)/.test(one.trim())) ?? (text[0] as string);
  const message = `${file}${line === undefined ? '' : `:${line}`}: ${cause.trim()}`;
  return new DuckhouseError('DataInvalid', message, {
    id: 'csv-malformed',
    context: { file, ...(line === undefined ? {} : { line: Number(line) }) },
    hint: '--column NAME:VARCHAR, --delimiter, --quote or --encoding say how to read it',
    cause: error,
  });
}

export const csvFormat: IngestFormat = {
  name: 'csv',
  extensions: ['csv', 'tsv', 'tab', 'txt', 'csv.gz', 'tsv.gz', 'csv.zst', 'tsv.zst'],
  mediaTypes: ['text/csv', 'text/tab-separated-values'],
  scan: scanCsv,
};
