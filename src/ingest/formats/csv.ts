import { DuckhouseError } from '../../errors.ts';
import { queryRows, type Session } from '../../lakehouse/index.ts';
import { hivePlace } from '../hive.ts';
import { openTextFiles, type TextFile } from '../text-files.ts';
import type { Finding, IngestFormat, ReadOptions, Scan } from '../types.ts';
import { withPlace } from './csv-error.ts';
import { isoDate, knownOptions } from './csv-known.ts';
import { readerOptions, selectFrom } from './csv-reader.ts';
import { refine } from './csv-refine.ts';
import { type Sniffed, sniff, titleLines } from './csv-sniff.ts';

/** Below this the types are told from every row, above from a sample at the start. */
const wholeFileBytes = 64 << 20;

async function scanCsv(session: Session, files: readonly string[], options: ReadOptions): Promise<Scan> {
  const { encoding, inPlace } = options;
  const texts = await openTextFiles(files, { encoding, copies: inPlace !== true, oneNewline: true });
  try {
    return { ...(await scanTexts(session, texts.files, withSeparatorLine(options, texts.files))), close: texts.close };
  } catch (error) {
    await texts.close();
    throw error;
  }
}

/** Excel's first line that names the delimiter. */
function withSeparatorLine(options: ReadOptions, files: readonly TextFile[]): ReadOptions {
  const delimiters = files.map(({ head }) => /^sep=(.)\r?\n/i.exec(head?.subarray(0, 16).toString('utf8') ?? '')?.[1]);
  const delimiter = delimiters[0];
  if (delimiter === undefined || options.skip !== undefined || delimiters.some((one) => one !== delimiter))
    return options;
  return { ...options, skip: 1, delimiter: options.delimiter ?? delimiter };
}

async function scanTexts(session: Session, files: readonly TextFile[], options: ReadOptions): Promise<Scan> {
  const first = files[0] as TextFile;
  const sampleAll = files.reduce((sum, { size }) => sum + size, 0) <= wholeFileBytes;
  const readAs = files.find((file) => file.readAs !== undefined)?.readAs;
  const untyped = { ...options, columns: new Map<string, string>() };
  const sniffed = await sniff(session, first, { options: untyped, readAs, sampleAll });
  checkOverrides(first.name, options, sniffed.columns);
  const header = options.header ?? sniffed.header;
  const refined = await refine(session, first, { sniffed, options: untyped, readAs, sampleAll });
  const found: ReadOptions = {
    ...options,
    delimiter: options.delimiter ?? sniffed.delimiter,
    ...(sniffed.quote === undefined ? {} : { quote: options.quote ?? sniffed.quote }),
    header,
    decimalComma: options.decimalComma ?? refined.decimalComma,
    columns: new Map([...refined.types, ...options.columns]),
  };
  const told = findingsOf(found, { files, sniffed });
  const known =
    files.length === 1 &&
    readAs === undefined &&
    hivePlace(first.name) === undefined &&
    !found.decimalComma &&
    options.columns.size === 0 &&
    options.thousands === undefined;
  if (known && header === sniffed.header && sniffed.settings !== undefined) {
    const columns = sniffed.columns.map(({ name, type }) => ({ name, type: refined.types.get(name) ?? type }));
    return {
      sql: selectFrom(files, knownOptions({ ...sniffed, columns, settings: sniffed.settings }, options)),
      columns,
      found: told,
    };
  }
  const sql = selectFrom(files, readerOptions(found, { readAs, sampleAll }));
  const columns = await withPlace(first, async () =>
    (await queryRows(session, `DESCRIBE ${sql}`)).map((row) => ({
      name: String(row.column_name),
      type: String(row.column_type),
    })),
  );
  return { sql, columns, found: told };
}

function findingsOf(
  { delimiter = ',', header, decimalComma, quote, columns, dateFormat, skip }: ReadOptions,
  { files, sniffed }: { readonly files: readonly TextFile[]; readonly sniffed: Sniffed },
): Finding[] {
  const dates = dateFormat ?? sniffed.settings?.dateFormat ?? '';
  const title = sniffed.columns.length > 1 || skip !== undefined ? 0 : titleLines(files[0] as TextFile);
  return [
    sniffed.columns.length === 1 ? ['oneColumn'] : delimiter === '\t' ? ['tab'] : ['delimiter', delimiter],
    ...(quote === undefined || quote === '' ? [] : [['quote', quote] as const]),
    ['encoding', [...new Set(files.map(({ encoding }) => encoding))].join('/')],
    [header === false ? 'noHeader' : 'header'],
    ...(decimalComma ? [['decimalComma'] as const] : []),
    ...(dates === '' || dates === isoDate || columns.size > 0 ? [] : [['dates', dates] as const]),
    ...(title === 0 ? [] : [['titleLines', title] as const]),
  ];
}

function checkOverrides(file: string, { columns: wanted }: ReadOptions, columns: Scan['columns']): void {
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const unknown = [...wanted.keys()].find((name) => !known.has(name.toLowerCase()));
  if (unknown !== undefined) {
    throw new DuckhouseError('InvalidArgument', `${file} has no column "${unknown}"`, {
      id: 'file-column-unknown',
      context: { file, name: unknown, candidates: columns.map(({ name }) => name) },
    });
  }
}

export const csvFormat: IngestFormat = {
  name: 'csv',
  extensions: ['csv', 'tsv', 'tab', 'txt', 'csv.gz', 'tsv.gz', 'csv.zst', 'tsv.zst'],
  mediaTypes: ['text/csv', 'text/tab-separated-values'],
  scan: scanCsv,
};
