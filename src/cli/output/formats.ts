import type { OutputFormat } from './types.ts';

export const outputFormats = ['table', 'json', 'ndjson', 'csv', 'parquet', 'arrow', 'md'] as const;
export type OutputFormatName = (typeof outputFormats)[number];

/** Loads a format's writer. A new format is a line here and its name above. */
export async function outputFormat(name: OutputFormatName): Promise<OutputFormat> {
  if (name === 'table') return (await import('./table.ts')).table;
  if (name === 'arrow' || name === 'parquet') return (await import('./files.ts'))[name];
  return (await import('./text.ts'))[name];
}
