import { DuckhouseError } from '../errors.ts';
import type { ClientSession } from '../lakehouse/index.ts';
import type { PendingQuery } from './started.ts';
import type { Stored } from './stored.ts';
import type { FlightLimits } from './types.ts';

/** What is kept for a ticket. */
export type Kept = { readonly type: 'pending'; readonly query: PendingQuery } | Stored;

export interface TicketEntry {
  readonly kept: Kept;
  /** Of what may be cancelled. */
  readonly queryId?: string;
  readonly owner: string;
  /** The session that has prepared it, where any other may run it again. */
  readonly session?: ClientSession;
  /** It began before anybody fetches it, and runs anew when it is fetched too late. */
  readonly early?: boolean;
}

export interface TicketEntries {
  /** Keeps it for a while; the oldest make room. */
  add(id: string, entry: TicketEntry, keptMs?: number): void;
  get(id: string): TicketEntry | undefined;
  /** The entry, which is the caller's from now on. */
  take(id: string): TicketEntry | undefined;
  /** Ends what is kept. */
  drop(id: string): void;
  /** Keeps a stored result as long again from now on, anything else as long as a ticket is kept; when that ends. */
  keepOn(id: string): Date;
  /** The id of a query's entry, when it is the owner's. */
  ofQuery(queryId: string, owner: string): string | undefined;
  count(): number;
  earlyCount(): number;
  dropAll(): void;
}

/** All stored results together hold this much at most. */
const maxAllStoredBytes = 256 << 20;

export function createTicketEntries({ ticketIdleMs, maxTickets }: FlightLimits): TicketEntries {
  const entries = new Map<string, TicketEntry & { readonly keptMs: number; timer: NodeJS.Timeout }>();
  const byQuery = new Map<string, string>();
  let storedBytes = 0;
  let early = 0;

  const take = (id: string): TicketEntry | undefined => {
    const entry = entries.get(id);
    if (entry === undefined) return undefined;
    entries.delete(id);
    if (entry.queryId !== undefined) byQuery.delete(entry.queryId);
    clearTimeout(entry.timer);
    storedBytes -= bytesOf(entry);
    early -= Number(entry.early === true);
    return entry;
  };

  const drop = (id: string): void => {
    const kept = take(id)?.kept;
    if (kept?.type === 'pending') kept.query.drop();
  };

  const dropLater = (id: string, ms: number): NodeJS.Timeout => setTimeout(() => drop(id), ms).unref();

  return {
    take,
    drop,
    add(id, entry, keptMs = ticketIdleMs) {
      storedBytes += bytesOf(entry);
      early += Number(entry.early === true);
      while (entries.size > 0 && (entries.size >= maxTickets || storedBytes > maxAllStoredBytes))
        drop(entries.keys().next().value as string);
      entries.set(id, { ...entry, keptMs, timer: dropLater(id, keptMs) });
      if (entry.queryId !== undefined) byQuery.set(entry.queryId, id);
    },
    get: (id) => entries.get(id),
    keepOn(id) {
      const entry = entries.get(id);
      const keptMs = entry?.kept.type === 'stored' ? entry.keptMs : ticketIdleMs;
      if (entry !== undefined) {
        clearTimeout(entry.timer);
        entry.timer = dropLater(id, keptMs);
      }
      return new Date(Date.now() + keptMs);
    },
    ofQuery(queryId, owner) {
      const id = byQuery.get(queryId);
      return id !== undefined && entries.get(id)?.owner === owner ? id : undefined;
    },
    count: () => entries.size,
    earlyCount: () => early,
    dropAll() {
      for (const id of [...entries.keys()]) drop(id);
    },
  };
}

const bytesOf = ({ kept }: TicketEntry): number => (kept.type === 'stored' ? kept.bytes : 0);

export const notKept = (): DuckhouseError =>
  new DuckhouseError('NotFound', 'the result of this ticket is no longer kept', {
    id: 'ticket-expired',
    hint: 'run the statement again',
  });
