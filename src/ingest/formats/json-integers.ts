import type { Row } from '../../lakehouse/index.ts';
import { quoteIdentifier } from '../../sql.ts';
import type { Scan } from '../types.ts';
import { integerType } from './huge-integers.ts';
import { formatType, type JsonType, parseType, type Step, valuesAt, waysTo, withType } from './json-types.ts';

type Columns = Scan['columns'];
/** Runs a query over the files, read with these columns only. */
type Look = (columns: Columns, query: (source: string) => string) => Promise<readonly Row[]>;

interface Doubles {
  readonly name: string;
  readonly way: readonly Step[];
}

const lookedAt = 2000;

/** The columns, with types that keep integers beyond BIGINT wherever they lie; the same array when there are none. */
export async function keepHugeIntegers(columns: Columns, look: Look): Promise<Columns> {
  const types = new Map(columns.map(({ name, type }) => [name, parseType(type)]));
  const doubles = [...types].flatMap(([name, type]) => waysTo('DOUBLE', type).map((way) => ({ name, way })));
  if (doubles.length === 0) return columns;
  const texts = columns
    .filter(({ name }) => doubles.some((one) => one.name === name))
    .map(({ name }) => ({ name, type: formatType(replaced(name, { types, doubles, type: 'VARCHAR' })) }));
  const tests = doubles.map(({ name, way }, i) => `${longest(valuesAt(quoteIdentifier(name), way))} AS c${i}`);
  const digits = async (rows: string): Promise<readonly number[]> => {
    const [row] = await look(texts, (source) => `SELECT ${tests.join(', ')} FROM (FROM ${source}${rows})`);
    return Object.values(row ?? {}).map(Number);
  };
  const first = await digits(` LIMIT ${lookedAt}`);
  const found = first.some((count) => count > 0) ? await digits('') : first;
  const huge = doubles.map((one, i) => ({ ...one, digits: found[i] ?? 0 })).filter((one) => one.digits > 0);
  if (huge.length === 0) return columns;
  for (const { name, way, digits } of huge) types.set(name, withType(typeOf(types, name), way, integerType(digits)));
  return columns.map(({ name }) => ({ name, type: formatType(typeOf(types, name)) }));
}

const typeOf = (types: ReadonlyMap<string, JsonType>, name: string): JsonType => types.get(name) as JsonType;

interface Replacement {
  readonly types: ReadonlyMap<string, JsonType>;
  readonly doubles: readonly Doubles[];
  readonly type: string;
}

const replaced = (name: string, { types, doubles, type }: Replacement): JsonType =>
  doubles.filter((one) => one.name === name).reduce((tree, { way }) => withType(tree, way, type), typeOf(types, name));

/** SQL: the digits of the longest when all texts of the lists are integers, else 0. */
function longest(list: string): string {
  const others = `len(list_filter(${list}, lambda t: NOT regexp_full_match(t, '[+-]?\\d+')))`;
  const digits = `list_max(list_transform(${list}, lambda t: length(regexp_extract(t, '\\d+'))))`;
  return `CASE WHEN bool_and(${others} = 0) THEN coalesce(max(${digits}), 0)::DOUBLE ELSE 0::DOUBLE END`;
}
