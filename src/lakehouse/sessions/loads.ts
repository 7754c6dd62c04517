import type { Connection } from '../../engine/index.ts';
import { DuckhouseError, toDuckhouseError } from '../../errors.ts';
import { type InsideRequest, temporaryCatalog } from '../put.ts';
import type { Receipt } from '../types.ts';
import { inOwnTransaction } from './commit.ts';
import type { Home } from './home.ts';
import type { OwnTransactions } from './own-transactions.ts';
import { type Place, placeOf } from './place.ts';
import type { SessionPutRequest } from './types.ts';

/** Loads on a connection that has a transaction, or by itself. */
export type PutInside = (request: SessionPutRequest & InsideRequest, connection?: Connection) => Promise<Receipt>;

export interface LoadOptions {
  readonly home: Home;
  readonly transactions: OwnTransactions;
  readonly put: PutInside;
}

/** Loads of one session: into its current schema, its transaction, its temporary tables. */
export function createLoads({ home, transactions, put }: LoadOptions): (of: SessionPutRequest) => Promise<Receipt> {
  const place = async ({ transactionId, temporary }: SessionPutRequest): Promise<Place | undefined> => {
    if (transactionId !== undefined) return placeOf(transactions.get(transactionId));
    const only = transactions.only();
    if (only !== undefined) return placeOf(only);
    if (temporary === true || home.inTransaction()) return { lane: await home.lane(), transaction: undefined };
    return undefined;
  };

  const located = (request: SessionPutRequest): SessionPutRequest => {
    const { catalog, dbSchema, table } = request.table;
    if (request.temporary === true)
      return { ...request, table: { catalog: temporaryCatalog, dbSchema: 'main', table } };
    const state = home.state();
    const known = catalog ?? state.catalog;
    const schema = dbSchema ?? (known === state.catalog ? state.dbSchema : 'main');
    return { ...request, table: { catalog: known, dbSchema: schema, table } };
  };

  /** Some of the rows may be there: the transaction can only be rolled back. */
  const failedInside = async ({ transaction }: Place, error: unknown): Promise<DuckhouseError> => {
    const cause = toDuckhouseError(error);
    if (transaction !== undefined) transaction.failure = mustRollBack(transaction.id, cause);
    else await home.rollBack();
    return cause;
  };

  const putAt = async (where: Place, request: SessionPutRequest): Promise<Receipt> => {
    let loading = false;
    const onLoading = (): void => {
      loading = true;
    };
    if (request.temporary === true) home.bind();
    const run = (connection: Connection): Promise<Receipt> => {
      const load = (): Promise<Receipt> => put({ ...located(request), onLoading }, connection);
      return where.transaction === undefined && !home.inTransaction() ? inOwnTransaction(connection, load) : load();
    };
    try {
      return await where.lane.use(run, { sql: '', options: { signal: request.signal } });
    } catch (error) {
      throw loading ? await failedInside(where, error) : error;
    }
  };

  return async (request) => {
    const where = await place(request);
    if (where === undefined) return put(located(request));
    const leave = where.transaction?.enter();
    try {
      return await putAt(where, request);
    } finally {
      leave?.();
    }
  };
}

const mustRollBack = (id: string, cause: DuckhouseError): DuckhouseError =>
  new DuckhouseError(
    'InvalidArgument',
    `transaction ${id} can only be rolled back: a load failed in it (${cause.message})`,
    {
      id: 'transaction-failed',
      context: { transaction: id },
      cause,
    },
  );
