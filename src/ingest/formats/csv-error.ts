import { DuckhouseError, type ErrorOptions } from '../../errors.ts';
import type { TextFile } from '../text-files.ts';

/** Runs it; its errors name the file. */
export async function withPlace<T>({ name }: Pick<TextFile, 'name'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw csvError(name, error);
  }
}

/** DuckDB's CSV errors are long; the first lines say what and where. */
export function csvError(file: string, error: unknown): unknown {
  if (!(error instanceof DuckhouseError) || error.context.errorType === undefined || error.id !== undefined)
    return error;
  if (!/csv/i.test(error.message)) return error;
  const line = lineOf(error.message);
  const place = line === undefined ? '' : `:${line}`;
  return new DuckhouseError('DataInvalid', `${file}${place}: ${causeOf(error.message)}`, {
    ...adviceOf(error.message, { file, ...(line === undefined ? {} : { line: Number(line) }) }),
    cause: error,
  });
}

const tooLong = /^Maximum line size.*/m;

/** Undefined where DuckDB does not know: of a line that is too long it names the first while it looks at the beginning of the file. */
function lineOf(message: string): string | undefined {
  const line = /Line: (\d+)/.exec(message)?.[1] ?? /line (\d+)/i.exec(message)?.[1];
  return line === '1' && tooLong.test(message) ? undefined : line;
}

function causeOf(message: string): string {
  const [long] = tooLong.exec(message) ?? [];
  if (long !== undefined) return long.trim();
  const text = message.split('\n').filter((line) => line.trim() !== '');
  if (/^Error when sniffing file/.test(text[0] ?? '')) return 'no delimiter, quote and number of columns fit all lines';
  const cause = text.find((one) => !/^(CSV Error on|Original Line|Possible|\*)/.test(one.trim())) ?? text[0];
  return (cause as string).trim();
}

interface Place {
  readonly file: string;
  readonly line?: number;
}

function adviceOf(message: string, place: Place): Pick<ErrorOptions, 'id' | 'hint' | 'context'> {
  const column = /Error when converting column "([^"]*)"/.exec(message)?.[1];
  if (column !== undefined)
    return { id: 'csv-type', hint: `--column "${column}:VARCHAR" keeps it as text`, context: { ...place, column } };
  if (/not utf-8 encoded/i.test(message))
    return { id: 'csv-encoding', hint: '--encoding latin-1, or what it is', context: { ...place } };
  const hint = '--column NAME:VARCHAR, --delimiter, --quote, --skip or --encoding say how to read it';
  return { id: 'csv-malformed', hint, context: { ...place } };
}
