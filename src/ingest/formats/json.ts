import type { Engine } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { queryRows } from '../../lakehouse/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import { describeSelect } from '../describe.ts';
import { openTextFiles, type TextFile } from '../text-files.ts';
import type { IngestFormat, ReadOptions, Scan } from '../types.ts';
import { replacing } from './casts.ts';
import { integerDigits, integerType } from './huge-integers.ts';
import { withFile } from './reader-error.ts';

/** Deeper values stay JSON: Arrow types may not be nested without end. */
const depth = 32;
const lookedAt = 2000;

/** JSON: one array, or a value a line. */
async function scanJson(engine: Engine, files: readonly string[], options: ReadOptions): Promise<Scan> {
  const texts = await openTextFiles(files, {
    encoding: options.encoding,
    copies: options.inPlace !== true,
    noMark: true,
  });
  try {
    return { ...(await scanTexts(engine, texts.files, options)), close: texts.close };
  } catch (error) {
    await texts.close();
    throw error;
  }
}

async function scanTexts(engine: Engine, files: readonly TextFile[], options: ReadOptions): Promise<Scan> {
  checkRows(files);
  const list = `[${files.map(({ path }) => quoteLiteral(path)).join(', ')}]`;
  const union = files.length > 1 ? ', union_by_name = true' : '';
  const reader = `read_json(${list}, sample_size = -1, maximum_depth = ${depth}${union})`;
  const places = { read: files.map(({ path }) => path), shown: files.map(({ name }) => name) };
  return withFile(places, async () => {
    const found = await describeSelect(engine, `SELECT * FROM ${reader}`);
    const huge = await hugeIntegers(engine, list, found);
    // Read as DOUBLE first the digits would be gone: then all types are named to the reader.
    const exact = `read_json(${list}, columns = ${typeList(found, huge)})`;
    const sql = `SELECT ${replacing(options.columns)} FROM ${huge.size === 0 ? reader : exact}`;
    return {
      sql,
      details: files.length === 1 ? '1 file' : `${files.length} files`,
      columns: await describeSelect(engine, sql),
    };
  });
}

const typeList = (columns: Scan['columns'], instead: ReadonlyMap<string, string>): string =>
  `{${columns.map(({ name, type }) => `${quoteLiteral(name)}: ${quoteLiteral(instead.get(name) ?? type)}`).join(', ')}}`;

/** Types by column that keep integers beyond BIGINT. */
async function hugeIntegers(
  engine: Engine,
  list: string,
  columns: Scan['columns'],
): Promise<ReadonlyMap<string, string>> {
  const doubles = columns.filter(({ type }) => type === 'DOUBLE').map(({ name }) => name);
  if (doubles.length === 0) return new Map();
  const texts = new Map(doubles.map((name) => [name, 'VARCHAR']));
  const tests = doubles.map((name, i) => `${integerDigits(quoteIdentifier(name))} AS c${i}`).join(', ');
  const source = `FROM read_json(${list}, columns = ${typeList(
    columns.filter(({ name }) => texts.has(name)),
    texts,
  )})`;
  const look = async (rows: string): Promise<readonly number[]> =>
    Object.values((await queryRows(engine, `SELECT ${tests} FROM (${source}${rows})`))[0] ?? {}).map(Number);
  const first = await look(` LIMIT ${lookedAt}`);
  const digits = first.some((count) => count > 0) ? await look('') : first;
  return new Map(
    doubles.flatMap((name, i) => {
      const count = digits[i] ?? 0;
      return count > 0 ? [[name, integerType(count)] as const] : [];
    }),
  );
}

/** An empty list says nothing of columns. */
function checkRows(files: readonly TextFile[]): void {
  const empty = files.find(({ head, whole }) => whole && /^\s*\[\s*\]\s*$/.test(head?.toString('utf8') ?? ''));
  if (empty !== undefined)
    throw new DuckhouseError('DataInvalid', `${empty.name} holds no rows`, {
      id: 'file-no-rows',
      context: { file: empty.name },
    });
}

export const jsonFormat: IngestFormat = {
  name: 'json',
  extensions: ['json', 'ndjson', 'jsonl', 'json.gz', 'ndjson.gz', 'jsonl.gz', 'json.zst', 'ndjson.zst'],
  mediaTypes: ['application/json', 'application/x-ndjson'],
  scan: scanJson,
};
