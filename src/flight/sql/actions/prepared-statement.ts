import { authorise } from '../../../access/index.ts';
import type { CallContext } from '../../calls/context.ts';
import { queryOptions, schemaBytes } from '../../calls/query.ts';
import { decodeStatement, encodeCreatedStatement, packAny } from '../../proto/sql-messages.ts';
import type { ProtocolAction } from '../../protocol-action.ts';
import { closeStatement } from '../commands/prepared-statement.ts';
import { parametersFor } from '../parameter-types.ts';
import { requestOf } from './request.ts';

export const preparedStatementActions: readonly ProtocolAction[] = [
  {
    type: 'CreatePreparedStatement',
    description:
      'Prepares a statement. Request: ActionCreatePreparedStatementRequest; result: ActionCreatePreparedStatementResult',
    run: createStatement,
  },
  {
    type: 'ClosePreparedStatement',
    description: 'Closes a prepared statement. Request: ActionClosePreparedStatementRequest; no result',
    async run(context, body) {
      closeStatement(context, requestOf(body, 'ActionClosePreparedStatementRequest'));
      return [];
    },
  },
];

async function createStatement(context: CallContext, body: Uint8Array): Promise<Uint8Array[]> {
  const { sql, transactionId } = decodeStatement(requestOf(body, 'ActionCreatePreparedStatementRequest'));
  authorise(context.principal, { operation: 'query', subject: sql });
  const { handle, schema, parameters, returnsRows } = await context.prepared.create(context.session(), sql, {
    ...queryOptions(context),
    transactionId,
  });
  const value = encodeCreatedStatement({
    handle,
    // No columns for what returns no rows: stock JDBC tells an update by it. Never left out: stock ODBC reads it unasked.
    datasetSchema: schemaBytes(returnsRows ? schema : { fields: [] }),
    parameterSchema: schemaBytes(parametersFor(context.call.headers['user-agent'], parameters)),
    isUpdate: !returnsRows,
  });
  return [packAny({ name: 'ActionCreatePreparedStatementResult', value })];
}
