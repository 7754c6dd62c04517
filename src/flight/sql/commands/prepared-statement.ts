import type { IpcMessage } from '../../../arrow/index.ts';
import type { ArrowParams } from '../../../engine/index.ts';
import { DuckhouseError } from '../../../errors.ts';
import { rowsOf } from '../../bound-rows.ts';
import type { CallContext } from '../../calls/context.ts';
import { type PutStream, sendUpdateCount } from '../../calls/put.ts';
import { queryInfo, queryOptions, sendQuery } from '../../calls/query.ts';
import type { ClientStatement } from '../../prepared-statements.ts';
import { decodeFlightData } from '../../proto/flight-data.ts';
import { encodePutResult } from '../../proto/messages.ts';
import { decodeHandle, decodeStatementCall, encodeHandle, type StatementCall } from '../../proto/sql-messages.ts';
import type { SqlCommands } from '../command.ts';

export const preparedStatementCommands: SqlCommands = {
  CommandPreparedStatementQuery: {
    info: async (context, value, descriptor) => {
      const statement = statementOf(context, value);
      const { sql, params } = statement;
      return queryInfo(context, { sql, transactionId: transactionOf(statement), params, keep: true }, descriptor);
    },
    schema: async (context, value) => statementOf(context, value).schema,
    put: bind,
  },
  CommandPreparedStatementUpdate: { put: update },
  TicketStatementCall: { get: (context, value) => call(context, decodeStatementCall(value)) },
};

export const closeStatement = ({ prepared, sessions, principal }: CallContext, value: Uint8Array): void =>
  prepared.close(decodeHandle(value), (id) => sessions.get(id, principal));

const statementOf = ({ prepared, sessions, principal }: CallContext, value: Uint8Array): ClientStatement =>
  prepared.get(decodeHandle(value), (id) => sessions.get(id, principal));

/** A statement in one call, prepared or not; `params` hold one row. */
async function call(context: CallContext, { sql, handle, transactionId, params }: StatementCall): Promise<void> {
  if (handle === '') return sendQuery(context, { sql, transactionId, params });
  const statement = statementOf(context, encodeHandle(handle));
  const { params: bound } = statement;
  return sendQuery(context, {
    sql: statement.sql,
    transactionId: transactionOf(statement),
    params: params ?? bound,
    keep: true,
  });
}

/** Drivers keep a statement over the end of the transaction it was prepared in. */
const transactionOf = ({ session, transactionId }: ClientStatement): string | undefined =>
  transactionId === undefined ? undefined : session.transactionFor(transactionId);

/** Keeps the parameters with the statement; the handle in the answer is the one that was sent. */
async function bind(context: CallContext, value: Uint8Array, stream: PutStream): Promise<void> {
  const statement = statementOf(context, value);
  statement.params = await readParams(stream, context.limits.maxMessageBytes);
  await context.call.send(encodePutResult(encodeHandle(statement.handle)));
  context.call.end();
}

/** Runs the statement for the parameters that are sent, or for those that were bound before. */
async function update(context: CallContext, value: Uint8Array, stream: PutStream): Promise<void> {
  const statement = statementOf(context, value);
  const params = (await readParams(stream, context.limits.maxMessageBytes)) ?? statement.params;
  await sendUpdateCount(context, await run(context, statement, params));
}

async function run(context: CallContext, statement: ClientStatement, params: ArrowParams | undefined): Promise<number> {
  const { session, sql } = statement;
  const options = { ...queryOptions(context), transactionId: transactionOf(statement), keep: true };
  if (params !== undefined && rowsOf(params) > 1) return session.executeMany(sql, params, options);
  const result = await session.query(sql, params === undefined ? options : { ...options, arrowParams: params });
  context.call.setQueryId(result.queryId);
  for await (const batch of result.batches) batch.release();
  return result.returnsRows ? -1 : (result.rowsChanged ?? 0);
}

/** The rows that the client sends, to its end; undefined when there are none, as from clients without parameters. */
async function readParams({ first, rest }: PutStream, maxBytes: number): Promise<ArrowParams | undefined> {
  const messages: IpcMessage[] = [];
  let bytes = 0;
  for await (const message of rest) {
    const { header, body } = decodeFlightData(message.bytes);
    if (header.byteLength > 0) messages.push({ metadata: Uint8Array.from(header), body: Uint8Array.from(body) });
    bytes += body.byteLength;
    message.release();
    if (bytes > maxBytes)
      throw new DuckhouseError('ResourceExhausted', `more than ${maxBytes} bytes of parameters`, {
        id: 'parameters-too-large',
        context: { limit: maxBytes },
        hint: 'load them as a table instead',
      });
  }
  const params = { schema: Uint8Array.from(first.header), messages };
  return first.header.byteLength === 0 || rowsOf(params) === 0 ? undefined : params;
}
