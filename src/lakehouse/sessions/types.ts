import type { Principal } from '../../access/index.ts';
import type { ArrowParams, PreparedQuery, QueryOptions, QueryResult } from '../../engine/index.ts';
import type { PutRequest, Receipt } from '../types.ts';
import type { WaitingStatement } from './waiting.ts';

/** A session option as clients give it; absent = unset. */
export type SessionValue = string | boolean | bigint | number | readonly string[];

export interface SessionQueryOptions extends QueryOptions {
  /** Runs inside this transaction; absent = the one opened by BEGIN in the session, or one of its own. */
  readonly transactionId?: string | undefined;
}

export interface SessionPutRequest extends PutRequest {
  readonly transactionId?: string | undefined;
  /** Into a temporary table of the session. */
  readonly temporary?: boolean | undefined;
}

export interface SessionInfo {
  readonly id: string;
  readonly principal: Principal;
  readonly peer: string;
  readonly userAgent: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly catalog: string;
  readonly dbSchema: string;
  /** What SET and session options changed, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Statements that run or have an open result. */
  readonly statements: number;
  /** Statements that wait for others to end. */
  readonly waiting: number;
  readonly transactions: number;
}

/**
 * What one client has: current catalog and schema, settings, temporary tables, transactions, open results. Statements run
 * on its home connection when they need one of these, otherwise on any, with catalog, schema and settings copied.
 */
export interface Session {
  readonly id: string;
  readonly principal: Principal;
  info(): SessionInfo;
  /** Reads may wait to be run; on a connection that is the session's own they must be run or closed at once (`exclusive`). */
  prepare(sql: string, options?: SessionQueryOptions): Promise<SessionStatement>;
  query(sql: string, options?: SessionQueryOptions): Promise<QueryResult>;
  /** Whether `query` writes it together with inserts of other sessions. */
  isGrouped(sql: string, options?: SessionQueryOptions): boolean;
  /** Runs a statement for each row of its parameters, all or none of them; resolves with the rows changed. */
  executeMany(sql: string, params: ArrowParams, options?: SessionQueryOptions): Promise<number>;
  put(request: SessionPutRequest): Promise<Receipt>;
  /** Opens a transaction; resolves with its id. */
  begin(options?: SessionQueryOptions): Promise<string>;
  /** NotFound when there is no such transaction (any more). A commit that fails has rolled back. */
  end(transactionId: string, how: 'commit' | 'rollback', signal?: AbortSignal): Promise<void>;
  /** For a statement prepared in a transaction: that one while it is open, then the only one of the session, then none. */
  transactionFor(transactionId: string): string | undefined;
  /** What a question that names no transaction is asked in: the only one of the session, if it is not aborted. */
  soundTransaction(signal?: AbortSignal): Promise<string | undefined>;
  /** Sets an option, or unsets it. InvalidArgument with id `option-name` or `option-value`. */
  setOption(name: string, value: SessionValue | undefined, options?: QueryOptions): Promise<void>;
  options(): ReadonlyMap<string, SessionValue>;
  /** One that is the session's own, such as `duckhouse.parallel`; undefined when it is not set. */
  ownOption(name: string): SessionValue | undefined;
  /** It was closed because its connection had gone, not because somebody ended it. */
  wasLeft(): boolean;
  /** Stops what runs, rolls back what is open, drops what is temporary. */
  close(why?: 'left'): Promise<void>;
}

export interface SessionStatement extends PreparedQuery {
  /** It holds a connection of its session until it runs or is closed. */
  readonly exclusive: boolean;
}

export interface SessionLimits {
  /** Small inserts of several sessions are written to the disk together. */
  readonly groupCommit: boolean;
  readonly maxSessions: number;
  /** A session without a statement or transaction ends after this. */
  readonly idleMs: number;
  /** A transaction in which nothing runs is rolled back after this. */
  readonly transactionIdleMs: number;
  /** Statements that run or have an open result, in one session. */
  readonly maxStatements: number;
  /** The same in all sessions together: more wait their turn. */
  readonly maxRunning: number;
  /** Statements that may wait. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Of a result that makes room for the next statement of its connection: kept in memory, then on disk. */
  readonly spoolMemoryBytes: number;
  readonly spoolDiskBytes: number;
  readonly spoolDirectory: string;
}

export interface OpenSession {
  /** Of a cookie or token; a session of that id is made when there is none. */
  readonly id?: string | undefined;
  readonly principal: Principal;
  readonly peer: string;
  readonly userAgent: string;
}

export interface SessionStore {
  /** The principal's session of that id, or a new one. Unauthenticated when it has ended together with what it held. */
  open(of: OpenSession): Session;
  /** Without making one. */
  get(id: string, principal: Principal): Session | undefined;
  /** True when the session was there and has been used up: its id must not silently mean a new one. */
  hasEnded(id: string): boolean;
  list(): readonly SessionInfo[];
  /** Statements that wait for others to end. */
  waiting(): readonly WaitingStatement[];
  /** Makes one of them fail instead; false when no such statement waits. */
  giveUp(queryId: string): boolean;
  /** Ends a session; false when there is none. */
  kill(id: string): Promise<boolean>;
  /** Ends one session as its client asks for, or since it has left; its id may be used again. */
  close(id: string, why?: 'left'): Promise<void>;
  closeAll(): Promise<void>;
}
