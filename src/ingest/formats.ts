import { DuckhouseError } from '../errors.ts';
import { foreignByName } from './foreign.ts';
import { csvFormat } from './formats/csv.ts';
import { jsonFormat } from './formats/json.ts';
import { parquetFormat } from './formats/parquet.ts';
import type { IngestFormat } from './types.ts';

/** Formats that DuckDB reads; Arrow files go to the server as they are. */
const formats: readonly IngestFormat[] = [csvFormat, jsonFormat, parquetFormat];
const arrowExtensions: readonly string[] = ['arrow', 'arrows', 'ipc', 'feather'];

export type FormatName = 'csv' | 'json' | 'parquet' | 'arrow';

export const formatOf = (name: FormatName): IngestFormat =>
  formats.find((format) => format.name === name) as IngestFormat;

const extensionsOf: readonly (readonly [FormatName, readonly string[]])[] = [
  ...formats.map((format) => [format.name as FormatName, format.extensions] as const),
  ['arrow', arrowExtensions],
];

/** The format a file name tells, if any. */
export function maybeFormat(file: string): FormatName | undefined {
  const lower = file.toLowerCase();
  return extensionsOf.find(([, extensions]) => extensions.some((extension) => lower.endsWith(`.${extension}`)))?.[0];
}

/** The format that the first bytes tell: what is nothing else is CSV. */
export function formatOfContent(head: Buffer): FormatName {
  const text = head.toString('latin1');
  if (text.startsWith('PAR1')) return 'parquet';
  if (text.startsWith('ARROW1') || text.startsWith('\xff\xff\xff\xff')) return 'arrow';
  return /^(\xef\xbb\xbf)?\s*[{[]/.test(text) ? 'json' : 'csv';
}

/** The format of a file. InvalidArgument, with the endings known, when its name tells none. */
export function formatOfFile(file: string): FormatName {
  const format = maybeFormat(file);
  if (format !== undefined) return format;
  const foreign = foreignByName(file);
  if (foreign !== undefined) throw foreign;
  const endings = extensionsOf.flatMap(([, extensions]) => extensions.map((extension) => `.${extension}`)).join(' ');
  throw new DuckhouseError('InvalidArgument', `cannot tell the format of ${file}`, {
    id: 'format-unknown',
    context: { file, endings },
    hint: `known endings: ${endings}; or give --file-format`,
  });
}

/** A file's name without folder and ending, as the name of a table. */
export function tableNameOfFile(file: string): string {
  const base = file.split(/[/\\]/).at(-1) ?? file;
  const ending = extensionsOf
    .flatMap(([, extensions]) => extensions)
    .filter((extension) => base.toLowerCase().endsWith(`.${extension}`))
    .sort((a, b) => b.length - a.length)[0];
  const stem = ending === undefined ? base : base.slice(0, -(ending.length + 1));
  const name = stem
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return name === '' ? 'data' : /^\d/.test(name) ? `t_${name}` : name;
}
