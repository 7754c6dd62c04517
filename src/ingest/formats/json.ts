import { DuckhouseError } from '../../errors.ts';
import { queryRows, type Session } from '../../lakehouse/index.ts';
import { quoteLiteral } from '../../sql.ts';
import { countedFiles, describeSelect } from '../describe.ts';
import { openTextFiles, type TextFile } from '../text-files.ts';
import type { IngestFormat, ReadOptions, Scan } from '../types.ts';
import { replacing } from './casts.ts';
import { keepHugeIntegers } from './json-integers.ts';
import { withFile } from './reader-error.ts';

/** Deeper values stay JSON: Arrow types may not be nested without end. */
const depth = 32;

/** JSON: one array, or a value a line. */
async function scanJson(session: Session, files: readonly string[], options: ReadOptions): Promise<Scan> {
  const texts = await openTextFiles(files, {
    encoding: options.encoding,
    copies: options.inPlace !== true,
    noMark: true,
  });
  try {
    return { ...(await scanTexts(session, texts.files, options)), close: texts.close };
  } catch (error) {
    await texts.close();
    throw error;
  }
}

async function scanTexts(session: Session, files: readonly TextFile[], options: ReadOptions): Promise<Scan> {
  checkRows(files);
  const list = `[${files.map(({ path }) => quoteLiteral(path)).join(', ')}]`;
  const union = files.length > 1 ? ', union_by_name = true' : '';
  const reader = `read_json(${list}, sample_size = -1, maximum_depth = ${depth}${union})`;
  const places = { read: files.map(({ path }) => path), shown: files.map(({ name }) => name) };
  return withFile(places, async () => {
    const found = await describeSelect(session, `SELECT * FROM ${reader}`);
    const kept = await keepHugeIntegers(found, (columns, query) =>
      queryRows(session, query(`read_json(${list}, columns = ${typeList(columns)})`)),
    );
    // Read as DOUBLE first the digits would be gone: then all types are named to the reader.
    const exact = `read_json(${list}, columns = ${typeList(kept)})`;
    const sql = `SELECT ${replacing(options.columns)} FROM ${kept === found ? reader : exact}`;
    return {
      sql,
      found: [countedFiles(files)],
      columns: await describeSelect(session, sql),
    };
  });
}

const typeList = (columns: Scan['columns']): string =>
  `{${columns.map(({ name, type }) => `${quoteLiteral(name)}: ${quoteLiteral(type)}`).join(', ')}}`;

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
