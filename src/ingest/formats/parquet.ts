import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import { describeSelect } from '../describe.ts';
import type { IngestFormat } from '../types.ts';

export const parquetFormat: IngestFormat = {
  name: 'parquet',
  extensions: ['parquet', 'pq'],
  mediaTypes: ['application/vnd.apache.parquet'],
  async scan(engine, files, options) {
    const reader = `read_parquet([${files.map(quoteLiteral).join(', ')}]${files.length > 1 ? ', union_by_name = true' : ''})`;
    const casts = [...options.columns].map(
      ([name, type]) => `${quoteIdentifier(name)}::${type} AS ${quoteIdentifier(name)}`,
    );
    const sql = `SELECT * ${casts.length === 0 ? '' : `REPLACE (${casts.join(', ')}) `}FROM ${reader}`;
    return {
      sql,
      details: files.length === 1 ? '1 file' : `${files.length} files`,
      columns: await describeSelect(engine, sql),
    };
  },
};
