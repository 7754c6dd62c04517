import { DuckhouseError } from '../errors.ts';

/** What is in a ticket: the id of what is kept, for one that may run again the SQL, for a part of a result which one. */
export interface TicketHandle {
  readonly id: string;
  readonly sql?: string;
  readonly part?: number;
  readonly parts?: number;
}

/** InvalidArgument for what is none of our tickets. */
export function parseHandle(handle: string): TicketHandle {
  try {
    const value = JSON.parse(handle) as { readonly [Name in keyof TicketHandle]?: unknown };
    const counts = [value.part, value.parts].every((count) => count === undefined || Number.isSafeInteger(count));
    if (typeof value.id === 'string' && (value.sql === undefined || typeof value.sql === 'string') && counts)
      return value as TicketHandle;
  } catch {
    // Falls through to the error below: it was not one of our tickets.
  }
  throw new DuckhouseError('InvalidArgument', 'the ticket is malformed', { id: 'ticket-malformed' });
}
