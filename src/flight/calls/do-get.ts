import { authorise } from '../../access/index.ts';
import { type ArrowSchema, encodeSchema, type IpcMessage } from '../../arrow/index.ts';
import type { QueryOptions, QueryResult } from '../../engine/index.ts';
import { encodeDataless, frameBatch } from '../proto/flight-data.ts';
import { decodeTicket } from '../proto/messages.ts';
import { decodeStatementTicket, unpackAny } from '../sql/messages.ts';
import { sqlOfCommand, sqlText } from './flight-info.ts';
import type { CallContext } from './context.ts';

/** Streams the result of a ticket: one that GetFlightInfo gave, or SQL text. */
export async function doGet(context: CallContext, request: Uint8Array): Promise<void> {
  const ticket = decodeTicket(request);
  const message = unpackAny(ticket);
  if (message === undefined) return runSql(context, sqlText(ticket));
  if (message.name !== 'TicketStatementQuery') return runSql(context, sqlOfCommand(ticket));
  const ticketed = context.tickets.redeem(decodeStatementTicket(message.value));
  if (ticketed.type === 'sql') return runSql(context, ticketed.sql);
  if (ticketed.type === 'stored') return sendStored(context, ticketed);
  return sendResult(context, await ticketed.prepared.run(queryOptions(context)));
}

const queryOptions = ({ call, limits }: CallContext): QueryOptions => ({
  signal: call.signal,
  ...(limits.queryTimeoutMs === undefined ? {} : { timeoutMs: limits.queryTimeoutMs }),
  ...(limits.maxRows === undefined ? {} : { rowLimit: limits.maxRows }),
});

async function runSql(context: CallContext, sql: string): Promise<void> {
  authorise(context.principal, { operation: 'query', subject: sql });
  return sendResult(context, await context.lakehouse.query(sql, queryOptions(context)));
}

const schemaFrame = (schema: ArrowSchema): Buffer => encodeDataless({ header: encodeSchema(schema) });

/** Below this the schema and the first batch go in one write. */
const smallBatchBytes = 16 << 10;

async function sendResult({ call, metrics }: CallContext, result: QueryResult): Promise<void> {
  call.setQueryId(result.queryId);
  let schema: Buffer | undefined = schemaFrame(result.schema);
  try {
    for await (const batch of result.batches) {
      metrics.rows('out', batch.rows);
      const frame = frameBatch(batch);
      if (schema !== undefined && frame.byteLength <= smallBatchBytes) {
        const both = Buffer.concat([schema, frame]);
        batch.release();
        await call.sendFramed(both);
      } else {
        if (schema !== undefined) await call.sendFramed(schema);
        await call.sendFramed(frame, batch.release);
      }
      schema = undefined;
    }
    if (schema !== undefined) await call.sendFramed(schema);
    call.end();
  } finally {
    await result.close();
  }
}

interface Stored {
  readonly schema: ArrowSchema;
  readonly messages: readonly IpcMessage[];
  readonly rows: number;
}

async function sendStored({ call, metrics }: CallContext, { schema, messages, rows }: Stored): Promise<void> {
  await call.sendFramed(schemaFrame(schema));
  for (const message of messages) await call.sendFramed(frameBatch({ ...message, headroom: 0 }));
  metrics.rows('out', rows);
  call.end();
}
