import path from 'node:path';

export type ExternalOptions = Map<string, string>;

const quotedOptions = new Set(['delimiter', 'quote', 'escape', 'null']);
const compressions: Readonly<Record<string, string>> = { '.gz': 'gzip', '.zst': 'zstd' };

/** Options of COPY for a location, with format, header and compression found from its name. Fills `options` in place. */
export function externalWriteOptions(location: string, options: ExternalOptions): string {
  if (!options.has('format')) inferFormat(location, options);
  if (options.get('format') === 'csv' && !options.has('header')) options.set('header', '1');
  const partition = options.get('partition_by');
  if (partition?.includes(',') && !partition.startsWith('(')) options.set('partition_by', `(${partition})`);
  return [...options]
    .map(([key, value]) =>
      quotedOptions.has(key.toLowerCase()) && !value.startsWith("'") ? `${key} '${value}'` : `${key} ${value}`,
    )
    .join(', ');
}

function inferFormat(location: string, options: ExternalOptions): void {
  const last = path.extname(location);
  const compression = compressions[last.toLowerCase()];
  const extension = (compression === undefined ? last : path.extname(location.slice(0, -last.length))).toLowerCase();
  if (extension === '') {
    options.set('format', options.has('delimiter') ? 'csv' : 'parquet');
    return;
  }
  options.set('format', extension.slice(1));
  if (compression !== undefined && !options.has('compression')) options.set('compression', compression);
}

/** What to read back: a glob over the files of a partitioned or parallel write, the file itself otherwise. */
export function externalReadLocation(location: string, options: ExternalOptions): string {
  const partition = options.get('partition_by');
  if (partition === undefined && options.get('per_thread_output') === undefined) return location;
  const depth = partition === undefined ? 1 : 1 + partition.split(',').length;
  return `${[location, ...Array.from({ length: depth }, () => '*')].join('/')}.${options.get('format') ?? 'parquet'}`;
}
