import { ingest } from '../../calls/put.ts';
import { decodeIngest } from '../../proto/sql-messages.ts';
import type { SqlCommands } from '../command.ts';

export const ingestCommands: SqlCommands = {
  CommandStatementIngest: { put: (context, value, stream) => ingest(context, decodeIngest(value), stream) },
};
