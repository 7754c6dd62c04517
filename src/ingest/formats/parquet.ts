import { DuckhouseError } from '../../errors.ts';
import { queryRows, type Session } from '../../lakehouse/index.ts';
import { quoteLiteral } from '../../sql.ts';
import { countedFiles, describeSelect } from '../describe.ts';
import type { Finding, IngestFormat } from '../types.ts';
import { replacing } from './casts.ts';
import { withFile } from './reader-error.ts';

const mostDigits = 38;

/** DuckDB reads wider decimals as DOUBLE, and wrongly. */
async function checkDecimals(session: Session, list: string): Promise<void> {
  const [wide] = await queryRows(
    session,
    `SELECT file_name, name, precision::INTEGER AS digits FROM parquet_schema(${list}) WHERE converted_type = 'DECIMAL' AND precision > ${mostDigits}`,
  );
  if (wide === undefined) return;
  const { name, digits } = wide;
  throw new DuckhouseError(
    'Unsupported',
    `column "${name}" has decimals of ${digits} digits, DuckDB holds at most 38`,
    {
      id: 'decimal-too-wide',
      context: { name: String(name), precision: Number(digits) },
      hint: 'cast it to decimal128 or to text before sending',
    },
  );
}

/** DuckDB's reader keeps microseconds of points in time, whatever the file has: not without a word. */
async function cutColumns(session: Session, list: string): Promise<Finding[]> {
  const points = "logical_type LIKE '%isAdjustedToUTC=1%NANOS=NanoSeconds%'";
  const rows = await queryRows(session, `SELECT DISTINCT name FROM parquet_schema(${list}) WHERE ${points} ORDER BY 1`);
  return rows.length === 0 ? [] : [['microseconds', rows.map(({ name }) => String(name)).join(', ')]];
}

export const parquetFormat: IngestFormat = {
  name: 'parquet',
  extensions: ['parquet', 'pq'],
  mediaTypes: ['application/vnd.apache.parquet'],
  async scan(session, files, options) {
    const list = `[${files.map(quoteLiteral).join(', ')}]`;
    return withFile({ read: files, shown: files }, async () => {
      await checkDecimals(session, list);
      const reader = `read_parquet(${list}${files.length > 1 ? ', union_by_name = true' : ''})`;
      const sql = `SELECT ${replacing(options.columns)} FROM ${reader}`;
      return {
        sql,
        found: [countedFiles(files), ...(await cutColumns(session, list))],
        columns: await describeSelect(session, sql),
      };
    });
  },
};
