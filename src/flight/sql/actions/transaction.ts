import { DuckhouseError } from '../../../errors.ts';
import { queryOptions } from '../../calls/query.ts';
import { decodeEndTransaction, encodeHandle, endOfTransaction, packAny } from '../../proto/sql-messages.ts';
import type { ProtocolAction } from '../../protocol-action.ts';
import { requestOf } from './request.ts';

const noSavepoints = async (): Promise<never> => {
  throw new DuckhouseError('Unsupported', 'DuckDB has no savepoints', {
    id: 'savepoints-unsupported',
    hint: 'SqlInfo 8 (FLIGHT_SQL_SERVER_TRANSACTION) says that only transactions are supported',
  });
};

export const transactionActions: readonly ProtocolAction[] = [
  {
    type: 'BeginTransaction',
    description: 'Begins a transaction. Request: ActionBeginTransactionRequest; result: ActionBeginTransactionResult',
    async run(context, body) {
      requestOf(body, 'ActionBeginTransactionRequest');
      const id = await context.session().begin(queryOptions(context));
      return [packAny({ name: 'ActionBeginTransactionResult', value: encodeHandle(id) })];
    },
  },
  {
    type: 'EndTransaction',
    description: 'Commits a transaction or rolls it back. Request: ActionEndTransactionRequest; no result',
    async run(context, body) {
      const { id, how } = decodeEndTransaction(requestOf(body, 'ActionEndTransactionRequest'));
      if (how !== endOfTransaction.commit && how !== endOfTransaction.rollback)
        throw new DuckhouseError('InvalidArgument', `a transaction ends with COMMIT or ROLLBACK, not with ${how}`, {
          id: 'transaction-end',
        });
      const { signal } = context.call;
      await context.session().end(id, how === endOfTransaction.commit ? 'commit' : 'rollback', signal);
      return [];
    },
  },
  { type: 'BeginSavepoint', description: 'DuckDB has no savepoints', refused: true, run: noSavepoints },
  { type: 'EndSavepoint', description: 'DuckDB has no savepoints', refused: true, run: noSavepoints },
];
