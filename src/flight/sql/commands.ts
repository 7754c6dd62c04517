import type { ArrowSchema } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import type { CallContext } from '../calls/context.ts';
import { ingest, type PutStream, runUpdate } from '../calls/put.ts';
import { queryInfo, querySchema, sendTicketed } from '../calls/query.ts';
import type { FlightDescriptor, FlightInfo } from '../proto/messages.ts';
import { decodeIngest, decodeStatement, decodeStatementTicket, type SqlMessage } from './messages.ts';

/** What a Flight SQL message does in each of the calls that may carry it. `value` is the message, out of its Any. */
export interface SqlCommand {
  readonly info?: (context: CallContext, value: Uint8Array, descriptor: FlightDescriptor) => Promise<FlightInfo>;
  readonly schema?: (context: CallContext, value: Uint8Array) => Promise<ArrowSchema>;
  readonly get?: (context: CallContext, value: Uint8Array) => Promise<void>;
  readonly put?: (context: CallContext, value: Uint8Array, stream: PutStream) => Promise<void>;
}

/** The Flight SQL messages of commands and tickets, by their names in FlightSql.proto. A new one is an entry here. */
const commands: Readonly<Record<string, SqlCommand>> = {
  CommandStatementQuery: {
    info: (context, value, descriptor) => queryInfo(context, statementSql(value), descriptor),
    schema: (context, value) => querySchema(context, statementSql(value)),
  },
  TicketStatementQuery: { get: (context, value) => sendTicketed(context, decodeStatementTicket(value)) },
  CommandStatementUpdate: { put: (context, value) => runUpdate(context, statementSql(value)) },
  CommandStatementIngest: { put: (context, value, stream) => ingest(context, decodeIngest(value), stream) },
};

/** The handler of a message in a call; Unsupported, naming the message, when there is none. */
export function openCommand<Call extends keyof SqlCommand>(
  { name }: SqlMessage,
  call: Call,
): NonNullable<SqlCommand[Call]> {
  const handler = Object.hasOwn(commands, name) ? commands[name]?.[call] : undefined;
  if (handler !== undefined) return handler;
  throw new DuckhouseError('Unsupported', `Flight SQL message ${name} is not supported ${places[call]}`, {
    id: 'command-unsupported',
    context: { command: name },
  });
}

const places: Readonly<Record<keyof SqlCommand, string>> = {
  info: 'in GetFlightInfo',
  schema: 'in GetSchema',
  get: 'in DoGet',
  put: 'in DoPut',
};

function statementSql(value: Uint8Array): string {
  const { sql, transactionId } = decodeStatement(value);
  if (transactionId.byteLength > 0)
    throw new DuckhouseError('Unsupported', 'Flight SQL transactions are not supported', {
      id: 'transactions-unsupported',
    });
  return sql;
}
