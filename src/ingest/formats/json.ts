import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import { describeSelect } from '../describe.ts';
import type { IngestFormat } from '../types.ts';

/** JSON: one array, or a value a line. */
export const jsonFormat: IngestFormat = {
  name: 'json',
  extensions: ['json', 'ndjson', 'jsonl', 'json.gz', 'ndjson.gz', 'jsonl.gz', 'json.zst', 'ndjson.zst'],
  mediaTypes: ['application/json', 'application/x-ndjson'],
  async scan(engine, files, options) {
    const list = `[${files.map(quoteLiteral).join(', ')}]`;
    const reader = `read_json(${list}, sample_size = -1${files.length > 1 ? ', union_by_name = true' : ''})`;
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
