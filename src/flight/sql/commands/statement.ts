import { DuckhouseError } from '../../../errors.ts';
import { runUpdate } from '../../calls/put.ts';
import { queryInfo, querySchema, sendTicketed } from '../../calls/query.ts';
import type { SqlCommands } from '../command.ts';
import { decodeStatement, decodeStatementTicket } from '../messages.ts';

export const statementCommands: SqlCommands = {
  CommandStatementQuery: {
    info: (context, value, descriptor) => queryInfo(context, statementSql(value), descriptor),
    schema: (context, value) => querySchema(context, statementSql(value)),
  },
  TicketStatementQuery: { get: (context, value) => sendTicketed(context, decodeStatementTicket(value)) },
  CommandStatementUpdate: { put: (context, value) => runUpdate(context, statementSql(value)) },
};

function statementSql(value: Uint8Array): string {
  const { sql, transactionId } = decodeStatement(value);
  if (transactionId.byteLength > 0)
    throw new DuckhouseError('Unsupported', 'Flight SQL transactions are not supported', {
      id: 'transactions-unsupported',
    });
  return sql;
}
