import { DuckhouseError } from '../errors.ts';

interface Foreign {
  readonly id: 'file-excel' | 'file-packed' | 'file-other';
  readonly what: string;
  readonly hint: string;
}

const excel: Foreign = {
  id: 'file-excel',
  what: 'a workbook',
  hint: 'save the sheet as "CSV UTF-8" and load that file',
};
const packed = (what: string): Foreign => ({
  id: 'file-packed',
  what,
  hint: 'unpack it first: only gzip and zstd are read as they are',
});
const other = (what: string, format?: string): Foreign => ({
  id: 'file-other',
  what,
  hint: format === undefined ? 'export it as CSV, JSON or Parquet' : `--file-format ${format}`,
});

const byEnding: readonly (readonly [RegExp, Foreign])[] = [
  [/\.(xlsx?|xlsm|xlsb|ods|numbers)$/i, excel],
  [/\.(zip|7z|rar|tar|tgz|bz2|xz|lz4|br|tar\.\w+)$/i, packed('an archive')],
  [/\.avro$/i, other('Avro')],
  [/\.orc$/i, other('ORC')],
  [/\.(db|sqlite3?|duckdb)$/i, other('a database')],
  [/\.pdf$/i, other('PDF')],
];

/** First bytes, as latin-1. */
const byStart: readonly (readonly [string, Foreign])[] = [
  ['\xd0\xcf\x11\xe0', excel],
  ['BZh', packed('bzip2')],
  ['\xfd7zXZ', packed('xz')],
  ["7z\xbc\xaf'", packed('a 7z archive')],
  ['PAR1', other('Parquet', 'parquet')],
  ['ARROW1', other('Arrow IPC', 'arrow')],
  ['Obj\x01', other('Avro')],
  ['ORC', other('ORC')],
  ['SQLite format 3', other('a SQLite database')],
  ['%PDF-', other('PDF')],
];

const told = (file: string, { id, what, hint }: Foreign): DuckhouseError =>
  new DuckhouseError('InvalidArgument', `${file} is ${what}`, { id, context: { file, what }, hint });

/** The error of a file whose name says that it is nothing that can be loaded. */
export function foreignByName(file: string): DuckhouseError | undefined {
  const found = byEnding.find(([ending]) => ending.test(file));
  return found === undefined ? undefined : told(file, found[1]);
}

/** The error of a file that is no text, by its first bytes. */
export function foreignByStart(file: string, head: Buffer): DuckhouseError | undefined {
  const start = head.subarray(0, 4096).toString('latin1');
  if (start.startsWith('PK\x03\x04'))
    return told(file, start.includes('[Content_Types].xml') ? excel : packed('a ZIP archive'));
  const found = byStart.find(([bytes]) => start.startsWith(bytes) && bytes !== 'ORC' && bytes !== 'BZh');
  if (found !== undefined) return told(file, found[1]);
  // Three letters begin many a text: there has to be something else that no text has.
  const short = byStart.find(([bytes]) => start.startsWith(bytes));
  return short !== undefined && start.includes('\0') ? told(file, short[1]) : undefined;
}
