import type { ProtocolAction } from './protocol-action.ts';
import { cancelActions } from './sql/actions/cancel.ts';
import { preparedStatementActions } from './sql/actions/prepared-statement.ts';
import { renewActions } from './sql/actions/renew.ts';
import { sessionActions } from './sql/actions/session.ts';
import { substraitActions } from './sql/actions/substrait.ts';
import { transactionActions } from './sql/actions/transaction.ts';

/** The actions of the Flight and Flight SQL protocols that are answered. A new one is an entry here. */
export const protocolActions: ReadonlyMap<string, ProtocolAction> = new Map(
  [
    ...preparedStatementActions,
    ...transactionActions,
    ...cancelActions,
    ...renewActions,
    ...sessionActions,
    ...substraitActions,
  ].map((action) => [action.type, action]),
);
