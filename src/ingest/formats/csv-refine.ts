import { queryRows, type Session } from '../../lakehouse/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import type { TextFile } from '../text-files.ts';
import { knownOptions } from './csv-known.ts';
import { readerOptions, sampleRows, selectFrom } from './csv-reader.ts';
import type { Sniffed, SniffRequest } from './csv-sniff.ts';
import { integerDigits, integerType } from './huge-integers.ts';

export interface Refined {
  readonly decimalComma: boolean;
  /** Columns whose type would not keep what is written. */
  readonly types: ReadonlyMap<string, string>;
}

const lookedAt = 2000;
/** Integers of so many digits are exact as DOUBLE. */
const exactDigits = 15;
/** Of two-digit years DuckDB takes the first number for the year where it can; most people write it last. */
const yearLast = '%d %m %y';

/** Looks at the first rows as text for what the sniffer gets wrong: decimal commas, integers beyond BIGINT, years of two digits, infinity. */
export async function refine(
  session: Session,
  file: TextFile,
  { sniffed, ...request }: SniffRequest & { readonly sniffed: Sniffed },
): Promise<Refined> {
  const { columns, delimiter, settings } = sniffed;
  const tests = columns.flatMap(({ name, type }) => {
    const column = quoteIdentifier(name);
    if (type === 'VARCHAR') return [[name, infinite(column)], ...(delimiter === ',' ? [] : [[name, commas(column)]])];
    if (type === 'DOUBLE' && request.options.thousands === undefined) return [[name, integerDigits(column)]];
    if (isDate(type) && request.options.dateFormat === undefined)
      return [
        [name, infinite(column)],
        [name, shortYears(column, settings?.dateFormat ?? '')],
      ];
    return [];
  });
  if (tests.length === 0) return { decimalComma: false, types: new Map() };
  const source = selectFrom([file], asTexts(sniffed, request));
  const look = async (rows: string): Promise<readonly unknown[]> => {
    const selected = tests.map(([, test], i) => `${test} AS c${i}`).join(', ');
    return Object.values((await queryRows(session, `SELECT ${selected} FROM (${source}${rows})`))[0] ?? {});
  };
  let answers = await look(` LIMIT ${lookedAt}`);
  // What the first rows say of numbers has to hold further down: all of them are looked at.
  if (answers.some((answer) => answer === 'DOUBLE' || (typeof answer === 'number' && answer > 0)))
    answers = await look(request.sampleAll ? '' : ` LIMIT ${sampleRows}`);
  const types = new Map<string, string>();
  for (const [i, [name]] of tests.entries()) {
    const answer = answers[i];
    if (typeof answer === 'number' && answer > 0) types.set(name as string, integerType(answer));
    if (typeof answer === 'string') types.set(name as string, answer);
  }
  return { decimalComma: answers.includes(true), types };
}

/** How to read the file with numbers and dates as texts. */
function asTexts({ columns, delimiter, header, settings }: Sniffed, request: SniffRequest): string[] {
  const { options, readAs } = request;
  const isText = (type: string): boolean => type === 'DOUBLE' || isDate(type);
  const untouched = options.thousands === undefined && options.decimalComma === undefined;
  if (settings !== undefined && readAs === undefined && untouched && options.header === undefined)
    return knownOptions(
      { columns: columns.map(({ name, type }) => ({ name, type: isText(type) ? 'VARCHAR' : type })), header, settings },
      options,
    );
  const texts = columns.filter(({ type }) => isText(type)).map(({ name }) => [name, 'VARCHAR'] as const);
  return readerOptions({ ...options, delimiter, columns: new Map(texts) }, request);
}

const isDate = (type: string): boolean => type === 'DATE' || type.startsWith('TIMESTAMP');

/** True for a text column full of numbers such as 1234,56. */
const commas = (column: string): string =>
  `count(${column}) > 0 AND bool_and(regexp_full_match(${column}, '-?\\d+(,\\d+)?')) AND bool_or(contains(${column}, ','))`;

/** The sniffer takes a first "inf" for a date, and numbers after it for text. Type of a column of such words, alone or among numbers. */
function infinite(column: string): string {
  const all = (words: string): string => `bool_and(regexp_full_match(${column}, '\\s*[+-]?(${words})\\s*', 'i'))`;
  const word = `bool_or(regexp_matches(${column}, '^\\s*[+-]?inf', 'i'))`;
  const numbers = `inf|infinity|nan|(\\d{1,${exactDigits}}(\\.\\d*)?|\\.\\d+)(e[+-]?\\d+)?`;
  return `CASE WHEN ${word} AND ${all(numbers)} THEN 'DOUBLE' WHEN ${all('inf|infinity|nan|epoch')} THEN 'VARCHAR' END`;
}

/** VARCHAR when years have two digits and it is not clear which number they are. */
function shortYears(column: string, format: string): string {
  const found = (condition: string): string => `CASE WHEN ${condition} THEN 'VARCHAR' END`;
  // Without a format of its own DuckDB takes 25/12/25 for a day of the year 25.
  if (!format.includes('%y'))
    return found(`bool_or(regexp_matches(${column}, '^\\s*\\d{1,2}[^\\d:]\\d{1,2}[^\\d:]\\d{1,2}(\\D|$)'))`);
  if (!format.startsWith('%y')) return 'NULL';
  const digits = `regexp_replace(${column}, '^\\s*(\\d{1,2})\\D(\\d{1,2})\\D(\\d{1,2}).*', '\\1 \\2 \\3')`;
  return found(`bool_and(${column} IS NULL OR try_strptime(${digits}, ${quoteLiteral(yearLast)}) IS NOT NULL)`);
}
