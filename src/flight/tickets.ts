import { randomUUID } from 'node:crypto';
import type { ArrowSchema } from '../arrow/index.ts';
import type { ArrowParams } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { ClientSession, Lakehouse, SessionQueryOptions, SessionStatement } from '../lakehouse/index.ts';
import { mayBeScript } from '../sql.ts';
import { type BoundRows, bindsAsDeclared, boundRows, rowsOf } from './bound-rows.ts';
import { type PendingQuery, pendingQuery, startedQuery } from './started.ts';
import { partOf, type Stored, storeCount, storeResult } from './stored.ts';
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
  /** Resolves when the first rows are there, or have failed to come. */
  readonly ready: Promise<void>;
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

interface Entry {
  readonly ticketed: Ticketed;
  readonly queryId: string;
  readonly owner: string;
  /** The session that has prepared it, where any other may run it again. */
  readonly session?: ClientSession;
  timer: NodeJS.Timeout;
}

/** All stored results together hold this much at most. */
const maxAllStoredBytes = 256 << 20;

/** Queries begun before they are fetched: this many, each kept this long. After that their tickets run them anew. */
const maxStarted = 16;
const startedIdleMs = 5000;
/** What is held is ended by whoever holds it. */
const heldMs = 2 ** 31 - 1;

type Kept = Omit<Entry, 'timer'> & { readonly id: string; readonly keptMs?: number };

export function createTicketStore(lakehouse: Lakehouse, limits: FlightLimits): TicketStore {
  const entries = new Map<string, Entry>();
  const byQuery = new Map<string, string>();
  const started = new Set<string>();
  let storedBytes = 0;
  const rowLimit = limits.maxRows === undefined ? {} : { rowLimit: limits.maxRows };

  const take = (id: string): Entry | undefined => {
    const entry = entries.get(id);
    if (entry === undefined) return undefined;
    entries.delete(id);
    byQuery.delete(entry.queryId);
    started.delete(id);
    clearTimeout(entry.timer);
    return entry;
  };
  const drop = (id: string): void => {
    const ticketed = take(id)?.ticketed;
    if (ticketed?.type === 'pending') ticketed.query.drop();
    else if (ticketed?.type === 'stored') storedBytes -= ticketed.bytes;
  };

  const keep = ({ id, keptMs = limits.ticketIdleMs, ...kept }: Kept): void => {
    if (kept.ticketed.type === 'stored') storedBytes += kept.ticketed.bytes;
    while (entries.size > 0 && (entries.size >= limits.maxTickets || storedBytes > maxAllStoredBytes))
      drop(entries.keys().next().value as string);
    entries.set(id, { ...kept, timer: dropLater(id, keptMs) });
    byQuery.set(kept.queryId, id);
  };
  const dropLater = (id: string, ms: number): NodeJS.Timeout => {
    const timer = setTimeout(() => drop(id), ms);
    timer.unref();
    return timer;
  };
  const keepOn = (id: string): Date => {
    const entry = entries.get(id);
    if (entry !== undefined) {
      clearTimeout(entry.timer);
      entry.timer = dropLater(id, limits.ticketIdleMs);
    }
    return new Date(Date.now() + limits.ticketIdleMs);
  };
  /** How long to keep a query that runs: one that is polled until it is ready, and like every ticket after that. */
  const keptWhileRunning = (id: string, ready: Promise<void>, { hold }: TicketRequest, keptMs: number): number => {
    if (hold !== true) return keptMs;
    void ready.then(() => keepOn(id));
    return heldMs;
  };

  const mayStart = ({ parameters }: SessionStatement): boolean =>
    parameters.length === 0 && started.size < maxStarted && lakehouse.engine.stats().queuedTasks === 0;

  /** A read that any connection can run, and run again. */
  const issueRead = (prepared: SessionStatement, request: TicketRequest): IssuedTicket => {
    const { sql, session } = request;
    const id = randomUUID();
    const { queryId, schema } = prepared;
    const owner = session.principal.name;
    const handle = JSON.stringify({ id, sql });
    if (!mayStart(prepared)) {
      keep({ id, queryId, owner, session, ticketed: { type: 'pending', query: pendingQuery(prepared) } });
      return { handle, queryId, schema, rows: -1, ready: Promise.resolve() };
    }
    started.add(id);
    const result = prepared.run(rowLimit);
    const query = startedQuery({ queryId, result, cancel: lakehouse.cancel });
    const ready = settled(result);
    const keptMs = keptWhileRunning(id, ready, request, Math.min(startedIdleMs, limits.ticketIdleMs));
    keep({ id, queryId, owner, session, ticketed: { type: 'pending', query }, keptMs });
    return { handle, queryId, schema, rows: -1, ready };
  };

  /** A read that is bound to its place or its parameters: it runs now, and not again. */
  const issueOnce = async (
    running: BoundRows,
    request: TicketRequest,
    known: ArrowSchema | undefined,
  ): Promise<IssuedTicket> => {
    const id = randomUUID();
    const { queryId, result } = running;
    const query = startedQuery({ queryId, result, cancel: lakehouse.cancel });
    const owner = request.session.principal.name;
    const ready = settled(result);
    const keptMs = keptWhileRunning(id, ready, request, limits.ticketIdleMs);
    keep({ id, queryId, owner, ticketed: { type: 'pending', query }, keptMs });
    const handle = JSON.stringify({ id });
    if (known !== undefined) return { handle, queryId, schema: known, rows: -1, ready };
    try {
      return { handle, queryId, schema: (await result).schema, rows: -1, ready };
    } catch (error) {
      drop(id);
      throw error;
    }
  };

  const issueStored = async (
    { queryId }: Pick<SessionStatement, 'queryId'>,
    { session, keptMs = limits.ticketIdleMs, parts = 1 }: TicketRequest,
    stored: Stored,
  ): Promise<IssuedTicket> => {
    const id = randomUUID();
    keep({ id, queryId, owner: session.principal.name, ticketed: stored, keptMs });
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
      if (entry?.ticketed.type === 'stored') return partOf(entry.ticketed, part, parts);
      // It has ended with its session, as that has with its connection.
      if (entry?.session?.wasLeft() === true) drop(id);
      else if (entry !== undefined) {
        const { ticketed, session } = take(id) as Entry;
        return ticketed.type !== 'pending' || sql === undefined || session === undefined
          ? ticketed
          : { ...ticketed, again: { sql, wanted: () => leftFor(session) } };
      }
      if (sql !== undefined) return { type: 'sql', sql };
      throw notKept();
    },
    renew(handle, owner) {
      const { id, sql } = parseHandle(handle);
      const entry = entries.get(id);
      if (entry === undefined ? sql === undefined : entry.owner !== owner) throw notKept();
      return keepOn(id);
    },
    cancel(queryId, owner) {
      const id = byQuery.get(queryId);
      if (id === undefined || entries.get(id)?.owner !== owner) return false;
      drop(id);
      return true;
    },
    count: () => entries.size,
    async close() {
      for (const id of [...entries.keys()]) drop(id);
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

const settled = (result: Promise<unknown>): Promise<void> =>
  result.then(
    () => undefined,
    () => undefined, // told to whoever fetches it
  );

const notKept = (): DuckhouseError =>
  new DuckhouseError('NotFound', 'the result of this ticket is no longer kept', {
    id: 'ticket-expired',
    hint: 'run the statement again',
  });

/** Reads run when they are fetched; everything else runs when it is asked for, so that a client that never fetches gets its effect. */
const isQuery = ({ kind, returnsRows }: SessionStatement): boolean => returnsRows && kind === 'select';

interface Handle {
  readonly id: string;
  readonly sql?: string;
  readonly part?: number;
  readonly parts?: number;
}

function parseHandle(handle: string): Handle {
  try {
    const value = JSON.parse(handle) as { readonly [Name in keyof Handle]?: unknown };
    const counts = [value.part, value.parts].every((count) => count === undefined || Number.isSafeInteger(count));
    if (typeof value.id === 'string' && (value.sql === undefined || typeof value.sql === 'string') && counts)
      return value as Handle;
  } catch {
    // Falls through to the error below: it was not one of our tickets.
  }
  throw new DuckhouseError('InvalidArgument', 'the ticket is malformed', { id: 'ticket-malformed' });
}
