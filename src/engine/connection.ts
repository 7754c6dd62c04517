import { createBatchDecoder, valueReader } from '../arrow/index.ts';
import { DuckhouseError } from '../errors.ts';
import { mayBeScript } from '../sql.ts';
import { checkGroup, checkGuard } from './check-guard.ts';
import type { EngineCore } from './core.ts';
import { type LiteralRow, literalRow } from './literal-row.ts';
import { openLoad } from './load.ts';
import type { Address } from './native/memory.ts';
import { openPivot } from './pivot.ts';
import { catalogChanged, type KeptPlan, type KeptPlans, putBack, shouldKeep } from './plans.ts';
import { checkPointers } from './pointer-functions.ts';
import type { ColumnPlan, CursorSlabs, Request, ResultHandle, StatementHandle } from './protocol.ts';
import { registerArrow } from './register-arrow.ts';
import { changedResult, openResult } from './result.ts';
import { checkNotAborted, finishedRecord, type Statement, startStatement } from './statement.ts';
import { changesCatalog, isKeepable, leavesState, plainCommand } from './statement-kind.ts';
import { splitStatements } from './statement-text.ts';
import type {
  ArrowParams,
  Connection,
  GroupedStatement,
  PreparedQuery,
  QueryOptions,
  QueryResult,
  StatementKind,
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
export function createConnection(core: EngineCore, { address, plans, onClose }: ConnectionOptions): PooledConnection {
  let turn: Promise<void> = Promise.resolve();
  let openStatement: Statement | undefined;
  let left = false;
  let changedCatalog = false;
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

  /** Waits for its turn; `end` gives the next its own. */
  const takeTurn = async (): Promise<() => void> => {
    const before = turn;
    let end: () => void = () => undefined;
    turn = new Promise((resolve) => (end = resolve));
    await before;
    return end;
  };

  /** Tables that are made when asked for are made before the turn is taken; they are not for those who have a guard. */
  const refreshWatched = async (sql: string, { catalog = '' }: QueryOptions): Promise<void> => {
    for (const { concerns, refresh } of core.watches) if (concerns(sql, catalog)) await refresh();
  };

  const start = async (sql: string, options: QueryOptions): Promise<Statement> => {
    checkPointers(sql);
    if (core.watches.length > 0 && options.unwatched !== true && options.guard === undefined)
      await refreshWatched(sql, options);
    const end = await takeTurn();
    try {
      const statement = begin(sql, options, end);
      if (options.progress === true && !measured) await measure(statement);
      return statement;
    } catch (error) {
      end();
      throw error;
    }
  };

  /** From now on the connection measures how far a statement is; nobody else gets it. */
  const measure = async (statement: Statement): Promise<void> => {
    left = measured = true;
    try {
      await statement.run({ op: 'change', connection: address, sql: 'SET enable_progress_bar = true' });
    } catch (error) {
      statement.finish();
      throw statement.explain(error);
    }
  };

  const check = (statement: Statement, { guard }: QueryOptions): Promise<void> =>
    checkGuard(statement, {
      connection: address,
      sql: statement.sql,
      guard,
      catalogVersion: core.catalogVersion.current,
    });

  /** A guarded script runs piece by piece, each looked at just before: the last one is the caller's to run. */
  const runBefore = async (
    script: string,
    { params: _, arrowParams: __, queryId: ___, ...options }: QueryOptions,
  ): Promise<string> => {
    const pieces = splitStatements(script);
    for (const piece of pieces.slice(0, -1)) await execute(piece, options);
    return pieces.at(-1) ?? script;
  };
  /** The values of a guarded PIVOT are asked for by a statement of its own, so that each of the two can be looked at. */
  const pivotWithValues = async (
    sql: string,
    { params: _, arrowParams: __, queryId: ___, rowLimit: ____, ...options }: QueryOptions,
  ): Promise<string> => {
    const pivot = options.guard === undefined ? undefined : openPivot(sql);
    const values: string[][] = [];
    for (const question of pivot?.questions ?? [])
      values.push(await textsOf(await query(question, { ...options, rowLimit: maxPivotValues })));
    return pivot?.withValues(values) ?? sql;
  };
  const isGuardedScript = (sql: string, { guard }: QueryOptions): boolean => guard !== undefined && mayBeScript(sql);

  const query = async (text: string, options: QueryOptions = {}): Promise<QueryResult> => {
    const sql = await pivotWithValues(isGuardedScript(text, options) ? await runBefore(text, options) : text, options);
    const keep = shouldKeep(core, sql, options);
    const statement = await start(sql, options);
    if (options.guard !== undefined) await check(statement, options);
    const { params, arrowParams, rowLimit, batchBytes } = options;
    const kept = plans.take(sql);
    const isPlain = kept === undefined && params === undefined && arrowParams === undefined;
    const kind = isPlain ? plainCommand(sql) : undefined;
    if (kind !== undefined && !(keep && isKeepable({ kind, script: false }))) return runChange(statement, kind);
    const version = kept?.version ?? core.catalogVersion.current;
    const parts = (slabs: CursorSlabs) => ({ sql, params, arrowParams, slabs, keep: keep || kept !== undefined });
    try {
      const result = await openResult({
        statement,
        rowLimit,
        batchBytes,
        start: (slabs): Request =>
          kept === undefined
            ? { op: 'query', connection: address, ...parts(slabs) }
            : { op: 'execute', handle: kept.handle, ...parts(slabs) },
        onStarted: noteStarted,
        onEnd: (started) => giveBack(sql, version, started),
      });
      return result;
    } catch (error) {
      noteFailed();
      if (kept !== undefined) void putBack(core, plans, { sql, plan: kept, keep: false });
      throw error;
    }
  };

  /** Without a plan that could be kept, and without a cursor: what single rows are written with, and tables made. */
  const runChange = async (statement: Statement, kind: StatementKind): Promise<QueryResult> => {
    try {
      const rows = await (insertLiterals(statement, kind) ??
        (statement.run({
          op: isKeepable({ kind, script: false }) ? 'change' : 'command',
          connection: address,
          sql: statement.sql,
        }) as Promise<number>));
      left = left || leavesState(kind);
      noteCatalog({ kind, script: false });
      return changedResult(statement.queryId, kind, rows);
    } catch (error) {
      noteFailed();
      throw statement.explain(error);
    } finally {
      statement.finish();
    }
  };

  /** One row of literals goes in by a kept plan, if such a row came before; undefined for any other statement. */
  const insertLiterals = (statement: Statement, kind: StatementKind): Promise<number> | undefined => {
    const row = kind === 'insert' ? literalRow(statement.sql) : undefined;
    return row !== undefined && shouldKeep(core, row.template, {}) ? insertByPlan(statement, row) : undefined;
  };
  const insertByPlan = async (statement: Statement, { template, values }: LiteralRow): Promise<number> => {
    const { sql } = statement;
    const change: Request = { op: 'change', connection: address, sql };
    const plan = await preparePlan(statement, template).catch(() => undefined); // the text itself tells what is wrong with it
    if (plan === undefined) return statement.run(change) as Promise<number>;
    try {
      return (await statement.run({
        op: 'insertRow',
        connection: address,
        handle: plan.handle,
        sql,
        values,
      })) as number;
    } finally {
      void putBack(core, plans, { sql: template, plan, keep: true });
    }
  };

  /** A plan whose columns changed since it was made is not kept: what was told about it is no longer true. */
  const giveBack = (sql: string, version: number, { kept, columns }: ResultHandle): void => {
    if (kept === undefined) return;
    const keep = !kept.columnsKnown || sameColumns(kept.columns, columns) || !kept.returnsRows;
    void putBack(core, plans, { sql, plan: { handle: kept, version }, keep });
  };

  const note = (handle: ResultHandle | StatementHandle): void => {
    left = left || handle.leavesState;
  };
  /** What DuckDB runs as several statements, such as some ALTERs, leaves a transaction open when one of them fails. */
  const noteFailed = (): void => {
    left = true;
  };
  const noteStarted = (handle: ResultHandle): void => {
    note(handle);
    noteCatalog(handle);
  };

  /** Inside a transaction a change is seen by others only at its end: then they make their plans anew once more. */
  const noteCatalog = (done: { readonly kind: StatementKind; readonly script: boolean }): void => {
    const changes = changesCatalog(done);
    if (changes || (done.kind === 'transaction' && changedCatalog)) catalogChanged(core);
    changedCatalog = (changedCatalog && done.kind !== 'transaction') || changes;
    if (done.kind === 'set') void plans.clear();
  };

  const execute = async (sql: string, options: QueryOptions = {}): Promise<number> => {
    const result = await query(sql, options);
    for await (const batch of result.batches) batch.release();
    return result.rowsChanged ?? 0;
  };

  const preparePlan = async (statement: Statement, sql = statement.sql): Promise<KeptPlan> => {
    const kept = plans.take(sql);
    if (kept !== undefined) return kept;
    const version = core.catalogVersion.current;
    return { handle: (await statement.run({ op: 'prepare', connection: address, sql })) as StatementHandle, version };
  };

  const prepare = async (text: string, options: QueryOptions = {}): Promise<PreparedQuery> => {
    const script = isGuardedScript(text, options);
    const sql = await pivotWithValues(script ? await runBefore(text, options) : text, options);
    const keep = shouldKeep(core, sql, options);
    const statement = await start(sql, options);
    if (options.guard !== undefined) await check(statement, options);
    try {
      const plan = await preparePlan(statement);
      const { handle, version } = plan;
      note(handle);
      if (handle.script) noteCatalog(handle);
      return preparedQuery({
        statement,
        handle,
        script: script || handle.script,
        options,
        keep: keep && isKeepable(handle),
        onStarted: noteStarted,
        onFailed: noteFailed,
        release: (kept) => putBack(core, plans, { sql, plan, keep: kept }),
        giveBack: (started) => giveBack(sql, version, started),
      });
    } catch (error) {
      noteFailed();
      const explained = statement.explain(error);
      statement.finish();
      throw explained;
    }
  };

  const executeMany = async (sql: string, params: ArrowParams, options: QueryOptions = {}): Promise<number> => {
    const keep = shouldKeep(core, sql, options);
    const statement = await start(sql, options);
    let plan: KeptPlan | undefined;
    if (options.guard !== undefined) await check(statement, options);
    try {
      plan = await preparePlan(statement);
      const { handle } = plan;
      return (await statement.run({ op: 'many', handle, sql, params: sharedParams(params) })) as number;
    } catch (error) {
      throw statement.explain(error);
    } finally {
      if (plan !== undefined) void putBack(core, plans, { sql, plan, keep });
      statement.finish();
    }
  };

  const executeGroup = async (group: readonly GroupedStatement[]): Promise<readonly number[]> => {
    for (const { sql } of group) checkPointers(sql);
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
    plans,
    leftState: () => left,
    query,
    execute,
    prepare,
    executeMany,
    executeGroup,
    tracked,
    load: (options) => openLoad(core, { ...options, connection: address, takeTurn, execute }),
    registerArrow: (name, schema, messages) => registerArrow(connection, { name, schema, messages }),
    interrupt: () => void core.duckdb.interrupt(address),
    async close() {
      if (closed) return;
      openStatement?.stop(new DuckhouseError('Cancelled', 'the connection was closed'));
      await turn;
      closed = true;
      await onClose(connection);
    },
  };
  return connection;
}

interface PreparedOptions {
  readonly statement: Statement;
  readonly handle: StatementHandle;
  /** What came before it has run. */
  readonly script: boolean;
  readonly options: QueryOptions;
  readonly keep: boolean;
  readonly onStarted: (started: ResultHandle) => void;
  readonly onFailed: () => void;
  /** Destroys the statement that has not run, or keeps it. */
  readonly release: (keep: boolean) => Promise<unknown>;
  readonly giveBack: (started: ResultHandle) => void;
}

/** The statement stays open from `prepare` to the end of its one run. */
function preparedQuery(prepared: PreparedOptions): PreparedQuery {
  const { statement, handle, options, keep } = prepared;
  let state: 'prepared' | 'running' | 'closed' = 'prepared';
  let result: QueryResult | undefined;
  return {
    queryId: statement.queryId,
    kind: handle.kind,
    returnsRows: handle.returnsRows,
    schema: { fields: handle.columns.map(({ field }) => field) },
    schemaKnown: handle.columnsKnown,
    parameters: handle.parameters,
    parameterFields: handle.parameterFields,
    script: prepared.script,
    async run(runOptions = {}) {
      if (state !== 'prepared') throw new DuckhouseError('InvalidArgument', 'a prepared query runs once');
      state = 'running';
      const { signal, rowLimit = options.rowLimit, batchBytes = options.batchBytes } = runOptions;
      const { params = options.params, arrowParams = options.arrowParams } = runOptions;
      if (signal !== undefined) stopOnAbort(statement, signal);
      try {
        result = await openResult({
          statement,
          rowLimit,
          batchBytes,
          start: (slabs): Request => ({ op: 'execute', handle, sql: statement.sql, params, arrowParams, slabs, keep }),
          onStarted: prepared.onStarted,
          onEnd: prepared.giveBack,
        });
      } catch (error) {
        prepared.onFailed();
        if (keep) void prepared.release(false);
        throw error;
      }
      return result;
    },
    async close() {
      if (state === 'running') await result?.close();
      if (state === 'prepared') {
        state = 'closed';
        await prepared.release(keep);
        statement.finish({ unrecorded: true }); // it was looked at, and has not run
      }
      state = 'closed';
    },
  };
}

/** As many columns as DuckDB makes of one. */
const maxPivotValues = 100_000;

/** The texts of a result's one column. */
async function textsOf({ schema, batches }: QueryResult): Promise<string[]> {
  const { decode } = createBatchDecoder(schema);
  const texts: string[] = [];
  for await (const batch of batches) {
    const [column] = decode(batch)?.columns ?? [];
    const read = column === undefined ? undefined : valueReader(column);
    for (let row = 0; row < (column?.length ?? 0); row++) texts.push(String(read?.(row)));
    batch.release();
  }
  return texts;
}

const sameColumns = (before: readonly ColumnPlan[], now: readonly ColumnPlan[]): boolean =>
  JSON.stringify(before.map(({ field }) => field)) === JSON.stringify(now.map(({ field }) => field));

/** The worker reads the parameters where they are when they lie in shared memory; otherwise they are copied to it. */
const sharedParams = ({ schema, messages, ...rest }: ArrowParams): ArrowParams => ({
  schema: Uint8Array.from(schema),
  messages: messages.map(({ metadata, body }) => ({ metadata: Uint8Array.from(metadata), body })),
  ...rest,
});

function stopOnAbort(statement: Statement, signal: AbortSignal): void {
  const stop = (): void =>
    statement.stop(
      new DuckhouseError('Cancelled', 'the statement was cancelled', { id: 'cancelled', cause: signal.reason }),
    );
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
}
