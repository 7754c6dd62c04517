import { randomUUID } from 'node:crypto';
import type { ArrowSchema } from '../arrow/index.ts';
import type { ArrowParams } from '../engine/index.ts';
import type { ClientSession, Lakehouse, SessionQueryOptions, SessionStatement } from '../lakehouse/index.ts';
import { mayBeScript } from '../sql.ts';
import { type BoundRows, bindsAsDeclared, boundRows, rowsOf } from './bound-rows.ts';
import { cancelledQuery, type PendingQuery, pendingQuery, startedQuery } from './started.ts';
import { partOf, type Stored, storeCount, storeResult } from './stored.ts';
import { createTicketEntries, notKept } from './ticket-entries.ts';
import { parseHandle } from './ticket-handle.ts';
import type { FlightLimits } from './types.ts';

/** What a ticket stands for between GetFlightInfo and DoGet. */
export type Ticketed =
  /** A query that is fetched once; asked for again it is prepared anew. */
  { readonly type: 'pending'; readonly query: PendingQuery; readonly again?: Again } | Stored;

/** What may run once more when its session has left with its connection. */
export interface Again {
  readonly sql: string;
  /** Resolves once nothing of the session runs any more. */
  readonly wanted: () => Promise<boolean>;
}

export interface IssuedTicket {
  /** Text for the client's ticket: the id and, for what may run again, the SQL. */
  readonly handle: string;
  /** Of a result that is kept in parts: the handle of each. */
  readonly partHandles?: readonly string[];
  readonly queryId: string;
  readonly schema: ArrowSchema;
  /** -1 when not known yet. */
  readonly rows: number;
  /** Resolves when the first rows are there; rejects when they fail to come, which whoever fetches it is told as well. */
  readonly ready: Promise<unknown>;
  /** Until then it may be fetched again and again; undefined = once, or anew each time. */
  readonly expiresAt?: Date;
}

export interface TicketRequest {
  readonly session: ClientSession;
  readonly sql: string;
  readonly options: SessionQueryOptions;
  /** The result is read to its end and kept this long; it may be fetched again and again, by several at once. */
  readonly keptMs?: number | undefined;
  /** Tickets for a result that is kept: each gives a part of it, in order. */
  readonly parts?: number | undefined;
  /** Rows of parameters; the results of several follow each other. */
  readonly params?: ArrowParams | undefined;
  /** It is polled: kept as long as it runs, and from then on like every ticket. */
  readonly hold?: boolean;
}

export interface TicketStore {
  /** Prepares a query, or runs a statement that changes something, exactly once. */
  issue(request: TicketRequest): Promise<IssuedTicket>;
  /** What the handle stands for, or its SQL when that has to be prepared again. NotFound when it has expired. */
  redeem(handle: string, owner: string): Ticketed | { readonly type: 'sql'; readonly sql: string };
  /** Keeps what the handle stands for as long again; resolves to when that ends. NotFound when it has expired. */
  renew(handle: string, owner: string): Date;
  /** Stops a query of the owner's and drops its result; false when there is none. */
  cancel(queryId: string, owner: string): boolean;
  count(): number;
  close(): Promise<void>;
}

/** Queries begun before they are fetched: this many, each kept this long. After that their tickets run them anew. */
const maxEarly = 16;
const earlyIdleMs = 5000;
/** What is held is ended by whoever holds it. */
const heldMs = 2 ** 31 - 1;

export function createTicketStore(lakehouse: Lakehouse, limits: FlightLimits): TicketStore {
  const entries = createTicketEntries(limits);
  const { ticketIdleMs } = limits;
  const rowLimit = limits.maxRows === undefined ? {} : { rowLimit: limits.maxRows };

  /** How long to keep a query that runs: one that is polled until it is ready, and like every ticket after that. */
  const keptWhileRunning = (id: string, ready: Promise<unknown>, { hold }: TicketRequest, keptMs: number): number => {
    if (hold !== true) return keptMs;
    const keepOn = (): unknown => entries.keepOn(id);
    ready.then(keepOn, keepOn);
    return heldMs;
  };

  const mayStart = ({ parameters }: SessionStatement): boolean =>
    parameters.length === 0 && entries.earlyCount() < maxEarly && lakehouse.engine.stats().queuedTasks === 0;

  /** A read that any connection can run, and run again. */
  const issueRead = (prepared: SessionStatement, request: TicketRequest): IssuedTicket => {
    const { sql, session } = request;
    const id = randomUUID();
    const { queryId, schema } = prepared;
    const entry = { queryId, owner: session.principal.name, session };
    const issued = { handle: JSON.stringify({ id, sql }), queryId, schema, rows: -1 };
    if (!mayStart(prepared)) {
      entries.add(id, { ...entry, kept: { type: 'pending', query: pendingQuery(prepared) } });
      return { ...issued, ready: Promise.resolve() };
    }
    const result = prepared.run(rowLimit);
    const query = startedQuery({ queryId, result, cancel: lakehouse.cancel });
    const keptMs = keptWhileRunning(id, result, request, Math.min(earlyIdleMs, ticketIdleMs));
    entries.add(id, { ...entry, kept: { type: 'pending', query }, early: true }, keptMs);
    return { ...issued, ready: result };
  };

  /** A read that is bound to its place or its parameters: it runs now, and not again. */
  const issueOnce = async (
    { queryId, result }: BoundRows,
    request: TicketRequest,
    known: ArrowSchema | undefined,
  ): Promise<IssuedTicket> => {
    const id = randomUUID();
    const query = startedQuery({ queryId, result, cancel: lakehouse.cancel });
    const keptMs = keptWhileRunning(id, result, request, ticketIdleMs);
    const owner = request.session.principal.name;
    entries.add(id, { queryId, owner, kept: { type: 'pending', query } }, keptMs);
    try {
      const schema = known ?? (await result).schema;
      return { handle: JSON.stringify({ id }), queryId, schema, rows: -1, ready: result };
    } catch (error) {
      entries.drop(id);
      throw error;
    }
  };

  const issueStored = async (
    { queryId }: Pick<SessionStatement, 'queryId'>,
    { session, keptMs = ticketIdleMs, parts = 1 }: TicketRequest,
    stored: Stored,
  ): Promise<IssuedTicket> => {
    const id = randomUUID();
    entries.add(id, { queryId, owner: session.principal.name, kept: stored }, keptMs);
    const count = Math.max(1, Math.min(parts, stored.messages.length));
    return {
      handle: JSON.stringify({ id }),
      queryId,
      schema: stored.schema,
      rows: stored.rows,
      ready: Promise.resolve(),
      expiresAt: new Date(Date.now() + keptMs),
      ...(count === 1
        ? {}
        : { partHandles: Array.from({ length: count }, (_, part) => JSON.stringify({ id, part, parts: count })) }),
    };
  };

  return {
    async issue(request) {
      const { session, sql, params } = request;
      const options = params === undefined ? request.options : { ...request.options, arrowParams: params };
      const issued = { ...request, options };
      if (session.isGrouped(sql, options)) {
        const result = await session.query(sql, options);
        return issueStored(result, issued, await storeResult(result));
      }
      const prepared = await session.prepare(sql, options);
      try {
        if (!isQuery(prepared)) return await issueStored(prepared, issued, await runForStore(prepared, issued));
        const once = prepared.exclusive || params !== undefined || mayBeScript(sql);
        const kept = request.keptMs !== undefined || request.parts !== undefined;
        if (!once && !kept && prepared.schemaKnown) return issueRead(prepared, issued);
        const running = boundRows(prepared, issued, rowLimit);
        if (kept) return await issueStored(prepared, issued, await storeResult(await running.result));
        return await issueOnce(running, issued, schemaBefore(prepared, params));
      } catch (error) {
        await prepared.close();
        throw error;
      }
    },
    redeem(handle, owner) {
      const { id, sql, part, parts } = parseHandle(handle);
      const entry = entries.get(id);
      if (entry !== undefined && entry.owner !== owner) throw notKept();
      if (entry?.kept.type === 'stored') return partOf(entry.kept, part, parts);
      // It has ended with its session, as that has with its connection.
      if (entry?.session?.wasLeft() === true) entries.drop(id);
      else if (entry !== undefined) {
        entries.take(id);
        const { kept, session } = entry;
        return sql === undefined || session === undefined
          ? kept
          : { ...kept, again: { sql, wanted: () => leftFor(session) } };
      }
      if (sql !== undefined) return { type: 'sql', sql };
      throw notKept();
    },
    renew(handle, owner) {
      const { id, sql } = parseHandle(handle);
      const entry = entries.get(id);
      if (entry === undefined ? sql === undefined : entry.owner !== owner) throw notKept();
      return entries.keepOn(id);
    },
    cancel(queryId, owner) {
      const id = entries.ofQuery(queryId, owner);
      if (id === undefined) return false;
      entries.drop(id);
      // Who fetches it all the same is told so: it does not run anew.
      entries.add(id, { owner, kept: { type: 'pending', query: cancelledQuery } });
      return true;
    },
    count: entries.count,
    async close() {
      entries.dropAll();
    },
  };
}

/** The columns that are certain before the statement has answered. */
const schemaBefore = (
  { schema, schemaKnown, parameterFields }: SessionStatement,
  params: ArrowParams | undefined,
): ArrowSchema | undefined =>
  schemaKnown && (params === undefined || bindsAsDeclared(params, parameterFields)) ? schema : undefined;

/** Many rows of parameters are one change. */
async function runForStore(
  prepared: SessionStatement,
  { session, sql, options, params }: TicketRequest,
): Promise<Stored> {
  if (params === undefined || rowsOf(params) < 2 || prepared.returnsRows) return storeResult(await prepared.run());
  await prepared.close();
  const { arrowParams: _, ...rest } = options;
  return storeCount(await session.executeMany(sql, params, rest));
}

async function leftFor(session: ClientSession): Promise<boolean> {
  if (!session.wasLeft()) return false;
  await session.close();
  return true;
}

/** Reads run when they are fetched; everything else runs when it is asked for, so that a client that never fetches gets its effect. */
const isQuery = ({ kind, returnsRows }: SessionStatement): boolean => returnsRows && kind === 'select';
