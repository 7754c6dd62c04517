import { availableParallelism } from 'node:os';
import { DuckhouseError } from '../errors.ts';
import type { PooledConnection } from './connection.ts';
import { type ConnectionPool, connectionPool } from './connection-pool.ts';
import type { EngineCore } from './core.ts';
import { createDataClock, newClock } from './data-clock.ts';
import { createHistory } from './history.ts';
import { createLoaderPool } from './loader-pool.ts';
import { lockdownStatements } from './lockdown.ts';
import { closeConnection, closeDatabase, openConnection, openDatabase, runSql } from './native/database.ts';
import { addHandle, closeGate, handlesIn, takeHandle, takeHandles, useHandles } from './native/handles.ts';
import { type DuckDb, findLibrary, loadDuckDb } from './native/library.ts';
import type { Address } from './native/memory.ts';
import { forbidPointerCasts } from './native/pointer-casts.ts';
import { databaseName } from './own-database.ts';
import { ownExtensionsOnly } from './own-extensions.ts';
import { createWorkerPool, type WorkerPool } from './pool.ts';
import { cancelReason, type Statement } from './statement.ts';
import type {
  AttachOptions,
  Connection,
  EncodedBatch,
  Engine,
  EngineOptions,
  EngineShare,
  PreparedQuery,
  QueryOptions,
  QueryProgress,
  QueryResult,
} from './types.ts';

const maxWorkers = 64;
/** Ended statements kept in mind. */
const keptRecords = 1000;

/** What every session starts with: errors as data, and UTC wherever the server stands. */
const baseSession = [
  "SET TimeZone = 'UTC'",
  'SET errors_as_json = true',
  'SET enable_progress_bar = false',
  'SET enable_progress_bar_print = false',
];

/**
 * DuckDB reads up to this many rows of LIMIT, with or without an order, in the way that is best for few; by default only 50, and
 * of an unordered LIMIT of more it then looks for the rows' ids first: 4.3 ms in place of 0.7 for 1,000 of 6,000,000 rows.
 */
const fewRows = { late_materialization_max_rows: '10000' };

/** Opens a database. One engine a file: DuckDB does not notice a second one in the same process. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const libraryPath = findLibrary(options.libraryPath);
  const duckdb = loadDuckDb(libraryPath);
  const settings = { ...fewRows, ...options.settings, ...(options.readOnly ? { access_mode: 'READ_ONLY' } : {}) };
  const database = openDatabase(duckdb, { database: options.database, settings });
  forbidPointerCasts(duckdb, database);
  if (options.lockdown !== undefined) runAll(duckdb, database, lockdownStatements(options.lockdown));
  const sessionInit = [...baseSession, ...(options.sessionInit ?? [])];
  const share: EngineShare = { file: options.database, libraryPath, database, sessionInit, clock: newClock() };
  return createEngine(createCore(duckdb, share, { workers: options.workers }), { file: options.database, owns: true });
}

async function openBeside(
  { duckdb, libraryPath, pool, handles, clock: { memory: clock } }: EngineCore,
  { database: file, settings = {}, sessionInit = [] }: Parameters<Engine['openBeside']>[0],
): Promise<Engine> {
  const to = {
    database: openDatabase(duckdb, { database: file, settings }),
    sessionInit: [...baseSession, ...sessionInit],
  };
  addHandle(handles?.databases, to.database);
  const borrowed: WorkerPool = {
    ...pool,
    run: (request, onReply) => pool.run(request.op === 'connect' ? { ...request, to } : request, onReply),
    close: () => Promise.resolve(),
  };
  const core = coreOn(duckdb, { file, libraryPath, ...to, clock }, { pool: borrowed, size: 2, handles });
  return createEngine(core, { file, owns: true });
}

/** An engine of this thread on a database that another thread of the process has open, and closes. */
export function attachEngine(share: EngineShare, { workers, handles }: AttachOptions = {}): Engine {
  const core = createCore(loadDuckDb(share.libraryPath), share, { workers, handles });
  return createEngine(core, { file: share.file, owns: false });
}

function createCore(duckdb: DuckDb, share: EngineShare, { workers, handles }: AttachOptions): EngineCore {
  const { libraryPath, database, sessionInit, clock } = share;
  const size = Math.max(2, workers ?? availableParallelism());
  const pool = createWorkerPool({
    data: { libraryPath, database, sessionInit, clock, handles },
    size,
    max: Math.max(maxWorkers, size),
  });
  return coreOn(duckdb, share, { pool, size, handles: handles && handlesIn(handles) });
}

interface Threads {
  readonly pool: WorkerPool;
  readonly size: number;
  readonly handles: EngineCore['handles'];
}

function coreOn(
  duckdb: DuckDb,
  { file, libraryPath, database, sessionInit, clock }: EngineShare,
  { pool, size, handles }: Threads,
): EngineCore {
  return {
    duckdb,
    database,
    databaseName: databaseName(file),
    libraryPath,
    pool,
    loaders: createLoaderPool({ libraryPath, clock, handles: handles?.memory }, size),
    statements: new Map<string, Statement>(),
    sessionInit,
    handles,
    history: createHistory(keptRecords),
    watches: [],
    ownExtensionsOnly: ownExtensionsOnly(duckdb, database),
    catalogVersion: { current: 0 },
    clock: createDataClock(clock),
    plans: new Set(),
    recentTexts: new Set<string>(),
  };
}

function runAll(duckdb: DuckDb, database: Address, statements: readonly string[]): void {
  try {
    closeConnection(duckdb, openConnection(duckdb, database, statements));
  } catch (error) {
    closeDatabase(duckdb, database);
    throw error;
  }
}

interface EngineParts {
  readonly file: string;
  /** The database is closed with the engine. */
  readonly owns: boolean;
}

function createEngine(core: EngineCore, { file, owns }: EngineParts): Engine {
  const connections = connectionPool(core);
  let closing: Promise<void> | undefined;

  const withPooled = async <T extends QueryResult | PreparedQuery>(
    sql: string,
    open: (connection: PooledConnection) => Promise<T>,
  ): Promise<T> => {
    const connection = await connections.borrow(sql);
    try {
      return await open(connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
  };

  const query = (sql: string, options?: QueryOptions): Promise<QueryResult> =>
    withPooled(sql, async (connection) => closeAfter(await connection.query(sql, options), connection));

  return {
    database: file,
    duckdbVersion: String(core.duckdb.library_version()),
    connect: () => connections.connect(),
    query,
    async execute(sql, options) {
      const result = await query(sql, options);
      for await (const batch of result.batches) batch.release();
      return result.rowsChanged ?? 0;
    },
    prepare: (sql, options) =>
      withPooled(sql, async (connection) => closePreparedAfter(await connection.prepare(sql, options), connection)),
    progress: (queryId) => progressOf(core, queryId),
    history: () => core.history.list(),
    watchTables: (watch) => void core.watches.push(watch),
    cancel(queryId) {
      const statement = core.statements.get(queryId);
      statement?.stop(cancelReason());
      return statement !== undefined;
    },
    stats: () => ({ ...core.pool.stats(), openResults: core.statements.size, connections: connections.count() }),
    share: () => ({
      file,
      libraryPath: core.libraryPath,
      database: core.database,
      sessionInit: core.sessionInit,
      clock: core.clock.memory,
    }),
    openBeside: (options) => openBeside(core, options),
    async interruptHandles(memory) {
      const handles = handlesIn(memory);
      useHandles(handles.connections, (connection) => void core.duckdb.interrupt(connection));
      await closeGate(handles);
    },
    releaseHandles(memory) {
      const { connections: left, databases, writes } = handlesIn(memory);
      for (const connection of takeHandles(left)) closeConnection(core.duckdb, connection);
      core.clock.endAll(writes);
      for (const database of takeHandles(databases)) closeDatabase(core.duckdb, database);
    },
    close: () => (closing ??= closeEngine(core, connections, owns)),
  };
}

async function* batchesThen(batches: QueryResult['batches'], close: () => Promise<void>): AsyncGenerator<EncodedBatch> {
  try {
    for await (const batch of batches) yield batch;
  } finally {
    await close();
  }
}

/** The result as it is, giving its pooled connection back at its end. */
function closeAfter(result: QueryResult, connection: Connection): QueryResult {
  const close = async (): Promise<void> => {
    await result.close();
    await connection.close();
  };
  if (!result.returnsRows) void close();
  return { ...result, batches: result.returnsRows ? batchesThen(result.batches, close) : result.batches, close };
}

function closePreparedAfter(prepared: PreparedQuery, connection: Connection): PreparedQuery {
  return {
    ...prepared,
    run: async (options) => {
      try {
        return closeAfter(await prepared.run(options), connection);
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
    async close() {
      await prepared.close();
      await connection.close();
    },
  };
}

function progressOf(core: EngineCore, queryId: string | undefined): QueryProgress[] {
  const wanted = [...core.statements.values()].filter(
    (statement) => queryId === undefined || statement.queryId === queryId,
  );
  return wanted.map(({ queryId: id, owner, sql, startedAt, connection }) => {
    const progress = core.duckdb.query_progress(connection) as {
      percentage: number;
      rows: number | bigint;
      total: number | bigint;
    };
    return {
      queryId: id,
      owner,
      sql,
      startedAt,
      percentage: progress.percentage,
      rowsProcessed: Number(progress.rows),
      totalRows: Number(progress.total),
    };
  });
}

async function closeEngine(core: EngineCore, connections: ConnectionPool, owns: boolean): Promise<void> {
  for (const statement of core.statements.values())
    statement.stop(new DuckhouseError('Unavailable', 'the engine is closing'));
  await connections.close();
  await core.loaders.close();
  await core.pool.close();
  if (!owns) return;
  checkpoint(core.duckdb, core.database);
  if (takeHandle(core.handles?.databases, core.database)) closeDatabase(core.duckdb, core.database);
}

/** Closing the last connection checkpoints too, but says nothing of a failure. */
function checkpoint(duckdb: DuckDb, database: Address): void {
  const connection = openConnection(duckdb, database, []);
  try {
    runSql(duckdb, connection, 'CHECKPOINT');
  } catch {
    // A read-only or an invalidated database cannot be checkpointed: its write-ahead log is replayed at the next open.
  } finally {
    closeConnection(duckdb, connection);
  }
}
