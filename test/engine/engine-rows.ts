import { createBatchDecoder, valueReader } from '../../src/arrow/index.ts';
import { type Engine, openEngine, type QueryOptions, type QueryResult } from '../../src/engine/index.ts';

/** Runs `work` with an engine in memory. */
export async function withEngine<T>(work: (engine: Engine) => Promise<T>, database = ':memory:'): Promise<T> {
  const engine = await openEngine({ database });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** The values of all rows. */
export async function rowsOf(result: QueryResult): Promise<unknown[][]> {
  const { decode } = createBatchDecoder(result.schema);
  const rows: unknown[][] = [];
  for await (const batch of result.batches) {
    const decoded = decode(batch);
    const readers = (decoded?.columns ?? []).map(valueReader);
    for (let row = 0; row < (decoded?.length ?? 0); row++) rows.push(readers.map((read) => read(row)));
    batch.release();
  }
  return rows;
}

export const query = async (engine: Pick<Engine, 'query'>, sql: string, options?: QueryOptions): Promise<unknown[][]> =>
  rowsOf(await engine.query(sql, options));
