import type { ArrowField, ArrowSchema, IpcMessage } from '../arrow/index.ts';

/** What a statement does, from DuckDB's own classification. */
export type StatementKind =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'merge'
  | 'create'
  | 'drop'
  | 'alter'
  | 'copy'
  | 'attach'
  | 'detach'
  | 'transaction'
  | 'set'
  | 'pragma'
  | 'explain'
  | 'call'
  | 'export'
  | 'load'
  | 'prepare'
  | 'execute'
  | 'vacuum'
  | 'analyze'
  | 'extension'
  | 'other';

export type ParamValue = null | boolean | number | bigint | string | Uint8Array | Date;
/** Positional (`?`, `$1`) or named (`$name`) parameters. */
export type Params = readonly ParamValue[] | Readonly<Record<string, ParamValue>>;

/** Parameters as Arrow: of a query one row, of `executeMany` each row in turn. Columns fit by name when every name is there, else by position. */
export interface ArrowParams {
  /** Bare flatbuffer Schema message. */
  readonly schema: Uint8Array;
  /** Dictionary and record batches. */
  readonly messages: readonly IpcMessage[];
  /** Which row counts; default: the first. */
  readonly row?: number;
}

/**
 * One encoded record batch. `body` lies in shared memory that is reused after `release()`;
 * at least `headroom` bytes before `body` in the same buffer may be overwritten by the reader, e.g. for framing.
 */
export interface EncodedBatch {
  /** Bare flatbuffer Message of the record batch. It lies in the headroom, at its start, at least 64 bytes shorter. */
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
  readonly headroom: number;
  readonly rows: number;
  /** Gives the memory back; call exactly once. At most a few batches of a result exist unreleased: a reader that keeps them all waits forever. */
  release(): void;
}

/** A table function that a plan reads from, and the files it names where DuckDB tells them. */
export interface ScannedFunction {
  readonly name: string;
  /** Of a table. */
  readonly catalog: string | undefined;
  readonly files: readonly string[] | undefined;
}

/** A catalog entry that a statement makes, changes or drops; `entry` is DuckDB's word for its kind. */
export interface StatementTarget {
  readonly catalog: string | undefined;
  readonly dbSchema: string | undefined;
  readonly name: string | undefined;
  readonly entry: string | undefined;
}

/** DuckDB's bound logical plan, before optimisation: views and macros are replaced by what they stand for. */
export interface PlanFacts {
  /** The topmost operator of each statement, e.g. `LOGICAL_INSERT`. */
  readonly roots: readonly string[];
  readonly operators: readonly string[];
  /** Scalar and aggregate functions, lower case. */
  readonly functions: readonly string[];
  readonly scans: readonly ScannedFunction[];
  readonly targets: readonly StatementTarget[];
  /** Settings that `current_setting` is asked for; '' for one that is computed. */
  readonly readSettings: readonly string[];
  /** What SET, RESET and USE are about. */
  readonly setting: { readonly name: string; readonly scope: string; readonly value: string | undefined } | undefined;
}

/** A query as it is written, before views and macros are looked into. Names of functions are lower case. */
export interface TextFacts {
  readonly functions: readonly string[];
  readonly tableFunctions: readonly string[];
  /** As in PlanFacts. */
  readonly readSettings: readonly string[];
  /** Names of tables, views and common table expressions, in parts. */
  readonly relations: readonly (readonly string[])[];
  /** Functions that are macros somebody made. */
  readonly macros: readonly string[];
}

/** What a text of SQL would do, as DuckDB itself says it without running any of it. */
export interface StatementFacts {
  readonly sql: string;
  readonly statements: number;
  /** Of an EXECUTE: the query that its arguments amount to, where they are no literals. */
  readonly computed?: StatementFacts;
  /** The rest is told of the statement that stands behind EXPLAIN. */
  readonly explained: boolean;
  readonly plan: PlanFacts | undefined;
  /** Kind of the error that left no plan, e.g. `binder` or `not implemented`; `files` when the text names files, `several` when DuckDB makes several statements of it. */
  readonly planError: string | undefined;
  /** The text of a query; undefined for other statements. */
  readonly text: TextFacts | undefined;
  /** What a definition is made of that is not bound yet: the query of a view, defaults, checks, expressions of ALTER. */
  readonly definition: TextFacts | undefined;
}

/** Asked before a statement runs. */
export interface StatementGuard {
  /** Guards of one key decide alike. */
  readonly key: string;
  /** A query that names another table function, or a file, is not even bound: that would open the file. */
  readonly tableFunctions: readonly string[];
  /** `run` lets it, `fail` says that it cannot be bound and its error may be shown. Throws PermissionDenied otherwise. */
  decide(facts: StatementFacts): 'run' | 'fail';
}

/** Whose statement it is, for those who look at what the server does. */
export interface StatementOwner {
  readonly user: string;
  readonly session?: string | undefined;
}

/** A statement of somebody that has ended. */
export interface StatementRecord {
  readonly queryId: string;
  readonly owner: StatementOwner;
  readonly sql: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly state: 'finished' | 'failed' | 'cancelled';
  readonly error: string | undefined;
}

export interface QueryOptions {
  /** Statements without one are the server's own, and not kept in mind. */
  readonly owner?: StatementOwner | undefined;
  /** Tables that are made when asked for stay as they are. */
  readonly unwatched?: boolean;
  /** The current catalog of the session, for such tables. */
  readonly catalog?: string | undefined;
  readonly params?: Params;
  /** A transaction is opened first. */
  readonly begin?: boolean | undefined;
  /** Checks the statement on its own connection before anything of it runs. Absent = everything may run. */
  readonly guard?: StatementGuard | undefined;
  /** Instead of `params`: typed values, nothing of them lost. */
  readonly arrowParams?: ArrowParams | undefined;
  /** The statement will come again: its plan is kept with the connection. A text seen twice is kept without being asked. */
  readonly keep?: boolean | undefined;
  /** Aborting interrupts the statement and closes the result. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** More rows than this end the stream with ResourceExhausted. */
  readonly rowLimit?: number | undefined;
  /** Of a record batch's body at most, save for a single row; default 2 MiB. */
  readonly batchBytes?: number | undefined;
  /** How far the statement is will be asked for: measuring it takes a tenth of the speed of a large result. */
  readonly progress?: boolean | undefined;
  /** Name of the statement for progress and cancel; made up when absent. */
  readonly queryId?: string | undefined;
}

/** An open result. Batches are pulled; `close` (or the end, or an error) frees the connection. */
export interface QueryResult {
  readonly queryId: string;
  readonly schema: ArrowSchema;
  readonly kind: StatementKind;
  /** False for DDL and for DML without RETURNING; `batches` is then empty. */
  readonly returnsRows: boolean;
  /** Rows inserted, updated or deleted; undefined where DuckDB does not say. */
  readonly rowsChanged: number | undefined;
  readonly batches: AsyncIterable<EncodedBatch>;
  close(): Promise<void>;
}

/** A statement bound but not run; `run` may be called once. */
export interface PreparedQuery {
  readonly queryId: string;
  readonly kind: StatementKind;
  readonly returnsRows: boolean;
  readonly schema: ArrowSchema;
  /** False when the type of some column follows from a parameter: it is text in `schema`, and certain in the result's. */
  readonly schemaKnown: boolean;
  /** Names of the parameters, in order (`"1"`, `"2"` for positional ones). */
  readonly parameters: readonly string[];
  /** The same with their types; text where DuckDB takes any. */
  readonly parameterFields: readonly ArrowField[];
  /** Several statements were given: those before the last have run. */
  readonly script: boolean;
  run(options?: QueryOptions): Promise<QueryResult>;
  close(): Promise<void>;
}

/** One Arrow IPC message handed to a load; `done` is called when its memory may be reused. */
export interface LoadMessage {
  readonly metadata: Uint8Array;
  /** In a SharedArrayBuffer, best 64-byte aligned; anything else is copied. */
  readonly body: Uint8Array;
  done?(): void;
}

/** Arrow coming in: the schema first, then dictionary and record batches in stream order. */
export interface LoadOptions {
  /** Bare flatbuffer Schema message. */
  readonly schema: Uint8Array;
  /**
   * The statement run for each group of batches, `source` being the quoted name of a relation that holds them.
   * Called once, when the Arrow schema is known.
   */
  readonly statement: (source: string, schema: ArrowSchema) => string | Promise<string>;
  readonly signal?: AbortSignal;
}

export interface Load {
  readonly schema: ArrowSchema;
  /** Resolves when there is room for more: await it before reading on. Rejects with the load's error. */
  write(message: LoadMessage): Promise<void>;
  /** Runs what is left; resolves with the rows of all groups. The transaction is the caller's. */
  finish(): Promise<{ readonly rows: number; readonly bytes: number }>;
  /** Drops what is left and interrupts what runs. Safe after an error or twice. */
  abort(): Promise<void>;
}

/** One of several statements that are committed together. */
export interface GroupedStatement {
  readonly sql: string;
  readonly guard?: StatementGuard | undefined;
  /** The statements of clients that it is made of, for the history. */
  readonly records?: readonly Pick<QueryProgress, 'queryId' | 'owner' | 'sql'>[];
}

/** One DuckDB connection: its own transaction, temporary tables and session settings; one open result at a time. */
export interface Connection {
  /** Runs one statement, or a script whose last statement gives the result. Parameters bind to the last statement. */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** Runs to the end; resolves with rows changed. Results are dropped. */
  execute(sql: string, options?: QueryOptions): Promise<number>;
  prepare(sql: string, options?: QueryOptions): Promise<PreparedQuery>;
  /** Runs one statement once for each row of its parameters; resolves with the rows changed in all. The transaction is the caller's. */
  executeMany(sql: string, params: ArrowParams, options?: QueryOptions): Promise<number>;
  /**
   * Runs INSERTs in one transaction, all or none, each looked at by its guard before any of them runs. Rejects with the
   * first failure, its `context.statement` the index.
   */
  executeGroup(group: readonly GroupedStatement[]): Promise<readonly number[]>;
  /** Work that is one statement to whoever gave it: told of, timed and cancelled as `sql`. Undefined = it came to nothing, and is not told. */
  tracked<T>(sql: string, options: QueryOptions, work: () => Promise<T | undefined>): Promise<T | undefined>;
  load(options: LoadOptions): Promise<Load>;
  /** Makes `name` a temporary table of this connection holding the stream. */
  registerArrow(name: string, schema: Uint8Array, messages: AsyncIterable<LoadMessage>): Promise<number>;
  interrupt(): void;
  close(): Promise<void>;
}

/** Tables whose rows are made when somebody asks for them. */
export interface TableWatch {
  /** Whether SQL may read them; `catalog` is where it looks names up, '' when that was never changed. */
  readonly concerns: (sql: string, catalog: string) => boolean;
  readonly refresh: () => Promise<void>;
}

export interface QueryProgress {
  readonly queryId: string;
  readonly owner: StatementOwner | undefined;
  readonly sql: string;
  readonly startedAt: Date;
  /** 0..100; -1 when DuckDB cannot say, or was not asked to measure it. */
  readonly percentage: number;
  readonly rowsProcessed: number;
  readonly totalRows: number;
}

export interface Lockdown {
  /** Absolute; DuckDB may read and write files in them. */
  readonly folders: readonly string[];
  /** Settings that sessions may still change, beside the engine's own. */
  readonly settings: readonly string[];
}

export interface EngineOptions {
  /** File, or ':memory:'. */
  readonly database: string;
  readonly readOnly?: boolean;
  /** DuckDB settings given at open, e.g. `{memory_limit: '4GB', threads: '4'}`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Closes the instance for good: no file outside of these folders, no extension, no other setting than these. */
  readonly lockdown?: Lockdown | undefined;
  /** Statements run on every new connection. */
  readonly sessionInit?: readonly string[];
  /** Worker threads; default: number of cores, at least 2. */
  readonly workers?: number;
  /** Directory of the platform package's library; default: found by resolution. For tests. */
  readonly libraryPath?: string;
}

export interface EngineStats {
  readonly workers: number;
  readonly busyWorkers: number;
  readonly openResults: number;
  readonly connections: number;
  readonly queuedTasks: number;
}

/** What another thread of this process needs to work on the same open database. Data only. */
export interface EngineShare {
  readonly file: string;
  readonly libraryPath: string;
  readonly database: number;
  readonly sessionInit: readonly string[];
  /** Of a `DataClock`. */
  readonly clock: SharedArrayBuffer;
}

export interface AttachOptions {
  /** Worker threads of the attached engine. */
  readonly workers?: number | undefined;
  /** Of `newHandles`: where it writes down what it has open, so that somebody else can close it once its thread was ended. */
  readonly handles?: SharedArrayBuffer | undefined;
}

export interface Engine {
  readonly database: string;
  /** Every statement is looked at by a guard. */
  readonly isGuarded?: boolean;
  /** The engine without that guard, for statements that are the program's own. */
  readonly unguarded?: Engine;
  readonly duckdbVersion: string;
  connect(): Promise<Connection>;
  /** On a pooled connection, given back when the result ends or is closed. */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  execute(sql: string, options?: QueryOptions): Promise<number>;
  prepare(sql: string, options?: QueryOptions): Promise<PreparedQuery>;
  progress(queryId?: string): readonly QueryProgress[];
  /** Statements that have ended, the last one first; those of an owner only. */
  history(): readonly StatementRecord[];
  /** From now on `refresh` is awaited before a statement without a guard runs that the watch concerns. */
  watchTables(watch: TableWatch): void;
  /** Interrupts a running or open statement. False when there is none of that name. */
  cancel(queryId: string): boolean;
  stats(): EngineStats;
  share(): EngineShare;
  /** Opens another database on the threads of this engine. It is closed before this one. */
  openBeside(options: Pick<EngineOptions, 'database' | 'settings' | 'sessionInit'>): Promise<Engine>;
  /** Interrupts what an attached engine of another thread runs; resolves when that thread may be ended. */
  interruptHandles(handles: SharedArrayBuffer): Promise<void>;
  /** Closes what an attached engine has left open whose thread has ended. */
  releaseHandles(handles: SharedArrayBuffer): void;
  /** Interrupts everything, checkpoints, closes the file; an attached engine leaves the file open. */
  close(): Promise<void>;
}
