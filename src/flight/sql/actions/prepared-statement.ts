import { authorise } from '../../../access/index.ts';
import type { CallContext } from '../../calls/context.ts';
import { queryOptions, schemaBytes } from '../../calls/query.ts';
import { decodeStatement, encodeCreatedStatement, packAny } from '../../proto/sql-messages.ts';
import type { ProtocolAction } from '../../protocol-action.ts';
import { statementOf } from '../commands/prepared-statement.ts';
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
      context.prepared.close(statementOf(context, requestOf(body, 'ActionClosePreparedStatementRequest')));
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
    // Left out for what returns no rows: stock JDBC tells an update by it.
    datasetSchema: returnsRows ? schemaBytes(schema) : new Uint8Array(0),
    parameterSchema: parameters.fields.length === 0 ? new Uint8Array(0) : schemaBytes(parameters),
    isUpdate: !returnsRows,
  });
  return [packAny({ name: 'ActionCreatePreparedStatementResult', value })];
}
