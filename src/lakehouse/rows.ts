import { createBatchDecoder, valueReader } from '../arrow/index.ts';
import type { Connection, Engine, QueryOptions } from '../engine/index.ts';

export type Row = Readonly<Record<string, unknown>>;

/** All rows of a small result as objects. */
export async function queryRows(
  on: Pick<Engine | Connection, 'query'>,
  sql: string,
  options?: QueryOptions,
): Promise<Row[]> {
  const result = await on.query(sql, options);
  const { decode } = createBatchDecoder(result.schema);
  const rows: Row[] = [];
  for await (const batch of result.batches) {
    const decoded = decode(batch);
    const columns = (decoded?.columns ?? []).map((column) => [column.field.name, valueReader(column)] as const);
    for (let row = 0; row < (decoded?.length ?? 0); row++)
      rows.push(Object.fromEntries(columns.map(([name, read]) => [name, read(row)])));
    batch.release();
  }
  return rows;
}
