import type { Connection, Engine, StatementRecord } from '../engine/index.ts';
import { systemCatalog } from './names.ts';
import type { SessionInfo, SessionStore } from './sessions/types.ts';
import type { WaitingStatement } from './sessions/waiting.ts';
import { definedOver, systemReaders } from './system-readers.ts';

/** A setting of the server, secrets masked. */
export interface SystemSetting {
  readonly name: string;
  readonly value: string | undefined;
  readonly origin: string | undefined;
}

export interface SystemSources {
  readonly sessions: () => Pick<SessionStore, 'list' | 'waiting'>;
  readonly settings: () => readonly SystemSetting[];
}

interface SystemTable {
  readonly name: string;
  readonly comment: string;
  /** Column and type, in order. */
  readonly columns: readonly (readonly [string, string])[];
}

const time = 'TIMESTAMP WITH TIME ZONE';

const tables: readonly SystemTable[] = [
  {
    name: 'sessions',
    comment: 'Sessions of clients',
    columns: [
      ['session_id', 'VARCHAR'],
      ['user_name', 'VARCHAR'],
      ['role', 'VARCHAR'],
      ['via', 'VARCHAR'],
      ['peer', 'VARCHAR'],
      ['user_agent', 'VARCHAR'],
      ['created_at', time],
      ['last_used_at', time],
      ['catalog_name', 'VARCHAR'],
      ['schema_name', 'VARCHAR'],
      ['settings', 'JSON'],
      ['statements', 'BIGINT'],
      ['waiting', 'BIGINT'],
      ['transactions', 'BIGINT'],
    ],
  },
  {
    name: 'queries',
    comment: 'Statements of clients that wait or run, and the last that have ended',
    columns: [
      ['query_id', 'VARCHAR'],
      ['session_id', 'VARCHAR'],
      ['user_name', 'VARCHAR'],
      ['state', 'VARCHAR'],
      ['sql', 'VARCHAR'],
      ['started_at', time],
      ['ended_at', time],
      ['seconds', 'DOUBLE'],
      ['percentage', 'DOUBLE'],
      ['error', 'VARCHAR'],
      ['queue_position', 'BIGINT'],
    ],
  },
  {
    name: 'settings',
    comment: 'Settings of the server and of DuckDB',
    columns: [
      ['name', 'VARCHAR'],
      ['value', 'VARCHAR'],
      ['scope', 'VARCHAR'],
      ['origin', 'VARCHAR'],
    ],
  },
];

/** Makes the tables. Their rows are made anew before each statement that names the catalog. */
export async function openSystemTables(engine: Engine, sources: SystemSources): Promise<void> {
  const connection = await engine.connect();
  await connection.execute(`ATTACH ':memory:' AS ${systemCatalog}`);
  await createTables(connection);
  let last: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => {
    const before = last.catch(() => undefined); // its own asker was told
    const refill = (): Promise<void> => refreshTables(engine, connection, sources);
    last = before.then(refill).catch(() => createTables(connection).then(refill)); // an administrator has dropped or changed one
    return last;
  };
  const readers = systemReaders();
  let listed = false;
  // Listing takes some 50 ms: until it is done every statement may read them.
  void definedOver(connection)
    .then(readers.add, () => undefined) // the engine is closing
    .then(() => (listed = true));
  engine.watchTables({ concerns: (sql, catalog) => readers.reads(sql, catalog) || !listed, refresh });
}

const unwatched = { unwatched: true } as const;

async function createTables(connection: Connection): Promise<void> {
  for (const { name, comment, columns } of tables) {
    const list = columns.map(([column, type]) => `${column} ${type}`).join(', ');
    await connection.execute(`CREATE OR REPLACE TABLE ${systemCatalog}.main.${name} (${list})`, unwatched);
    await connection.execute(`COMMENT ON TABLE ${systemCatalog}.main.${name} IS '${comment}'`, unwatched);
  }
}

/** Rows that were replaced are let go of this often. */
const checkpointEvery = 50;
let refreshes = 0;

async function refreshTables(engine: Engine, connection: Connection, sources: SystemSources): Promise<void> {
  const sessions = sources.sessions();
  const rows = {
    sessions: sessions.list().map(sessionRow),
    queries: [
      ...sessions.waiting().map(waitingRow),
      ...engine
        .progress()
        .filter(({ owner }) => owner !== undefined)
        .map(runningRow),
      ...engine.history().map(endedRow),
    ],
    settings: sources.settings().map(({ name, value, origin }) => ({ name, value, scope: 'server', origin })),
  };
  await connection.execute('BEGIN', unwatched);
  try {
    for (const { name, columns } of tables) {
      await connection.execute(`DELETE FROM ${systemCatalog}.main.${name}`, unwatched);
      const structure = JSON.stringify([Object.fromEntries(columns)]);
      await connection.execute(
        `INSERT INTO ${systemCatalog}.main.${name} BY NAME SELECT unnest(from_json($rows, '${structure}'), max_depth := 2)`,
        { ...unwatched, params: { rows: JSON.stringify(rows[name as keyof typeof rows]) } },
      );
    }
    await connection.execute(
      `INSERT INTO ${systemCatalog}.main.settings SELECT name, value, 'duckdb ' || lower(scope), NULL FROM duckdb_settings()`,
      unwatched,
    );
    await connection.execute('COMMIT', unwatched);
  } catch (error) {
    await connection.execute('ROLLBACK', unwatched);
    throw error;
  }
  if (++refreshes % checkpointEvery === 0)
    await connection.execute(`CHECKPOINT ${systemCatalog}`, unwatched).catch(() => undefined); // somebody reads: the next time will do
}

const sessionRow = ({ principal, ...session }: SessionInfo): object => ({
  session_id: session.id,
  user_name: principal.name,
  role: principal.role,
  via: principal.via,
  peer: session.peer,
  user_agent: session.userAgent,
  created_at: session.createdAt,
  last_used_at: session.lastUsedAt,
  catalog_name: session.catalog,
  schema_name: session.dbSchema,
  settings: session.settings,
  statements: session.statements,
  waiting: session.waiting,
  transactions: session.transactions,
});

const seconds = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1000;
const maxSqlLength = 10_000;

const waitingRow = ({ queryId, owner, sql, since, position }: WaitingStatement): object => ({
  query_id: queryId,
  session_id: owner?.session,
  user_name: owner?.user,
  state: 'waiting',
  sql: sql.slice(0, maxSqlLength),
  seconds: seconds(since, new Date()),
  queue_position: position,
});

function runningRow({ queryId, owner, sql, startedAt, percentage }: ReturnType<Engine['progress']>[number]): object {
  return {
    query_id: queryId,
    session_id: owner?.session,
    user_name: owner?.user,
    state: 'running',
    sql: sql.slice(0, maxSqlLength),
    started_at: startedAt,
    seconds: seconds(startedAt, new Date()),
    percentage: percentage < 0 ? undefined : percentage,
  };
}

function endedRow({ queryId, owner, sql, startedAt, endedAt, state, error }: StatementRecord): object {
  return {
    query_id: queryId,
    session_id: owner.session,
    user_name: owner.user,
    state,
    sql: sql.slice(0, maxSqlLength),
    started_at: startedAt,
    ended_at: endedAt,
    seconds: seconds(startedAt, endedAt),
    error,
  };
}
