import type {
  Connection,
  Engine,
  PreparedQuery,
  QueryOptions,
  QueryResult,
  StatementKind,
} from '../../engine/index.ts';
import { mayBeScript } from '../../sql.ts';
import type { Lane, OpenLane } from './lane.ts';
import {
  afterSetting,
  currentPlace,
  inTransaction,
  makesTemporary,
  type SessionState,
  staysAtHome,
} from './session-state.ts';

/** The connection of a session that holds what cannot be anywhere else, and others brought to the same state. */
export interface Home {
  state(): SessionState;
  /** Everything has to run at home: a transaction of SQL is open there, or something temporary is. */
  bound(): boolean;
  inTransaction(): boolean;
  lane(): Promise<Lane>;
  /** Runs on the home connection, or on another lane of the session, and takes note of what it changes. */
  prepare(lane: Lane, sql: string, options?: QueryOptions): Promise<PreparedQuery>;
  query(lane: Lane, sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** True while nothing was set, and every connection will do. */
  plain(): boolean;
  /** A connection with the session's catalog, schema and settings. */
  borrow(): Promise<Connection>;
  /** `spoilt`: a statement failed on it. */
  giveBack(connection: Connection, spoilt?: boolean): Promise<void>;
  /** A temporary table was made beside SQL. */
  bind(): void;
  /** ROLLBACK of a transaction begun by SQL. */
  rollBack(): Promise<void>;
  close(): Promise<void>;
}

export interface HomeOptions {
  readonly engine: Engine;
  readonly initial: SessionState;
  readonly openLane: OpenLane;
  /** A transaction begun by its id is open on the home connection. */
  readonly inUse: () => boolean;
}

const maxSpare = 4;

export function createHome({ engine, initial, openLane, inUse }: HomeOptions): Home {
  let state = initial;
  let opening: Promise<Lane> | undefined;
  let bound = false;
  let transaction = false;
  const spare: { readonly connection: Connection; readonly state: SessionState }[] = [];

  const connect = async (): Promise<Connection> => {
    const connection = await engine.connect();
    try {
      for (const sql of state.statements.values()) await connection.execute(sql);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  };
  const borrowedState = new WeakMap<Connection, SessionState>();

  const noteScript = async (lane: Lane, sql: string): Promise<void> => {
    if (makesTemporary(sql) || /\b(?:set|reset|use|prepare|pragma|call)\b/i.test(sql)) bound = true;
    await lane.use(async (connection) => {
      transaction = await inTransaction(connection);
      if (!transaction) state = await currentPlace(connection, state);
    });
  };

  const note = async (lane: Lane, sql: string, kind: StatementKind): Promise<void> => {
    if (mayBeScript(sql)) return noteScript(lane, sql);
    if (staysAtHome({ kind, sql })) bound = true;
    if (kind === 'set') {
      state = afterSetting(state, sql);
      await lane.use(async (connection) => (state = await currentPlace(connection, state)));
    }
    if (kind === 'transaction') transaction = await lane.use(inTransaction);
  };

  /** DuckDB leaves an aborted transaction behind where a script fails after its BEGIN, and where some ALTERs fail. */
  const guarded = async <T>(lane: Lane, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!transaction && !inUse())
        await lane.use((connection) => connection.execute('ROLLBACK').catch(() => undefined)); // mostly there is none
      throw error;
    }
  };

  return {
    state: () => state,
    bound: () => bound || transaction,
    inTransaction: () => transaction,
    lane: () => (opening ??= connect().then(openLane)),
    async prepare(lane, sql, options) {
      const prepared = await guarded(lane, () => lane.prepare(sql, options));
      return {
        ...prepared,
        async run(runOptions) {
          const result = await guarded(lane, () => prepared.run(runOptions));
          await note(lane, sql, prepared.kind);
          return result;
        },
      };
    },
    async query(lane, sql, options) {
      const result = await guarded(lane, () => lane.query(sql, options));
      await note(lane, sql, result.kind);
      return result;
    },
    plain: () => state.statements.size === 0,
    async borrow() {
      for (let next = spare.pop(); next !== undefined; next = spare.pop()) {
        if (next.state.statements === state.statements) return next.connection;
        await next.connection.close();
      }
      const at = state;
      const connection = await connect();
      borrowedState.set(connection, at);
      return connection;
    },
    async giveBack(connection, spoilt = false) {
      const at = borrowedState.get(connection);
      if (!spoilt && at !== undefined && at.statements === state.statements && spare.length < maxSpare)
        spare.push({ connection, state: at });
      else await connection.close();
    },
    bind() {
      bound = true;
    },
    async rollBack() {
      if (!transaction || opening === undefined) return;
      await (await opening).query('ROLLBACK');
      transaction = false;
    },
    async close() {
      await Promise.all(spare.splice(0).map(({ connection }) => connection.close()));
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}
