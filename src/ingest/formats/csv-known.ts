import { quoteLiteral } from '../../sql.ts';
import type { ReadOptions, Scan } from '../types.ts';
import { sizeOptions } from './csv-reader.ts';

export const isoDate = '%Y-%m-%d';

export interface SniffedSettings {
  readonly delimiter: string;
  /** Empty: none. */
  readonly quote: string;
  readonly escapedBy: string;
  /** Empty: DuckDB's default. */
  readonly dateFormat: string;
  readonly timestampFormat: string;
}

/** How a file is read of which everything is known. */
export interface Known {
  readonly columns: Scan['columns'];
  readonly header: boolean;
  readonly settings: SniffedSettings;
}

/** Options of read_csv with everything the sniffer found: the file is not sniffed again to be read. */
export function knownOptions({ columns, header, settings }: Known, { nullText, skip }: ReadOptions): string[] {
  const { delimiter, quote, escapedBy, dateFormat, timestampFormat } = settings;
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
    ...sizeOptions,
    `skip = ${skip ?? 0}`,
    "comment = ''",
  ];
}
