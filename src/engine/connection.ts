import { createTurns } from '../concurrency.ts';
import { DuckhouseError } from '../errors.ts';
import { checkGroup, checkGuard } from './check-guard.ts';
import { createConnectionPlans } from './connection-plans.ts';
import { createTraces } from './connection-traces.ts';
import type { EngineCore } from './core.ts';
import { guardedText } from './guarded-text.ts';
import { openLoad } from './load.ts';
import type { Address } from './native/memory.ts';
import { checkOwnDatabase } from './own-database.ts';
import { runPlainChange } from './plain-change.ts';
import { type KeptPlan, type KeptPlans, shouldKeep } from './plans.ts';
import { checkPointers } from './pointer-functions.ts';
import { preparedQuery } from './prepared-query.ts';
import type { CursorSlabs, Request } from './protocol.ts';
import { registerArrow } from './register-arrow.ts';
import { openResult } from './result.ts';
import { checkNotAborted, finishedRecord, type Statement, startStatement } from './statement.ts';
import { isKeepable, plainCommand } from './statement-kind.ts';
import type {
  ArrowParams,
  Connection,
  GroupedStatement,
  PreparedQuery,
  QueryOptions,
  QueryResult,
  StatementGuard,
} from './types.ts';

/** A connection that also tells whether it may be used by somebody else afterwards. */
export interface PooledConnection extends Connection {
  readonly address: Address;
  readonly plans: KeptPlans;
  readonly leftState: () => boolean;
}

export interface ConnectionOptions {
  readonly address: Address;
  readonly plans: KeptPlans;
  readonly onClose: (connection: PooledConnection) => Promise<void>;
}

/** One statement at a time: a second one waits for the first to run, and is refused while a result is open. */
export function createConnection(
  core: EngineCore,
  { address, plans: kept, onClose }: ConnectionOptions,
): PooledConnection {
  const turns = createTurns();
  const traces = createTraces(core, kept);
  const plans = createConnectionPlans(core, kept, address);
  let openStatement: Statement | undefined;
  let closed = false;
  let measured = false;

  const begin = (sql: string, options: QueryOptions, end: () => void): Statement => {
    checkNotAborted(options.signal);
    if (closed) throw new DuckhouseError('Unavailable', 'the connection is closed');
    const statement = startStatement(core, {
      sql,
      connection: address,
      options,
      onFinish() {
        if (openStatement === statement) openStatement = undefined;
        end();
      },
    });
    openStatement = statement;
    return statement;
  };

  /** Tables that are made when asked for are made before the turn is taken; they are not for those who have a guard. */
  const refreshWatched = async (sql: string, { catalog = '' }: QueryOptions): Promise<void> => {
    for (const { concerns, refresh } of core.watches) if (concerns(sql, catalog)) await refresh();
  };

  /** What nobody may run. */
  const checkText = (sql: string): void => {
    checkPointers(sql);
    checkOwnDatabase(sql, core.databaseName);
  };

  const start = async (sql: string, options: QueryOptions): Promise<Statement> => {
    checkText(sql);
    if (core.watches.length > 0 && options.unwatched !== true && options.guard === undefined)
      await refreshWatched(sql, options);
    if (options.guard !== undefined) core.ownExtensionsOnly();
    const end = await turns.take();
    try {
      const statement = begin(sql, options, end);
      if (options.progress === true && !measured) await measure(statement);
      if (options.guard !== undefined) await check(statement, options.guard);
      return statement;
    } catch (error) {
      end();
      throw error;
    }
  };

  /** From now on the connection measures how far a statement is; nobody else gets it. */
  const measure = async (statement: Statement): Promise<void> => {
    measured = true;
    traces.leave();
    try {
      await statement.run({ op: 'change', connection: address, sql: 'SET enable_progress_bar = true' });
    } catch (error) {
      statement.finish();
      throw statement.explain(error);
    }
  };

  const openTransaction = async (statement: Statement): Promise<void> => {
    await statement.run({ op: 'change', connection: address, sql: 'BEGIN' });
    traces.changed('transaction');
  };

  const check = (statement: Statement, guard: StatementGuard): Promise<void> =>
    checkGuard(statement, {
      connection: address,
      sql: statement.sql,
      guard,
      catalogVersion: core.catalogVersion.current,
    });

  const query = async (text: string, options: QueryOptions = {}): Promise<QueryResult> => {
    const { sql } = await guardedText(connection, text, options);
    const keep = shouldKeep(core, sql, options);
    const statement = await start(sql, options);
    const plan = plans.take(sql);
    const { params, arrowParams, rowLimit, batchBytes } = options;
    const isPlain = plan === undefined && params === undefined && arrowParams === undefined;
    const kind = isPlain ? plainCommand(sql) : undefined;
    if (kind !== undefined && !(keep && /[?$]/.test(sql)))
      return runPlainChange({ core, address, plans, traces }, statement, { kind, begin: options.begin });
    const version = plan?.version ?? core.catalogVersion.current;
    const parts = (slabs: CursorSlabs) => ({ sql, params, arrowParams, slabs, keep: keep || plan !== undefined });
    try {
      if (options.begin) await openTransaction(statement);
      return await openResult({
        statement,
        rowLimit,
        batchBytes,
        start: (slabs): Request =>
          plan === undefined
            ? { op: 'query', connection: address, ...parts(slabs) }
            : { op: 'execute', connection: address, handle: plan.handle, ...parts(slabs) },
        onStarted: traces.started,
        onEnd: (started) => plans.giveBack(sql, version, started),
      });
    } catch (error) {
      traces.failed();
      if (plan !== undefined) void plans.release(sql, plan, false);
      throw error;
    }
  };

  const execute = async (sql: string, options: QueryOptions = {}): Promise<number> => {
    const result = await query(sql, options);
    for await (const batch of result.batches) batch.release();
    return result.rowsChanged ?? 0;
  };

  const prepare = async (text: string, options: QueryOptions = {}): Promise<PreparedQuery> => {
    const { sql, script } = await guardedText(connection, text, options);
    const keep = shouldKeep(core, sql, options);
    const statement = await start(sql, options);
    try {
      const plan = await plans.prepare(statement);
      const { handle, version } = plan;
      traces.prepared(handle);
      return preparedQuery({
        statement,
        connection: address,
        handle,
        script: script || handle.script,
        options,
        keep: keep && isKeepable(handle, sql),
        onStarted: traces.started,
        onFailed: traces.failed,
        release: (kept) => plans.release(sql, plan, kept),
        async putAside() {
          if (keep && handle.kind === 'select' && !handle.script) plans.putAside(sql, plan);
          else await plans.release(sql, plan, false);
        },
        giveBack: (started) => plans.giveBack(sql, version, started),
      });
    } catch (error) {
      traces.failed();
      const explained = statement.explain(error);
      statement.finish();
      throw explained;
    }
  };

  const executeMany = async (sql: string, params: ArrowParams, options: QueryOptions = {}): Promise<number> => {
    const keep = shouldKeep(core, sql, options);
    const statement = await start(sql, options);
    let plan: KeptPlan | undefined;
    try {
      plan = await plans.prepare(statement);
      const request: Request = { op: 'many', handle: plan.handle, sql, params: sharedParams(params) };
      return (await statement.run(request)) as number;
    } catch (error) {
      throw statement.explain(error);
    } finally {
      if (plan !== undefined) void plans.release(sql, plan, keep);
      statement.finish();
    }
  };

  const executeGroup = async (group: readonly GroupedStatement[]): Promise<readonly number[]> => {
    for (const { sql } of group) checkText(sql);
    if (group.some(({ guard }) => guard !== undefined)) core.ownExtensionsOnly();
    const statement = await start('', {});
    try {
      await checkGroup(statement, { connection: address, group, catalogVersion: core.catalogVersion.current });
      const statements = group.map(({ sql }) => sql);
      const rows = (await statement.run({ op: 'group', connection: address, statements })) as number[];
      for (const record of group.flatMap(({ records = [] }) => records)) {
        const finished = finishedRecord(record, statement.startedAt);
        if (finished !== undefined) core.history.add(finished);
      }
      return rows;
    } catch (error) {
      throw statement.explain(error);
    } finally {
      statement.finish();
    }
  };

  const tracked = async <T>(sql: string, options: QueryOptions, work: () => Promise<T | undefined>) => {
    checkNotAborted(options.signal);
    const statement = startStatement(core, { sql, connection: address, options, onFinish: () => undefined });
    let done: T | undefined;
    try {
      done = await work();
      return done;
    } catch (error) {
      throw statement.explain(error);
    } finally {
      statement.finish({ unrecorded: done === undefined && !statement.failed() });
    }
  };

  const connection: PooledConnection = {
    address,
    plans: kept,
    leftState: traces.left,
    query,
    execute,
    prepare,
    executeMany,
    executeGroup,
    tracked,
    load: (options) => openLoad(core, { ...options, connection: address, takeTurn: turns.take, execute }),
    registerArrow: (name, schema, messages) => registerArrow(connection, { name, schema, messages }),
    interrupt: () => void core.duckdb.interrupt(address),
    async close() {
      if (closed) return;
      openStatement?.stop(new DuckhouseError('Cancelled', 'the connection was closed'));
      await turns.taken();
      closed = true;
      await onClose(connection);
    },
  };
  return connection;
}

/** The worker reads the parameters where they are when they lie in shared memory; otherwise they are copied to it. */
const sharedParams = ({ schema, messages, ...rest }: ArrowParams): ArrowParams => ({
  schema: Uint8Array.from(schema),
  messages: messages.map(({ metadata, body }) => ({ metadata: Uint8Array.from(metadata), body })),
  ...rest,
});
