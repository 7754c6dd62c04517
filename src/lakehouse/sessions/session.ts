import { randomUUID } from 'node:crypto';
import { sessionSettings } from '../../access/index.ts';
import {
  type ArrowParams,
  type Connection,
  changedResult,
  type Engine,
  type QueryOptions,
  type QueryResult,
} from '../../engine/index.ts';
import { DuckhouseError, nearestNames, toDuckhouseError } from '../../errors.ts';
import { quoteIdentifier, quoteLiteral, quoteName } from '../../sql.ts';
import { type InsideRequest, temporaryCatalog } from '../put.ts';
import type { Receipt } from '../types.ts';
import type { Admission } from './admission.ts';
import { type OnEnd, preparedThen, resultThen } from './after-end.ts';
import { endOnLane, transactionStatement, transactionWord } from './commit.ts';
import { executeRows } from './execute-rows.ts';
import { type GroupCommit, groupedSql } from './group-commit.ts';
import { createHome, type Home } from './home.ts';
import { createLane, type Lane } from './lane.ts';
import { leavesSomething, needsHome, type SessionState } from './session-state.ts';
import type { Transaction, Transactions } from './transactions.ts';
import type {
  OpenSession,
  Session,
  SessionLimits,
  SessionPutRequest,
  SessionQueryOptions,
  SessionStatement,
  SessionValue,
} from './types.ts';

/** What a session needs of its store. */
export interface SessionHost {
  readonly engine: Engine;
  readonly limits: SessionLimits;
  readonly admission: Admission;
  readonly transactions: Transactions;
  readonly initial: SessionState;
  /** Loads on a connection that has a transaction, or by itself. */
  readonly put: (request: SessionPutRequest & InsideRequest, connection?: Connection) => Promise<Receipt>;
  /** Present when small inserts of several sessions are written together. */
  readonly groupCommit: GroupCommit | undefined;
  readonly explained: <T>(run: () => Promise<T>) => Promise<T>;
  readonly onClose: (session: Session) => void;
}

export interface OpenedSession extends Session {
  lastUsedAt(): number;
  /** Something would be lost with it. */
  holds(): boolean;
  busy(): boolean;
}

interface Running {
  readonly where: Place;
  readonly onEnd: OnEnd;
  readonly options: SessionQueryOptions & { readonly queryId: string };
}

/** Where a statement runs. */
type Place = { readonly lane: Lane; readonly transaction: Transaction | undefined } | undefined;

export function createSession(host: SessionHost, of: OpenSession & { readonly id: string }): OpenedSession {
  const { engine, limits, admission, transactions } = host;
  const { id, principal } = of;
  let onHome: Transaction | 'opening' | undefined;
  const home = createHome({ engine, initial: host.initial, limits, inUse: () => onHome !== undefined });
  const createdAt = new Date();
  const running = new Set<string>();
  const values = new Map<string, SessionValue>();
  let lastUsedAt = Date.now();
  let statements = 0;
  let waiting = 0;
  let closed: Promise<void> | undefined;
  let left = false;

  const touch = (): void => {
    lastUsedAt = Date.now();
    if (closed !== undefined) throw sessionClosed(id);
  };

  /** A statement's stay in the session: counted, and waiting its turn when too many run. */
  const enter = async (signal: AbortSignal | undefined): Promise<() => void> => {
    touch();
    if (statements >= limits.maxStatements) throw tooManyStatements(limits.maxStatements);
    statements++;
    waiting++;
    let leave: (() => void) | undefined;
    try {
      // Whoever has a statement open passes: it could wait for itself.
      leave = statements > 1 ? undefined : await admission.enter(signal);
    } catch (error) {
      statements--;
      throw error;
    } finally {
      waiting--;
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      statements--;
      lastUsedAt = Date.now();
      leave?.();
    };
  };

  const place = async (sql: string, transactionId: string | undefined): Promise<Place> => {
    if (transactionId !== undefined) {
      const transaction = transactions.get(transactionId, principal.name);
      if (transaction.failure !== undefined) throw transaction.failure;
      return { lane: transaction.lane, transaction };
    }
    // A transaction begun by its id is nobody else's; what leaves something in the session still belongs at home.
    if (needsHome(sql) || (home.bound() && onHome === undefined))
      return { lane: await home.lane(), transaction: undefined };
    return undefined;
  };

  const prepareAnywhere = async (sql: string, options: QueryOptions): Promise<SessionStatement> => {
    if (home.plain()) return { ...(await engine.prepare(sql, options)), exclusive: false };
    const connection = await home.borrow();
    try {
      const prepared = await connection.prepare(sql, options);
      return { ...preparedThen(prepared, (failed) => home.giveBack(connection, failed)), exclusive: false };
    } catch (error) {
      await home.giveBack(connection, true);
      throw error;
    }
  };

  const prepareOn = async (
    { lane }: NonNullable<Place>,
    sql: string,
    options: QueryOptions,
  ): Promise<SessionStatement> => ({ ...(await home.prepare(lane, sql, options)), exclusive: true });

  const prepareAt = async (where: Place, sql: string, options: QueryOptions): Promise<SessionStatement> => {
    const word = where?.transaction === undefined ? undefined : transactionWord(sql);
    if (where?.transaction !== undefined && word !== undefined) return transactionStatement(where.transaction, word);
    if (where !== undefined) return prepareOn(where, sql, options);
    const prepared = await prepareAnywhere(sql, options);
    if (!leavesSomething({ kind: prepared.kind, sql })) return prepared;
    await prepared.close();
    return prepareOn({ lane: await home.lane(), transaction: undefined }, sql, options);
  };

  /** Counts the statement, by its query id, from now until `work`'s result has ended. */
  const during = async <T>(asked: SessionQueryOptions, sql: string, work: (of: Running) => Promise<T>): Promise<T> => {
    const options = { ...asked, queryId: asked.queryId ?? randomUUID(), catalog: home.state().catalog };
    const leave = await enter(options.signal);
    let leaveTransaction: (() => void) | undefined;
    let where: Place;
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
      return await host.explained(() => work({ where, onEnd, options }));
    } catch (error) {
      if (where?.transaction !== undefined) where.transaction.suspect = toDuckhouseError(error);
      onEnd(true);
      throw error;
    }
  };

  const prepare = (sql: string, options: SessionQueryOptions = {}): Promise<SessionStatement> =>
    during(options, sql, async ({ where, onEnd, options: named }) =>
      preparedThen(await prepareAt(where, sql, named), onEnd),
    );

  const grouped = (
    sql: string,
    { params, arrowParams, transactionId }: SessionQueryOptions = {},
  ): string | undefined =>
    host.groupCommit === undefined ||
    transactionId !== undefined ||
    params !== undefined ||
    !home.plain() ||
    home.bound()
      ? undefined
      : groupedSql(sql, arrowParams);

  const query = async (sql: string, options: SessionQueryOptions = {}): Promise<QueryResult> =>
    during(options, sql, async ({ where, onEnd, options: named }) => {
      const together = where === undefined ? grouped(sql, named) : undefined;
      if (together !== undefined) {
        const rows = await (host.groupCommit as GroupCommit).insert(sql, together, named);
        return resultThen(changedResult(named.queryId, 'insert', rows), onEnd);
      }
      // One task fewer than prepare and run; what the text does is known well enough.
      const result =
        where === undefined && home.plain() && /^\s*(?:select|from|with|values|insert|update|delete)\b/i.test(sql)
          ? await engine.query(sql, named)
          : await (await prepareAt(where, sql, named)).run(named);
      return resultThen(result, onEnd);
    });

  const executeMany = (sql: string, params: ArrowParams, options: SessionQueryOptions = {}): Promise<number> =>
    during(options, sql, async ({ where, onEnd, options: named }) => {
      const run = (connection: Connection): Promise<number> => executeRows(connection, { sql, params, options: named });
      try {
        if (where !== undefined) return await where.lane.use(run);
        const connection = await home.borrow();
        try {
          return await inOwnTransaction(connection, () => run(connection));
        } finally {
          await home.giveBack(connection, true);
        }
      } finally {
        await onEnd(false);
      }
    });

  /** Where a load without a transaction of its own goes: the one that is open in the session, as drivers leave its id out. */
  const loadPlace = async ({ transactionId, temporary }: SessionPutRequest): Promise<Place> => {
    if (transactionId !== undefined) return place('', transactionId);
    const open = transactions.ofSession(id);
    const [only] = open;
    if (only !== undefined && open.length === 1) return place('', only.id);
    if (temporary === true || home.inTransaction()) return { lane: await home.lane(), transaction: undefined };
    return undefined;
  };

  const located = (request: SessionPutRequest): SessionPutRequest => {
    const { catalog, dbSchema, table } = request.table;
    if (request.temporary === true)
      return { ...request, table: { catalog: temporaryCatalog, dbSchema: 'main', table } };
    const state = home.state();
    const known = catalog ?? state.catalog;
    const schema = dbSchema ?? (catalog === undefined || catalog === state.catalog ? state.dbSchema : 'main');
    return { ...request, table: { catalog: known, dbSchema: schema, table } };
  };

  const put = async (request: SessionPutRequest): Promise<Receipt> => {
    const leave = await enter(request.signal);
    try {
      const where = await loadPlace(request);
      const leaveTransaction = where?.transaction?.enter();
      let loading = false;
      const onLoading = (): void => {
        loading = true;
      };
      try {
        if (where === undefined) return await host.put(located(request));
        if (request.temporary === true) home.bind();
        return await where.lane.use((connection) => {
          const load = (): Promise<Receipt> => host.put({ ...located(request), onLoading }, connection);
          return where.transaction === undefined && !home.inTransaction() ? inOwnTransaction(connection, load) : load();
        });
      } catch (error) {
        throw where === undefined || !loading ? error : await failedInside(where, error);
      } finally {
        leaveTransaction?.();
      }
    } finally {
      leave();
    }
  };

  /** Some of the rows may be there: the transaction can only be rolled back. */
  const failedInside = async ({ transaction }: NonNullable<Place>, error: unknown): Promise<DuckhouseError> => {
    const cause = toDuckhouseError(error);
    if (transaction !== undefined) transaction.failure = mustRollBack(transaction.id, cause);
    else await home.rollBack();
    return cause;
  };

  const begin = async (options: SessionQueryOptions = {}): Promise<string> => {
    touch();
    const atHome = onHome === undefined && !home.inTransaction();
    if (atHome) onHome = 'opening';
    let lane: Lane | undefined;
    try {
      lane = atHome ? await home.lane() : createLane(await home.borrow(), limits);
      await lane.query('BEGIN TRANSACTION', options);
      const transaction = transactions.begin({
        sessionId: id,
        owner: principal.name,
        lane,
        onIdle: (idle) => void finish(idle, 'rollback').catch(() => undefined), // nobody waits for it
      });
      if (atHome) onHome = transaction;
      return transaction.id;
    } catch (error) {
      if (atHome) onHome = undefined;
      else await lane?.close();
      throw error;
    }
  };

  const finish = async (transaction: Transaction, how: 'commit' | 'rollback'): Promise<void> => {
    const atHome = onHome !== undefined && onHome !== 'opening' && onHome.id === transaction.id;
    try {
      await endOnLane(transaction, how);
    } finally {
      if (atHome) onHome = undefined;
      else await transaction.lane.close();
    }
  };

  const end = async (transactionId: string, how: 'commit' | 'rollback'): Promise<void> => {
    touch();
    const transaction = transactions.get(transactionId, principal.name);
    const { failure } = transaction;
    // Of two calls at once one ends it, the other finds it gone.
    if (!transactions.remove(transaction)) transactions.get(transactionId, principal.name);
    await finish(transaction, failure === undefined ? how : 'rollback');
    if (failure !== undefined && how === 'commit') throw failure;
  };

  const setOption = async (
    name: string,
    value: SessionValue | undefined,
    options: QueryOptions = {},
  ): Promise<void> => {
    const set = (sql: string): Promise<unknown> => home.lane().then((lane) => home.query(lane, sql, options));
    touch();
    if (name === 'catalog' || name === 'schema') {
      if (typeof value !== 'string' || value === '') throw badValue(name, 'a name');
      await set(`USE ${name === 'catalog' ? quoteName(value, 'main') : quoteName(home.state().catalog, value)}`);
      return;
    }
    if (name.startsWith('duckhouse.')) return setOwnOption(values, name, value);
    if (!sessionSettings.has(name.toLowerCase())) throw unknownOption(name);
    await set(
      value === undefined ? `RESET ${quoteIdentifier(name)}` : `SET ${quoteIdentifier(name)} = ${literal(name, value)}`,
    );
    if (value === undefined) values.delete(name);
    else values.set(name, value);
  };

  const transactionFor = (transactionId: string): string | undefined => {
    const open = transactions.ofSession(id);
    if (open.some((transaction) => transaction.id === transactionId)) return transactionId;
    return open.length === 1 ? open[0]?.id : undefined;
  };

  const session: OpenedSession = {
    id,
    principal,
    prepare,
    query,
    isGrouped: (sql, options) => grouped(sql, options) !== undefined,
    executeMany,
    put,
    begin,
    end,
    transactionFor,
    setOption,
    ownOption: (name) => values.get(name),
    options: () => new Map<string, SessionValue>([...currentOptions(home), ...values]),
    wasLeft: () => left,
    lastUsedAt: () => lastUsedAt,
    busy: () => statements > 0 || transactions.ofSession(id).length > 0,
    holds: () => home.bound() || transactions.ofSession(id).length > 0 || !home.plain(),
    info: () => ({
      id,
      principal,
      peer: of.peer,
      userAgent: of.userAgent,
      createdAt,
      lastUsedAt: new Date(lastUsedAt),
      catalog: home.state().catalog,
      dbSchema: home.state().dbSchema,
      settings: home.state().settings,
      statements,
      waiting,
      transactions: transactions.ofSession(id).length + Number(home.inTransaction()),
    }),
    close(why) {
      left ||= closed === undefined && why === 'left';
      closed ??= closeSession();
      return closed;
    },
  };

  const closeSession = async (): Promise<void> => {
    host.onClose(session);
    for (const queryId of running) engine.cancel(queryId);
    const open = transactions.ofSession(id);
    for (const transaction of open) transactions.remove(transaction);
    await Promise.allSettled(open.map((transaction) => finish(transaction, 'rollback')));
    await home.close();
  };
  return session;
}

const currentOptions = (home: Home): [string, SessionValue][] => {
  const { catalog, dbSchema } = home.state();
  return [
    ['catalog', catalog],
    ['schema', dbSchema],
  ];
};

async function inOwnTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.execute('BEGIN TRANSACTION');
  try {
    const done = await work();
    await connection.execute('COMMIT');
    return done;
  } catch (error) {
    await connection.execute('ROLLBACK').catch(() => undefined); // a failed commit has rolled back already
    throw error;
  }
}

/** Options of ours, by name, with the type each takes. */
const ownOptions: Readonly<Record<string, 'number' | 'boolean'>> = {
  'duckhouse.parallel': 'number',
  'duckhouse.keep_seconds': 'number',
  'duckhouse.batch_bytes': 'number',
};

function setOwnOption(values: Map<string, SessionValue>, name: string, value: SessionValue | undefined): void {
  const type = ownOptions[name];
  if (type === undefined) throw unknownOption(name);
  if (value === undefined) values.delete(name);
  else if (type === 'number' && Number.isInteger(Number(value)) && Number(value) >= 0) values.set(name, Number(value));
  else if (type === 'boolean' && typeof value === 'boolean') values.set(name, value);
  else throw badValue(name, type === 'number' ? 'a whole number' : 'true or false');
}

function literal(name: string, value: SessionValue): string {
  if (typeof value === 'string') return quoteLiteral(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw badValue(name, 'a text, a number or true or false');
}

function unknownOption(name: string): DuckhouseError {
  const candidates = nearestNames(name, ['catalog', 'schema', ...Object.keys(ownOptions), ...sessionSettings]);
  return new DuckhouseError('InvalidArgument', `there is no session option "${name}"`, {
    id: 'option-name',
    context: { name, candidates },
    ...(candidates.length === 0 ? {} : { hint: `did you mean ${candidates.join(', ')}?` }),
  });
}

const badValue = (name: string, wanted: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', `session option "${name}" must be ${wanted}`, {
    id: 'option-value',
    context: { name, wanted },
  });

const sessionClosed = (id: string): DuckhouseError =>
  new DuckhouseError('Unauthenticated', `session ${id} has ended`, {
    id: 'session-ended',
    context: { session: id },
    hint: 'connect again',
  });

const tooManyStatements = (limit: number): DuckhouseError =>
  new DuckhouseError('ResourceExhausted', `the session has ${limit} statements open already`, {
    id: 'session-statements',
    context: { limit },
    hint: 'read or close the results that are open',
  });

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

const unfinished = (): DuckhouseError => new DuckhouseError('Cancelled', 'a result was not read to its end');
