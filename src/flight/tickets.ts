import { randomUUID } from 'node:crypto';
import type { ArrowSchema, IpcMessage } from '../arrow/index.ts';
import type { PreparedQuery, QueryOptions, QueryResult } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { Lakehouse } from '../lakehouse/index.ts';
import { mayBeScript } from '../sql.ts';
import { type PendingQuery, pendingQuery, startedQuery } from './started.ts';
import type { FlightLimits } from './types.ts';

/** What a ticket stands for between GetFlightInfo and DoGet. */
export type Ticketed =
  /** A query that is fetched once; asked for again it is prepared anew. */
  { readonly type: 'pending'; readonly query: PendingQuery } | Stored;

/** The result of a statement that has run: it never runs again. */
export interface Stored {
  readonly type: 'stored';
  readonly schema: ArrowSchema;
  readonly messages: readonly IpcMessage[];
  readonly rows: number;
  readonly bytes: number;
}

export interface IssuedTicket {
  /** Text for the client's ticket: the id and, for what may run again, the SQL. */
  readonly handle: string;
  readonly queryId: string;
  readonly schema: ArrowSchema;
  /** -1 when not known yet. */
  readonly rows: number;
}

export interface TicketStore {
  /** Prepares a query, or runs a statement that changes something, exactly once. */
  issue(sql: string, options: QueryOptions): Promise<IssuedTicket>;
  /** What the handle stands for, or its SQL when that has to be prepared again. NotFound when it has expired. */
  redeem(handle: string): Ticketed | { readonly type: 'sql'; readonly sql: string };
  count(): number;
  close(): Promise<void>;
}

interface Entry {
  readonly ticketed: Ticketed;
  readonly timer: NodeJS.Timeout;
}

/** A stored result holds this much at most, and all of them together that much. */
const maxStoredBytes = 64 << 20;
const maxAllStoredBytes = 256 << 20;

/** Queries begun before they are fetched: this many, each kept this long. After that their tickets run them anew. */
const maxStarted = 16;
const startedIdleMs = 5000;

export function createTicketStore(lakehouse: Lakehouse, limits: FlightLimits): TicketStore {
  const entries = new Map<string, Entry>();
  const started = new Set<string>();
  let storedBytes = 0;

  const mayStart = ({ parameters }: PreparedQuery): boolean =>
    parameters.length === 0 && started.size < maxStarted && lakehouse.engine.stats().queuedTasks === 0;
  const start = (id: string, prepared: PreparedQuery): PendingQuery => {
    started.add(id);
    return startedQuery(lakehouse, prepared, limits);
  };

  const drop = (id: string): void => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    started.delete(id);
    clearTimeout(entry.timer);
    if (entry.ticketed.type === 'pending') entry.ticketed.query.drop();
    else storedBytes -= entry.ticketed.bytes;
  };

  const keep = (id: string, ticketed: Ticketed, keptMs = limits.ticketIdleMs): void => {
    if (ticketed.type === 'stored') storedBytes += ticketed.bytes;
    while (entries.size > 0 && (entries.size >= limits.maxTickets || storedBytes > maxAllStoredBytes))
      drop(entries.keys().next().value as string);
    const timer = setTimeout(() => drop(id), keptMs);
    timer.unref();
    entries.set(id, { ticketed, timer });
  };

  /** What a script did before its query is done already: it is not run anew, and so neither is its query. */
  const keepQuery = (id: string, prepared: PreparedQuery, script: boolean): void => {
    const now = !script && mayStart(prepared);
    const query = now ? start(id, prepared) : pendingQuery(prepared);
    keep(id, { type: 'pending', query }, now ? Math.min(startedIdleMs, limits.ticketIdleMs) : limits.ticketIdleMs);
  };

  return {
    async issue(sql, options) {
      const prepared = await lakehouse.prepare(sql, options);
      const id = randomUUID();
      const { queryId } = prepared;
      if (isQuery(prepared)) {
        const script = mayBeScript(sql);
        keepQuery(id, prepared, script);
        return { handle: JSON.stringify(script ? { id } : { id, sql }), queryId, schema: prepared.schema, rows: -1 };
      }
      const stored = await store(lakehouse, await prepared.run());
      keep(id, stored);
      return { handle: JSON.stringify({ id }), queryId, schema: stored.schema, rows: stored.rows };
    },
    redeem(handle) {
      const { id, sql } = parseHandle(handle);
      const entry = entries.get(id);
      if (entry?.ticketed.type === 'stored') return entry.ticketed;
      if (entry !== undefined) {
        entries.delete(id);
        started.delete(id);
        clearTimeout(entry.timer);
        return entry.ticketed;
      }
      if (sql !== undefined) return { type: 'sql', sql };
      throw new DuckhouseError('NotFound', 'the result of this ticket is no longer kept', {
        id: 'ticket-expired',
        hint: 'run the statement again',
      });
    },
    count: () => entries.size,
    async close() {
      for (const id of [...entries.keys()]) drop(id);
    },
  };
}

/** Reads run when they are fetched; everything else runs when it is asked for, so that a client that never fetches gets its effect. */
const isQuery = ({ kind, returnsRows }: PreparedQuery): boolean => returnsRows && kind === 'select';

async function store(lakehouse: Lakehouse, result: QueryResult): Promise<Stored> {
  if (result.returnsRows) return keepRows(result);
  await result.close();
  if (result.rowsChanged === undefined || !countingKinds.has(result.kind))
    return { type: 'stored', schema: result.schema, messages: [], rows: 0, bytes: 0 };
  return keepRows(await lakehouse.query(`SELECT ${result.rowsChanged}::BIGINT AS "Count"`));
}

const countingKinds: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy']);

async function keepRows(result: QueryResult): Promise<Stored> {
  const messages: IpcMessage[] = [];
  let rows = 0;
  let bytes = 0;
  for await (const batch of result.batches) {
    messages.push({ metadata: Uint8Array.from(batch.metadata), body: Uint8Array.from(batch.body) });
    rows += batch.rows;
    bytes += batch.body.byteLength;
    batch.release();
    if (bytes > maxStoredBytes)
      throw new DuckhouseError('ResourceExhausted', `the statement returns more than ${maxStoredBytes} bytes of rows`, {
        id: 'stored-result-too-large',
      });
  }
  return { type: 'stored', schema: result.schema, messages, rows, bytes };
}

function parseHandle(handle: string): { readonly id: string; readonly sql?: string } {
  try {
    const value = JSON.parse(handle) as { readonly id?: unknown; readonly sql?: unknown };
    if (typeof value.id === 'string' && (value.sql === undefined || typeof value.sql === 'string'))
      return value as { id: string; sql?: string };
  } catch {
    // Falls through to the error below: it was not one of our tickets.
  }
  throw new DuckhouseError('InvalidArgument', 'the ticket is malformed', { id: 'ticket-malformed' });
}
