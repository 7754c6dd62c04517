import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, type Engine, openEngine, type QueryResult } from '../../engine/index.ts';
import { DuckhouseError, isDuckhouseError } from '../../errors.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import { type Credentials, isLake } from './credentials.ts';
import { emptyTable, type ResultTable, readTable } from './table.ts';

/** What happens on a connection, for logs. */
export interface ConnectionEvents {
  onQuery(connection: string, sql: string): void;
  onQueryDone(connection: string, seconds: number): void;
}

export interface ExecuteOptions {
  /** Open a transaction first when none is. */
  readonly autoBegin?: boolean;
  readonly fetch?: boolean;
  readonly limit?: number | undefined;
}

export interface Executed {
  readonly rowsAffected: number | undefined;
  readonly table: ResultTable;
}

/** One connection with the transaction of one node. Statements run one after the other. */
export interface AdapterConnection {
  readonly name: string;
  isOpenTransaction(): boolean;
  /** Rolls an open transaction back and throws when the statement fails. */
  execute(sql: string, options?: ExecuteOptions): Promise<Executed>;
  begin(): void;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Binds without running; the columns with DuckDB's types. */
  describe(sql: string): Promise<readonly { readonly name: string; readonly type: string }[]>;
  /** Rolls back what is open. */
  close(): Promise<void>;
}

/** The database of a profile: opened by us, or the server's. */
export interface DbtDatabase {
  readonly engine: Engine;
  readonly credentials: Credentials;
  connect(name: string): Promise<AdapterConnection>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly credentials: Credentials;
  /** An engine that is open already, and stays open. */
  readonly engine?: Engine;
  readonly events: ConnectionEvents;
  readonly signal?: AbortSignal | undefined;
}

/** Opens the file of the profile, runs its extensions, secrets and attachments. */
export async function openDatabase({ credentials, engine, events, signal }: DatabaseOptions): Promise<DbtDatabase> {
  const own = engine === undefined;
  const used = engine ?? (await openWithRetries(credentials));
  try {
    for (const sql of credentials.setup) await used.execute(sql);
  } catch (error) {
    if (own) await used.close();
    throw own ? error : setupError(error);
  }
  const idle: Connection[] = [];
  return {
    engine: used,
    credentials,
    connect: async (name) => {
      const connection = idle.pop() ?? (await openConnection(used, credentials));
      return createAdapterConnection({
        name,
        connection,
        credentials,
        events,
        signal,
        giveBack: (one) => idle.push(one),
      });
    },
    close: async () => {
      for (const connection of idle.splice(0)) await connection.close();
      if (own) await used.close();
    },
  };
}

/** A server that is closed says what it does not do, not why the profile wants it. */
function setupError(error: unknown): unknown {
  if (!isDuckhouseError(error) || error.kind !== 'PermissionDenied') return error;
  return new DuckhouseError(error.kind, `extensions, attachments and secrets of the profile: ${error.message}`, {
    id: 'dbt-profile-setup',
    context: error.context,
    hint: 'they take an administrator and a server with --trusted, or a process of its own while no server runs',
    cause: error,
  });
}

/** With the database and the settings of the profile. */
async function openConnection(engine: Engine, { database, settings }: Credentials): Promise<Connection> {
  const connection = await engine.connect();
  try {
    if (database !== '') await connection.execute(`USE ${quoteIdentifier(database)}`);
    for (const [key, value] of Object.entries(settings))
      await connection.execute(`SET ${key} = ${quoteLiteral(value)}`);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}

/** Words of statements that leave something on their connection: settings, temporary relations, names, random seeds. */
const leaving =
  /\b(temp|temporary|set|setseed|reset|pragma|use|prepare|execute|deallocate|attach|detach|load|install|call|import|begin|start|commit|rollback|abort)\b/i;

async function openWithRetries({ path: given, config, retries }: Credentials): Promise<Engine> {
  const file = isLake(given) ? ':memory:' : given;
  const folder = path.dirname(file);
  // The workspace's own folder is made by whoever needs it first.
  if (path.basename(folder) === '.duckhouse') mkdirSync(folder, { recursive: true });
  if (file !== ':memory:' && !existsSync(folder))
    throw new DuckhouseError('NotFound', `cannot open ${file}: there is no folder ${folder}`, {
      context: { path: file },
      hint: "make the folder, or correct 'path' in profiles.yml",
    });
  for (let attempt = 1; ; attempt++) {
    try {
      // As many threads as there are processors to begin with, more while long statements hold them.
      return await openEngine({ database: file, settings: config });
    } catch (error) {
      if (attempt >= retries.connect) throw error;
      await delay(1000 * 2 ** (attempt - 1));
    }
  }
}

interface ConnectionParts {
  readonly name: string;
  readonly connection: Connection;
  readonly credentials: Credentials;
  readonly events: ConnectionEvents;
  readonly signal: AbortSignal | undefined;
  /** Takes a connection that is as it was when it was opened. */
  readonly giveBack: (connection: Connection) => void;
}

function createAdapterConnection(parts: ConnectionParts): AdapterConnection {
  const { name, connection, credentials, events, signal, giveBack } = parts;
  const options = signal === undefined ? {} : { signal };
  let open = false;
  /** A BEGIN goes to the database with the statement after it: a message less for each node. */
  let unsent = false;
  let left = false;
  let closed = false;

  const send = (sql: string): Promise<QueryResult> => {
    const begin = unsent;
    unsent = false;
    return connection.query(sql, begin ? { ...options, begin } : options);
  };

  const run = async (sql: string): Promise<QueryResult> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send(sql);
      } catch (error) {
        left = true;
        const again = !open && isDuckhouseError(error) && error.retryable && attempt < credentials.retries.query;
        if (!again) throw error;
        await delay(1000 * 2 ** (attempt - 1));
      }
    }
  };

  const statement = async (sql: string, { fetch, limit }: ExecuteOptions = {}): Promise<Executed> => {
    events.onQuery(name, sql);
    const started = performance.now();
    const result = await run(sql);
    const table = fetch === true ? await readTable(result, limit) : await drain(result);
    events.onQueryDone(name, (performance.now() - started) / 1000);
    return { rowsAffected: result.rowsChanged, table };
  };

  const begin = (): void => {
    if (open) throw new DuckhouseError('Internal', `connection "${name}" has a transaction open`);
    events.onQuery(name, 'BEGIN');
    open = true;
    unsent = true;
  };
  const end = async (sql: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    if (!open) return;
    open = false;
    if (unsent) {
      unsent = false;
      return;
    }
    try {
      await statement(sql);
    } catch (error) {
      // A transaction that cannot commit is undone by DuckDB, one without work is closed already.
      if (sql === 'COMMIT') throw error;
    }
  };

  return {
    name,
    isOpenTransaction: () => open,
    async execute(sql, executeOptions = {}) {
      left = left || leaving.test(sql);
      if (executeOptions.autoBegin === true && !open && !credentials.disableTransactions) begin();
      try {
        return await statement(sql, executeOptions);
      } catch (error) {
        await end('ROLLBACK');
        throw error;
      }
    },
    begin,
    commit: () => end('COMMIT'),
    rollback: () => end('ROLLBACK'),
    async describe(sql) {
      const result = await send(`DESCRIBE ${sql}`);
      const { rows } = await readTable(result);
      return rows.map((row) => ({ name: String(row[0]), type: String(row[1]) }));
    },
    async close() {
      if (closed) return;
      closed = true;
      await end('ROLLBACK').catch(() => undefined); // a closed engine undoes it itself
      if (left) await connection.close();
      else giveBack(connection);
    },
  };
}

async function drain(result: QueryResult): Promise<ResultTable> {
  for await (const batch of result.batches) batch.release();
  return emptyTable;
}

/** A failed statement in DuckDB's words, with the line it names. */
export function databaseErrorText(error: unknown, sql?: string): string {
  if (!isDuckhouseError(error)) return error instanceof Error ? error.message : String(error);
  const { errorType, position } = error.context;
  const head = errorType === undefined ? error.message : `${errorType} Error: ${error.message}`;
  if (sql === undefined || typeof position !== 'number') return head;
  return `${head}\n\n${markLine(sql, position)}`;
}

function markLine(sql: string, position: number): string {
  const before = Buffer.from(sql).subarray(0, position).toString('utf8');
  const start = before.lastIndexOf('\n') + 1;
  const end = sql.indexOf('\n', before.length);
  const label = `LINE ${before.split('\n').length}: `;
  return `${label}${sql.slice(start, end < 0 ? undefined : end)}\n${' '.repeat(label.length + before.length - start)}^`;
}
