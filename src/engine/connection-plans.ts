import type { Address } from './native/memory.ts';
import { type KeptPlan, type KeptPlans, type PlanHost, putAside, putBack } from './plans.ts';
import type { ColumnPlan, ResultHandle, StatementHandle } from './protocol.ts';
import type { Statement } from './statement.ts';

/** The plans of one connection, kept ones and new ones. */
export interface ConnectionPlans {
  take(sql: string): KeptPlan | undefined;
  /** A kept plan, or a new one. */
  prepare(statement: Statement, sql?: string): Promise<KeptPlan>;
  /** Destroys a plan that has not run, or keeps it. */
  release(sql: string, plan: KeptPlan, keep: boolean): Promise<unknown>;
  /** Keeps a plan that has not run for one run soon. */
  putAside(sql: string, plan: KeptPlan): void;
  /** Keeps what a run has left; `version` is that of the catalog when the plan was made. */
  giveBack(sql: string, version: number, run: ResultHandle): void;
}

export function createConnectionPlans(core: PlanHost, plans: KeptPlans, connection: Address): ConnectionPlans {
  const release: ConnectionPlans['release'] = (sql, plan, keep) => putBack(core, plans, { sql, plan, keep });
  return {
    take: (sql) => plans.take(sql),
    async prepare(statement, sql = statement.sql) {
      const kept = plans.take(sql);
      if (kept !== undefined) return kept;
      const version = core.catalogVersion.current;
      return { handle: (await statement.run({ op: 'prepare', connection, sql })) as StatementHandle, version };
    },
    release,
    putAside: (sql, plan) => putAside(plans, sql, plan),
    giveBack(sql, version, { kept, columns }) {
      if (kept === undefined) return;
      // Where the columns have changed since the plan was made, what was told about it is no longer true.
      const keep = !kept.columnsKnown || sameColumns(kept.columns, columns) || !kept.returnsRows;
      void release(sql, { handle: kept, version }, keep);
    },
  };
}

const sameColumns = (before: readonly ColumnPlan[], now: readonly ColumnPlan[]): boolean =>
  JSON.stringify(before.map(({ field }) => field)) === JSON.stringify(now.map(({ field }) => field));
