import type { DataClock } from './data-clock.ts';
import type { WorkerPool } from './pool.ts';
import type { StatementHandle } from './protocol.ts';
import { isKeepable } from './statement-kind.ts';
import type { QueryOptions } from './types.ts';

/** Prepared statements kept with a connection. One that is taken is its taker's until it is given back. */
export interface KeptPlans {
  has(sql: string): boolean;
  take(sql: string): KeptPlan | undefined;
  give(sql: string, plan: KeptPlan): void;
  /** Destroys those that the catalog has outlived: they would keep a detached database open. */
  dropOld(): void;
  /** Destroys all. */
  clear(): Promise<void>;
}

export interface KeptPlan {
  readonly handle: StatementHandle;
  /** Of the catalog, when it was made. */
  readonly version: number;
  /** Of one that reads, has not run yet and may run once: until when, and if no row has changed since. */
  readonly once?: { readonly until: number };
}

/** A client that prepares a statement mostly runs it at once. */
const putAsideMs = 2000;

const maxPlans = 16;
const maxRecentTexts = 512;
const maxTextLength = 16_384;

/** What the kept plans of one engine share. */
export interface PlanHost {
  readonly pool: WorkerPool;
  /** Raised by each statement that may change what a plan was made from: older plans are not run again. */
  readonly catalogVersion: { current: number };
  /** What was planned before a change of rows and has not run yet is planned again. */
  readonly clock: DataClock;
  /** The kept plans of every connection. */
  readonly plans: Set<KeptPlans>;
  /** Texts that came before, newest last. */
  readonly recentTexts: Set<string>;
}

export function createKeptPlans(core: PlanHost): KeptPlans {
  const plans = new Map<string, KeptPlan>();
  const destroy = async ({ statement }: StatementHandle): Promise<void> => {
    await core.pool.run({ op: 'release', statement, result: 0, pending: [] }).catch(() => undefined); // the thread is gone, and the plan with it
  };

  const dropOld = (): void => {
    for (const [sql, { handle, version }] of plans) {
      if (version === core.catalogVersion.current && plans.size <= maxPlans) continue;
      plans.delete(sql);
      void destroy(handle);
    }
  };

  return {
    dropOld,
    has: (sql) => plans.get(sql)?.version === core.catalogVersion.current,
    take(sql) {
      dropOld();
      const plan = plans.get(sql);
      plans.delete(sql);
      if (plan?.once === undefined) return plan;
      if (core.clock.isStill(plan.handle.plannedAt) && performance.now() < plan.once.until) return plan;
      void destroy(plan.handle);
      return undefined;
    },
    give(sql, plan) {
      const present = plans.get(sql);
      plans.delete(sql);
      plans.set(sql, plan);
      if (present !== undefined) void destroy(present.handle);
      dropOld();
    },
    async clear() {
      const all = [...plans.values()];
      plans.clear();
      await Promise.all(all.map(({ handle }) => destroy(handle)));
    },
  };
}

/** What plans were made from has changed. */
export function catalogChanged({ catalogVersion, plans }: PlanHost): void {
  catalogVersion.current++;
  for (const kept of plans) kept.dropOld();
}

/** A plan is kept when it was asked for, or its text comes a second time. */
export function shouldKeep({ recentTexts }: PlanHost, sql: string, { keep = false }: QueryOptions): boolean {
  if (sql.length > maxTextLength) return false;
  const again = recentTexts.delete(sql);
  recentTexts.add(sql);
  if (recentTexts.size > maxRecentTexts) recentTexts.delete(recentTexts.values().next().value as string);
  return keep || again;
}

/** Keeps a statement that reads and has not run for one run soon. */
export function putAside(plans: KeptPlans, sql: string, plan: KeptPlan): void {
  plans.give(sql, { ...plan, once: { until: performance.now() + putAsideMs } });
}

/** Destroys a statement, or keeps it for its next run. */
export function putBack(
  core: PlanHost,
  plans: KeptPlans,
  { sql, plan, keep }: { readonly sql: string; readonly plan: KeptPlan; readonly keep: boolean },
): Promise<unknown> {
  if (!keep || !isKeepable(plan.handle, sql))
    return core.pool.run({ op: 'release', statement: plan.handle.statement, result: 0, pending: [] });
  plans.give(sql, plan);
  return Promise.resolve();
}
