import { randomUUID } from 'node:crypto';
import {
  type Connection,
  changedResult,
  type Engine,
  type QueryOptions,
  type QueryResult,
} from '../../engine/index.ts';
import { DuckhouseError, toDuckhouseError } from '../../errors.ts';
import { type OnEnd, preparedThen, resultThen } from './after-end.ts';
import { inOwnTransaction, transactionStatement, transactionWord } from './commit.ts';
import { executeRows } from './execute-rows.ts';
import { type GroupCommit, groupedSql } from './group-commit.ts';
import type { Home } from './home.ts';
import type { OwnTransactions } from './own-transactions.ts';
import { type Place, placeOf } from './place.ts';
import { leavesSomething, needsHome } from './session-state.ts';
import type { Stay } from './stay.ts';
import type { Session, SessionQueryOptions, SessionStatement } from './types.ts';

export interface Statements extends Pick<Session, 'prepare' | 'query' | 'isGrouped' | 'executeMany'> {
  cancelAll(): void;
}

export interface StatementsOptions {
  readonly engine: Engine;
  readonly home: Home;
  readonly stay: Stay;
  readonly transactions: OwnTransactions;
  /** Present when small inserts of several sessions are written together. */
  readonly groupCommit: GroupCommit | undefined;
  readonly explained: <T>(run: () => Promise<T>) => Promise<T>;
}

interface Running {
  readonly where: Place | undefined;
  readonly onEnd: OnEnd;
  readonly options: SessionQueryOptions & { readonly queryId: string };
}

/** What prepare and run would tell is known well enough of these: a task less. */
const plainStatement = /^\s*(?:select|from|with|values|insert|update|delete)\b/i;

/** Runs the statements of one session, each where it belongs. */
export function createStatements(of: StatementsOptions): Statements {
  const { engine, home, stay, transactions, groupCommit } = of;
  const running = new Set<string>();

  const place = async (sql: string, transactionId: string | undefined): Promise<Place | undefined> => {
    if (transactionId !== undefined) return placeOf(transactions.get(transactionId));
    // A transaction begun by its id is nobody else's; what leaves something in the session still belongs at home.
    if (needsHome(sql) || (home.bound() && !transactions.atHome()))
      return { lane: await home.lane(), transaction: undefined };
    return undefined;
  };

  /** Counts the statement, by its query id, from now until `work`'s result has ended. */
  const during = async <T>(asked: SessionQueryOptions, sql: string, work: (of: Running) => Promise<T>): Promise<T> => {
    const options = { ...asked, queryId: asked.queryId ?? randomUUID(), catalog: home.state().catalog };
    const { queryId, owner, signal } = options;
    const leave = await stay.enter({ statement: { queryId, owner, sql }, signal });
    let leaveTransaction: (() => void) | undefined;
    let where: Place | undefined;
    const onEnd = (failed: boolean): void => {
      if (failed && where?.transaction !== undefined) where.transaction.suspect ??= unfinished();
      running.delete(options.queryId);
      leaveTransaction?.();
      leave();
    };
    running.add(options.queryId);
    try {
      where = await place(sql, options.transactionId);
      leaveTransaction = where?.transaction?.enter();
      return await of.explained(() => work({ where, onEnd, options }));
    } catch (error) {
      if (where?.transaction !== undefined) where.transaction.suspect = toDuckhouseError(error);
      onEnd(true);
      throw error;
    }
  };

  const grouped = (
    sql: string,
    { params, arrowParams, transactionId }: SessionQueryOptions = {},
  ): string | undefined =>
    groupCommit === undefined || transactionId !== undefined || params !== undefined || !home.plain() || home.bound()
      ? undefined
      : groupedSql(sql, arrowParams);

  const runAt = async (sql: string, { where, options }: Running): Promise<QueryResult> => {
    if (where === undefined && home.plain() && plainStatement.test(sql)) return engine.query(sql, options);
    return (await prepareAt({ engine, home }, where, sql, options)).run(options);
  };

  return {
    prepare: (sql, asked = {}) =>
      during(asked, sql, async ({ where, onEnd, options }) =>
        preparedThen(await prepareAt({ engine, home }, where, sql, options), onEnd),
      ),
    isGrouped: (sql, options) => grouped(sql, options) !== undefined,
    query: (sql, asked = {}) =>
      during(asked, sql, async (at) => {
        const together = at.where === undefined ? grouped(sql, at.options) : undefined;
        if (together === undefined) return resultThen(await runAt(sql, at), at.onEnd);
        const rows = await (groupCommit as GroupCommit).insert(sql, together, at.options);
        return resultThen(changedResult(at.options.queryId, 'insert', rows), at.onEnd);
      }),
    executeMany: (sql, params, asked = {}) =>
      during(asked, sql, async ({ where, onEnd, options }) => {
        const run = (connection: Connection): Promise<number> => executeRows(connection, { sql, params, options });
        const changed =
          where === undefined
            ? onBorrowed(home, (connection) => inOwnTransaction(connection, () => run(connection)))
            : where.lane.use(run, { sql, options });
        return changed.finally(() => onEnd(false));
      }),
    cancelAll() {
      for (const queryId of running) engine.cancel(queryId);
    },
  };
}

type Connections = Pick<StatementsOptions, 'engine' | 'home'>;

async function prepareAt(
  of: Connections,
  where: Place | undefined,
  sql: string,
  options: QueryOptions,
): Promise<SessionStatement> {
  const { home } = of;
  const word = where?.transaction === undefined ? undefined : transactionWord(sql);
  if (where?.transaction !== undefined && word !== undefined) return transactionStatement(where.transaction, word);
  if (where !== undefined) return { ...(await home.prepare(where.lane, sql, options)), exclusive: true };
  const prepared = await prepareAnywhere(of, sql, options);
  if (!leavesSomething({ kind: prepared.kind, sql })) return prepared;
  await prepared.close();
  return { ...(await home.prepare(await home.lane(), sql, options)), exclusive: true };
}

async function prepareAnywhere({ engine, home }: Connections, sql: string, options: QueryOptions) {
  if (home.plain()) return { ...(await engine.prepare(sql, options)), exclusive: false };
  const connection = await home.borrow();
  try {
    const prepared = await connection.prepare(sql, options);
    return { ...preparedThen(prepared, (failed) => home.giveBack(connection, failed)), exclusive: false };
  } catch (error) {
    await home.giveBack(connection, true);
    throw error;
  }
}

async function onBorrowed<T>(home: Home, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await home.borrow();
  try {
    return await work(connection);
  } finally {
    await home.giveBack(connection, true);
  }
}

const unfinished = (): DuckhouseError => new DuckhouseError('Cancelled', 'a result was not read to its end');
