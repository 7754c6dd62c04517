import { ingest } from '../../calls/put.ts';
import type { SqlCommands } from '../command.ts';
import { decodeIngest } from '../messages.ts';

export const ingestCommands: SqlCommands = {
  CommandStatementIngest: { put: (context, value, stream) => ingest(context, decodeIngest(value), stream) },
};
