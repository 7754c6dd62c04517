import type { CallContext } from '../calls/context.ts';
import { sendQuery, sqlText } from '../calls/query.ts';
import { decodeTicket } from '../proto/messages.ts';
import { unpackAny } from '../proto/sql-messages.ts';
import { openCommand } from '../sql/commands.ts';

/** Streams the result of a ticket: a Flight SQL message, or SQL text. */
export async function doGet(context: CallContext, request: Uint8Array): Promise<void> {
  const ticket = decodeTicket(request);
  const message = unpackAny(ticket);
  if (message === undefined) return sendQuery(context, { sql: sqlText(ticket) });
  return openCommand(message, 'get')(context, message.value);
}
