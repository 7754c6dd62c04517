import { queryRows, type Session } from '../lakehouse/index.ts';
import type { Finding } from './types.ts';

/** Names and types of a SELECT's columns. */
export async function describeSelect(
  session: Session,
  sql: string,
): Promise<{ readonly name: string; readonly type: string }[]> {
  const rows = await queryRows(session, `DESCRIBE ${sql}`);
  return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
}

export const countedFiles = (files: readonly unknown[]): Finding =>
  files.length === 1 ? ['oneFile'] : ['files', files.length];
