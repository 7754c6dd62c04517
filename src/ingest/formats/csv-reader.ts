import { quoteLiteral } from '../../sql.ts';
import type { TextFile } from '../text-files.ts';
import type { ReadOptions } from '../types.ts';

export const sampleRows = 200_000;
/** Enough to tell delimiter, quotes and escapes: as many as DuckDB looks at by itself. */
export const dialectRows = 20_480;
/** Said of the buffer too: left to itself the reader takes one of 16 lines that long, and the sniffer fills it each time. */
export const sizeOptions: readonly string[] = [`max_line_size = ${16 << 20}`, `buffer_size = ${32 << 20}`];

/** How far the reader looks. */
export interface Reading {
  /** DuckDB's name of the encoding, when it is to decode. */
  readonly readAs: string | undefined;
  /** Types are told from every row. */
  readonly sampleAll: boolean;
  /** Rows to tell types from where not all of them do. */
  readonly rows?: number;
  readonly escapedBy?: string;
}

/** Options of read_csv as SQL. */
export function readerOptions(
  options: ReadOptions,
  { readAs, sampleAll, rows = sampleRows, escapedBy }: Reading,
): string[] {
  const text = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name} = ${quoteLiteral(value)}`];
  const types = [...options.columns].map(([name, type]) => `${quoteLiteral(name)}: ${quoteLiteral(type)}`);
  return [
    ...text('delim', options.delimiter),
    ...text('quote', options.quote),
    ...text('escape', escapedBy),
    ...text('encoding', readAs),
    ...text('decimal_separator', options.decimalComma === true ? ',' : undefined),
    ...text('thousands', options.thousands),
    // As the format of dates it would lose the time of day.
    ...text(/%[HIMSfgpX]/.test(options.dateFormat ?? '') ? 'timestampformat' : 'dateformat', options.dateFormat),
    ...text('nullstr', options.nullText),
    ...(options.header === undefined ? [] : [`header = ${options.header}`]),
    ...(types.length === 0 ? [] : [`types = {${types.join(', ')}}`]),
    `sample_size = ${sampleAll ? -1 : rows}`,
    ...sizeOptions,
    // Left to itself the reader skips the lines before a ragged one as if they were a preamble, or takes some for comments.
    `skip = ${options.skip ?? 0}`,
    "comment = ''",
  ];
}

const fileList = (files: readonly TextFile[]): string =>
  files.length === 1
    ? quoteLiteral((files[0] as TextFile).path)
    : `[${files.map(({ path }) => quoteLiteral(path)).join(', ')}]`;

export const selectFrom = (files: readonly TextFile[], options: readonly string[]): string =>
  `SELECT * FROM read_csv(${[fileList(files), ...options, ...(files.length > 1 ? ['union_by_name = true'] : [])].join(', ')})`;
