import { createBatchDecoder, valueReader } from '../arrow/index.ts';
import type { Connection, Engine, QueryOptions } from '../engine/index.ts';

/** Whatever runs statements: the engine, a connection, a session. */
export type Session = Pick<Engine | Connection, 'query'>;
export type Row = Readonly<Record<string, unknown>>;

/** All rows of a small result as objects. */
export async function queryRows(on: Session, sql: string, options?: QueryOptions): Promise<Row[]> {
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

/** All values of a result by column name; quicker than rows where there are many. */
export async function queryColumns(on: Session, sql: string): Promise<Readonly<Record<string, unknown[]>>> {
  const result = await on.query(sql);
  const { decode } = createBatchDecoder(result.schema);
  const columns = Object.fromEntries(result.schema.fields.map(({ name }) => [name, [] as unknown[]]));
  for await (const batch of result.batches) {
    for (const column of decode(batch)?.columns ?? []) {
      const values = columns[column.field.name] as unknown[];
      const read = valueReader(column);
      for (let row = 0; row < column.length; row++) values.push(read(row));
    }
    batch.release();
  }
  return columns;
}
