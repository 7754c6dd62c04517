import { randomUUID } from 'node:crypto';
import { DuckhouseError, toDuckhouseError } from '../errors.ts';
import type { StatementHistory } from './history.ts';
import type { DuckDb } from './native/library.ts';
import type { Address } from './native/memory.ts';
import type { OnReply, WorkerPool } from './pool.ts';
import type { Request } from './protocol.ts';
import type { QueryOptions, StatementOwner, StatementRecord } from './types.ts';

/** One statement from its start until its result is closed: how it is named, stopped and accounted for. */
export interface Statement {
  readonly queryId: string;
  readonly sql: string;
  readonly owner: StatementOwner | undefined;
  readonly connection: Address;
  readonly startedAt: Date;
  /** Set once the statement was cancelled, aborted or out of time: what its reader is told. */
  stopReason(): DuckhouseError | undefined;
  run(request: Request, onReply?: OnReply): Promise<unknown>;
  interrupt(): void;
  /** Interrupts unless it ends by itself soon: an interrupt aborts the transaction that it hits. */
  interruptLater(): void;
  /** Memory was given back: a worker may wait for it. */
  wake(): void;
  /** Interrupts and ends the result, for `reason`. */
  stop(reason: DuckhouseError): void;
  onStop(listener: () => void): void;
  /** An error was explained. */
  failed(): boolean;
  /** The error to report: the reason for the stop rather than DuckDB's "interrupted". */
  explain(error: unknown): unknown;
  /** `unrecorded`: it came to nothing, and another takes its place. */
  finish(how?: { readonly unrecorded: boolean }): void;
}

export interface StatementOptions {
  readonly sql: string;
  readonly connection: Address;
  readonly options: QueryOptions;
  readonly onFinish: () => void;
}

const interruptEveryMs = 50;
const graceMs = 300;

/** What a statement needs of its engine. */
export interface StatementHost {
  readonly duckdb: DuckDb;
  readonly pool: WorkerPool;
  /** Statements running or with an open result, by query id. */
  readonly statements: Map<string, Statement>;
  readonly history: StatementHistory;
}

export function startStatement(
  core: StatementHost,
  { sql, connection, options, onFinish }: StatementOptions,
): Statement {
  const queryId = options.queryId ?? randomUUID();
  const { signal, timeoutMs, owner } = options;
  let failure: unknown;
  let stopReason: DuckhouseError | undefined;
  let finished = false;
  const listeners: (() => void)[] = [];

  let interrupts: NodeJS.Timeout | undefined;
  let later: NodeJS.Timeout | undefined;

  /** Again and again: DuckDB forgets an interrupt that comes before the statement runs. */
  const interrupt = (): void => {
    core.duckdb.interrupt(connection);
    if (finished || interrupts !== undefined) return;
    interrupts = setInterval(() => core.duckdb.interrupt(connection), interruptEveryMs);
    interrupts.unref();
  };
  const stop = (reason: DuckhouseError): void => {
    if (finished || stopReason !== undefined) return;
    stopReason = reason;
    if (listeners.length === 0) interrupt();
    for (const listener of listeners) listener();
  };
  const interruptLater = (): void => {
    if (finished || later !== undefined) return;
    later = setTimeout(interrupt, graceMs);
    later.unref();
  };
  const onAbort = (): void => stop(abortReason(signal));
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop(timeoutReason(timeoutMs)), timeoutMs);
  timer?.unref();
  signal?.addEventListener('abort', onAbort, { once: true });

  const statement: Statement = {
    queryId,
    sql,
    owner,
    connection,
    startedAt: new Date(),
    stopReason: () => stopReason,
    run: (request, onReply) => core.pool.run(request, onReply),
    interrupt,
    interruptLater,
    wake: core.pool.wake,
    stop,
    onStop: (listener) => void listeners.push(listener),
    failed: () => failure !== undefined,
    explain(error) {
      failure = stopReason ?? error;
      return failure;
    },
    finish({ unrecorded } = { unrecorded: false }) {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      clearInterval(interrupts);
      clearTimeout(later);
      signal?.removeEventListener('abort', onAbort);
      if (core.statements.get(queryId) === statement) core.statements.delete(queryId);
      if (owner !== undefined && !unrecorded) core.history.add(recordOf(statement, owner, failure));
      onFinish();
    },
  };
  if (core.statements.has(queryId)) throw new DuckhouseError('AlreadyExists', `query id ${queryId} is in use`);
  core.statements.set(queryId, statement);
  return statement;
}

function recordOf(
  { queryId, sql, startedAt, stopReason }: Statement,
  owner: StatementOwner,
  failure: unknown,
): StatementRecord {
  const error = failure === undefined ? stopReason() : toDuckhouseError(failure);
  const state = error === undefined ? 'finished' : error.kind === 'Cancelled' ? 'cancelled' : 'failed';
  return { queryId, owner, sql, startedAt, endedAt: new Date(), state, error: error?.message };
}

/** Of a statement that ran together with others. */
export const finishedRecord = (
  { queryId, owner, sql }: Pick<Statement, 'queryId' | 'owner' | 'sql'>,
  startedAt: Date,
): StatementRecord | undefined =>
  owner === undefined
    ? undefined
    : { queryId, owner, sql, startedAt, endedAt: new Date(), state: 'finished', error: undefined };

const timeoutReason = (timeoutMs: number): DuckhouseError =>
  new DuckhouseError('DeadlineExceeded', `the statement ran longer than ${timeoutMs} ms`, {
    id: 'statement-timeout',
    context: { timeoutMs },
  });

export const cancelReason = (): DuckhouseError =>
  new DuckhouseError('Cancelled', 'the statement was cancelled', { id: 'cancelled' });

function abortReason(signal: AbortSignal | undefined): DuckhouseError {
  const reason: unknown = signal?.reason;
  return reason === undefined ? cancelReason() : toDuckhouseError(reason);
}

export function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
}
