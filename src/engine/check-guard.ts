import { DuckhouseError } from '../errors.ts';
import { inGroup } from './group-error.ts';
import type { Address } from './native/memory.ts';
import type { StatementHandle } from './protocol.ts';
import type { Statement } from './statement.ts';
import type { GroupedStatement, StatementFacts, StatementGuard } from './types.ts';

export interface GuardedStatement {
  readonly connection: Address;
  readonly sql: string;
  readonly guard: StatementGuard;
  readonly catalogVersion: number;
}

/** Asks the guard about a statement that has its connection's turn; ends the statement and throws when it may not run. */
export async function checkGuard(statement: Statement, of: GuardedStatement): Promise<void> {
  const { connection, sql, guard, catalogVersion } = of;
  const { tableFunctions } = guard;
  try {
    const facts = (await statement.run({
      op: 'inspect',
      connection,
      sql,
      tableFunctions,
      catalogVersion,
    })) as StatementFacts;
    if (guard.decide(facts) === 'fail') await failToBind(statement, of);
  } catch (error) {
    const explained = statement.explain(error);
    statement.finish();
    throw explained;
  }
}

/** Throws DuckDB's own error for a statement that cannot be bound. */
async function failToBind(statement: Statement, { connection, sql }: GuardedStatement): Promise<never> {
  const handle = (await statement.run({ op: 'prepare', connection, sql })) as StatementHandle;
  await statement.run({ op: 'release', statement: handle.statement, result: 0, pending: [] });
  // It can be bound now: somebody has just made what was missing. It was not examined, so it does not run.
  throw new DuckhouseError('CommitConflict', 'the catalog changed while the statement was examined', {
    id: 'catalog-changed',
    hint: 'run it again',
    retryable: true,
  });
}

export interface GuardedGroup {
  readonly connection: Address;
  readonly group: readonly GroupedStatement[];
  readonly catalogVersion: number;
}

/** Asks the guards of a group that has its connection's turn. Throws for the first that may not run, or that cannot be bound. */
export async function checkGroup(
  statement: Statement,
  { connection, group, catalogVersion }: GuardedGroup,
): Promise<void> {
  const guarded = group.flatMap(({ sql, guard }, index) => (guard === undefined ? [] : [{ sql, guard, index }]));
  if (guarded.length === 0) return;
  const statements = guarded.map(({ sql, guard: { tableFunctions } }) => ({ sql, tableFunctions }));
  const facts = (await statement.run({
    op: 'inspectAll',
    connection,
    statements,
    catalogVersion,
  })) as StatementFacts[];
  for (const [i, { guard, index }] of guarded.entries()) {
    try {
      if (guard.decide(facts[i] as StatementFacts) === 'run') continue;
    } catch (error) {
      throw inGroup(error, index);
    }
    throw inGroup(new DuckhouseError('InvalidArgument', 'the statement cannot be bound'), index);
  }
}
