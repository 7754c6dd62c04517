import type { ConnectionPlans } from './connection-plans.ts';
import type { ConnectionTraces } from './connection-traces.ts';
import { type LiteralRow, literalRow } from './literal-row.ts';
import type { Address } from './native/memory.ts';
import { type PlanHost, shouldKeep } from './plans.ts';
import { changedResult } from './result.ts';
import type { Statement } from './statement.ts';
import { makesFromQuery } from './statement-kind.ts';
import type { QueryResult, StatementKind } from './types.ts';

export interface PlainChangeOptions {
  readonly core: PlanHost;
  readonly address: Address;
  readonly plans: ConnectionPlans;
  readonly traces: ConnectionTraces;
}

export interface PlainChange {
  readonly kind: StatementKind;
  /** A transaction is opened first. */
  readonly begin?: boolean | undefined;
}

/** Runs what single rows are written with, and tables made: without a plan that could be kept, and without a cursor. */
export async function runPlainChange(
  of: PlainChangeOptions,
  statement: Statement,
  { kind, begin }: PlainChange,
): Promise<QueryResult> {
  try {
    const rows = await ((begin ? undefined : insertLiterals(of, statement, kind)) ??
      runText(of, statement, { kind, begin }));
    if (begin) of.traces.changed('transaction');
    of.traces.changed(kind);
    return changedResult(statement.queryId, kind, rows);
  } catch (error) {
    of.traces.failed();
    throw statement.explain(error);
  } finally {
    statement.finish();
  }
}

const rowKinds: ReadonlySet<StatementKind> = new Set(['insert', 'update', 'delete']);

/** What reads rows is planned in the transaction that it runs in. */
const plansAsItRuns = (kind: StatementKind, sql: string): boolean =>
  rowKinds.has(kind) || (kind === 'create' && makesFromQuery(sql));

const runText = (
  { address }: PlainChangeOptions,
  statement: Statement,
  { kind, begin }: PlainChange,
): Promise<number> =>
  statement.run({
    op: plansAsItRuns(kind, statement.sql) ? 'change' : 'command',
    connection: address,
    sql: statement.sql,
    begin,
  }) as Promise<number>;

/** One row of literals goes in by a kept plan, if such a row came before; undefined for any other statement. */
function insertLiterals(
  of: PlainChangeOptions,
  statement: Statement,
  kind: StatementKind,
): Promise<number> | undefined {
  const row = kind === 'insert' ? literalRow(statement.sql) : undefined;
  return row !== undefined && shouldKeep(of.core, row.template, {}) ? insertByPlan(of, statement, row) : undefined;
}

async function insertByPlan(
  of: PlainChangeOptions,
  statement: Statement,
  { template, values }: LiteralRow,
): Promise<number> {
  const { address, plans } = of;
  const { sql } = statement;
  const plan = await plans.prepare(statement, template).catch(() => undefined); // the text itself tells what is wrong with it
  if (plan === undefined) return runText(of, statement, { kind: 'insert' });
  try {
    const insert = { op: 'insertRow', connection: address, handle: plan.handle, sql, values } as const;
    return (await statement.run(insert)) as number;
  } finally {
    void plans.release(template, plan, true);
  }
}
