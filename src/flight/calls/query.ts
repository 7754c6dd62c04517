import { authorise } from '../../access/index.ts';
import { type ArrowSchema, encapsulate, encodeSchema } from '../../arrow/index.ts';
import type { QueryOptions, QueryResult } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { mayBeScript } from '../../sql.ts';
import { encodeDataless, frameBatch } from '../proto/flight-data.ts';
import type { FlightDescriptor, FlightInfo } from '../proto/messages.ts';
import { encodeStatementTicket } from '../proto/sql-messages.ts';
import type { Stored } from '../stored.ts';
import type { TicketRequest } from '../tickets.ts';
import type { CallContext } from './context.ts';

/** The schema as FlightInfo and SchemaResult carry it. */
export const schemaBytes = (schema: ArrowSchema): Uint8Array => encapsulate(encodeSchema(schema));

/** UTF-8 text. InvalidArgument for other bytes. */
export function sqlText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  } catch (cause) {
    throw new DuckhouseError('InvalidArgument', 'the command or ticket is neither SQL text nor a Flight SQL message', {
      id: 'command-malformed',
      cause,
    });
  }
}

/** Of a statement: its text, the transaction it belongs to, and its parameters. */
export type StatementRequest = Omit<TicketRequest, 'session' | 'options' | 'hold'> & {
  readonly transactionId?: string | undefined;
  /** It will come again. */
  readonly keep?: true;
};

/** Prepares a query, or runs what is no query, and says how to fetch the result. */
export async function queryInfo(
  context: CallContext,
  { sql, params, transactionId, keep }: StatementRequest,
  descriptor: FlightDescriptor,
): Promise<FlightInfo> {
  authorise(context.principal, { operation: 'query', subject: sql });
  const options = { ...issueOptions(context), transactionId, keep };
  const { handle, partHandles, queryId, schema, rows, ready, expiresAt } = await context.tickets.issue({
    ...keeping(context),
    session: context.session(),
    sql,
    params,
    options,
    hold: context.polled !== undefined,
  });
  context.polled?.started(ready);
  context.call.setQueryId(queryId);
  return {
    schema: schemaBytes(schema),
    descriptor,
    endpoints: (partHandles ?? [handle]).map((part) => ({
      ticket: encodeStatementTicket(part),
      locations: [],
      expirationTime: expiresAt,
    })),
    totalRecords: rows,
    totalBytes: -1,
    ordered: partHandles !== undefined,
    appMetadata: Buffer.from(JSON.stringify({ queryId })),
  };
}

/** Results are kept, and given in parts, for clients that ask for it: by session option or header. */
function keeping(context: CallContext): Pick<TicketRequest, 'keptMs' | 'parts'> {
  const seconds = askedFor(context, 'x-duckhouse-keep-seconds', 'duckhouse.keep_seconds');
  const parts = askedFor(context, 'x-duckhouse-parallel', 'duckhouse.parallel');
  return {
    keptMs: seconds === undefined ? undefined : Math.min(seconds, maxKeepSeconds) * 1000,
    parts: parts === undefined ? undefined : Math.min(parts, maxParts),
  };
}

function askedFor({ call, session }: CallContext, header: string, option: string): number | undefined {
  const given = call.headers[header] ?? session().ownOption(option);
  if (given === undefined) return undefined;
  const value = Number(given);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** Clients differ in the largest message they take; those that take more may have it. */
function batchBytes(context: CallContext): number | undefined {
  const asked = askedFor(context, 'x-duckhouse-batch-bytes', 'duckhouse.batch_bytes');
  return asked === undefined ? undefined : Math.min(Math.max(asked, leastBatchBytes), mostBatchBytes);
}

const leastBatchBytes = 64 << 10;
const mostBatchBytes = 16 << 20;
const maxKeepSeconds = 24 * 3600;
const maxParts = 64;

/** The schema of a query's result, without running it. */
export async function querySchema(
  context: CallContext,
  { sql, transactionId }: StatementRequest,
): Promise<ArrowSchema> {
  authorise(context.principal, { operation: 'query', subject: sql });
  if (mayBeScript(sql)) {
    throw new DuckhouseError('InvalidArgument', 'the schema of a script is known only by running it', {
      id: 'schema-of-script',
      hint: 'give one statement',
    });
  }
  const prepared = await context.session().prepare(sql, { ...queryOptions(context), transactionId });
  await prepared.close();
  return prepared.schema;
}

export const queryOptions = (context: CallContext): QueryOptions => {
  const { call, limits, guard, principal, session, polled } = context;
  return {
    signal: call.signal,
    batchBytes: batchBytes(context),
    queryId: polled?.queryId,
    progress: polled !== undefined,
    guard,
    owner: { user: principal.name, session: session().id },
    timeoutMs: limits.queryTimeoutMs,
    rowLimit: limits.maxRows,
  };
};

/** The rows are counted where the result is fetched. */
const issueOptions = (context: CallContext): QueryOptions => ({ ...queryOptions(context), rowLimit: undefined });

/** Runs SQL and streams its result. */
export async function sendQuery(
  context: CallContext,
  { sql, transactionId, params, keep }: StatementRequest,
): Promise<void> {
  authorise(context.principal, { operation: 'query', subject: sql });
  return sendResult(
    context,
    await context.session().query(sql, {
      ...queryOptions(context),
      transactionId,
      arrowParams: params,
      keep,
    }),
  );
}

/** Streams what the handle of a TicketStatementQuery stands for. */
export async function sendTicketed(context: CallContext, handle: string): Promise<void> {
  const ticketed = context.tickets.redeem(handle, context.principal.name);
  if (ticketed.type === 'sql') return sendQuery(context, { sql: ticketed.sql });
  if (ticketed.type === 'stored') return sendStored(context, ticketed);
  try {
    await sendResult(context, await ticketed.query.open(queryOptions(context)));
  } catch (error) {
    const { again } = ticketed;
    if (again === undefined || context.call.bytesOut() > 0 || !(await again.wanted())) throw error;
    await sendQuery(context, { sql: again.sql });
  }
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

async function sendStored({ call, metrics }: CallContext, { schema, messages, rows }: Stored): Promise<void> {
  await call.sendFramed(schemaFrame(schema));
  for (const message of messages) await call.sendFramed(frameBatch({ ...message, headroom: 0 }));
  metrics.rows('out', rows);
  call.end();
}
