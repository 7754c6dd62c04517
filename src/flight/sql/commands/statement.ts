import { runUpdate } from '../../calls/put.ts';
import { queryInfo, querySchema, sendTicketed } from '../../calls/query.ts';
import { decodeStatement, decodeStatementTicket } from '../../proto/sql-messages.ts';
import type { SqlCommands } from '../command.ts';

export const statementCommands: SqlCommands = {
  CommandStatementQuery: {
    info: (context, value, descriptor) => queryInfo(context, decodeStatement(value), descriptor),
    schema: (context, value) => querySchema(context, decodeStatement(value)),
  },
  TicketStatementQuery: { get: (context, value) => sendTicketed(context, decodeStatementTicket(value)) },
  CommandStatementUpdate: { put: (context, value) => runUpdate(context, decodeStatement(value)) },
};
