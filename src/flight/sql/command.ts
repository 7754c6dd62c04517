import type { ArrowSchema } from '../../arrow/index.ts';
import type { CallContext } from '../calls/context.ts';
import type { PutStream } from '../calls/put.ts';
import type { FlightDescriptor, FlightInfo } from '../proto/messages.ts';

/** What a Flight SQL message does in each of the calls that may carry it. `value` is the message, out of its Any. */
export interface SqlCommand {
  readonly info?: (context: CallContext, value: Uint8Array, descriptor: FlightDescriptor) => Promise<FlightInfo>;
  readonly schema?: (context: CallContext, value: Uint8Array) => Promise<ArrowSchema>;
  readonly get?: (context: CallContext, value: Uint8Array) => Promise<void>;
  readonly put?: (context: CallContext, value: Uint8Array, stream: PutStream) => Promise<void>;
}

/** Flight SQL messages by their names in FlightSql.proto. */
export type SqlCommands = Readonly<Record<string, SqlCommand>>;
