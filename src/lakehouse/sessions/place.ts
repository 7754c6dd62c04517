import type { Lane } from './lane.ts';
import type { Transaction } from './transactions.ts';

/** A connection of the session on which a statement has to run. */
export interface Place {
  readonly lane: Lane;
  readonly transaction: Transaction | undefined;
}

/** Throws when the transaction can only be rolled back. */
export function placeOf(transaction: Transaction): Place {
  if (transaction.failure !== undefined) throw transaction.failure;
  return { lane: transaction.lane, transaction };
}
