import { DuckhouseError } from '../../errors.ts';

/** Runs it; what DuckDB's reader says of a file is an error of that file, not of a place in our SQL. */
export async function withFile<T>(
  { read, shown }: { readonly read: readonly string[]; readonly shown: readonly string[] },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw readerError({ read, shown }, error);
  }
}

/** The same for an error of the rows that come later. */
export function readerError(
  { read, shown }: { readonly read: readonly string[]; readonly shown: readonly string[] },
  error: unknown,
): unknown {
  if (!(error instanceof DuckhouseError) || error.context.errorType === undefined || error.id !== undefined)
    return error;
  if (!/JSON|parquet|magic bytes/i.test(error.message)) return error;
  const text = (error.message.split('\n')[0] as string).trim();
  const named = read.reduce((message, file, i) => message.replaceAll(file, shown[i] ?? file), text);
  const message = shown.some((file) => named.includes(file)) ? named : `${shown[0]}: ${named}`;
  return new DuckhouseError('DataInvalid', message, {
    id: 'file-malformed',
    context: { file: shown[0] },
    cause: error,
  });
}
