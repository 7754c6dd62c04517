import { DuckhouseError } from '../errors.ts';
import type { Connection, Engine, QueryOptions, StatementGuard } from './types.ts';

/** The same engine; every statement that is given to it is looked at by the guard first. */
export function guardedEngine(engine: Engine, guard: StatementGuard): Engine {
  const guarded = (options?: QueryOptions): QueryOptions => ({ ...options, guard });
  return {
    ...engine,
    isGuarded: true,
    unguarded: engine,
    connect: async () => guardedConnection(await engine.connect(), guarded, guard),
    query: (sql, options) => engine.query(sql, guarded(options)),
    execute: (sql, options) => engine.execute(sql, guarded(options)),
    prepare: (sql, options) => engine.prepare(sql, guarded(options)),
  };
}

function guardedConnection(
  connection: Connection,
  guarded: (options?: QueryOptions) => QueryOptions,
  guard: StatementGuard,
): Connection {
  const refuse = (): never => {
    throw new DuckhouseError('PermissionDenied', 'a guarded connection takes statements only');
  };
  return {
    ...connection,
    query: (sql, options) => connection.query(sql, guarded(options)),
    execute: (sql, options) => connection.execute(sql, guarded(options)),
    prepare: (sql, options) => connection.prepare(sql, guarded(options)),
    executeMany: (sql, params, options) => connection.executeMany(sql, params, guarded(options)),
    executeGroup: (group) => connection.executeGroup(group.map((one) => ({ ...one, guard }))),
    load: async () => refuse(),
    registerArrow: async () => refuse(),
  };
}
