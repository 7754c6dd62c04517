import { createBatchDecoder, valueReader } from '../arrow/index.ts';
import { mayBeScript } from '../sql.ts';
import { openPivot } from './pivot.ts';
import { splitStatements } from './statement-text.ts';
import type { Connection, QueryOptions, QueryResult } from './types.ts';

type Runs = Pick<Connection, 'query' | 'execute'>;

export interface GuardedText {
  /** What is left to run. */
  readonly sql: string;
  /** What came before it has run. */
  readonly script: boolean;
}

/** Under a guard a text is taken to pieces that can each be looked at just before they run; the last is the caller's to run. */
export async function guardedText(connection: Runs, text: string, options: QueryOptions): Promise<GuardedText> {
  if (options.guard === undefined) return { sql: text, script: false };
  const { params: _, arrowParams: __, queryId: ___, ...others } = options;
  const script = mayBeScript(text);
  const last = script ? await runBefore(connection, text, others) : text;
  return { sql: await pivotWithValues(connection, last, others), script };
}

async function runBefore(connection: Runs, script: string, options: QueryOptions): Promise<string> {
  const pieces = splitStatements(script);
  for (const piece of pieces.slice(0, -1)) await connection.execute(piece, options);
  return pieces.at(-1) ?? script;
}

/** The values of a PIVOT are asked for by a statement of its own. */
async function pivotWithValues(connection: Runs, sql: string, options: QueryOptions): Promise<string> {
  const pivot = openPivot(sql);
  if (pivot === undefined) return sql;
  const values: string[][] = [];
  for (const question of pivot.questions)
    values.push(await textsOf(await connection.query(question, { ...options, rowLimit: maxPivotValues })));
  return pivot.withValues(values) ?? sql;
}

/** As many columns as DuckDB makes of one. */
const maxPivotValues = 100_000;

/** The texts of a result's one column. */
async function textsOf({ schema, batches }: QueryResult): Promise<string[]> {
  const { decode } = createBatchDecoder(schema);
  const texts: string[] = [];
  for await (const batch of batches) {
    const [column] = decode(batch)?.columns ?? [];
    const read = column === undefined ? undefined : valueReader(column);
    for (let row = 0; row < (column?.length ?? 0); row++) texts.push(String(read?.(row)));
    batch.release();
  }
  return texts;
}
