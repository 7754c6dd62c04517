import type { Engine } from '../engine/index.ts';
import { queryRows } from '../lakehouse/index.ts';

/** Names and types of a SELECT's columns. */
export async function describeSelect(
  engine: Engine,
  sql: string,
): Promise<{ readonly name: string; readonly type: string }[]> {
  const rows = await queryRows(engine, `DESCRIBE ${sql}`);
  return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
}
