import { DuckhouseError } from '../../errors.ts';
import type { CallContext } from '../calls/context.ts';
import { putPath } from '../calls/put.ts';
import { decodeFlightData } from '../proto/flight-data.ts';
import { decodeDescriptor } from '../proto/messages.ts';
import { unpackAny } from '../proto/sql-messages.ts';
import { openCommand } from '../sql/commands.ts';

/** Takes the client's stream for a table or a Flight SQL message, and answers with one PutResult. */
export async function doPut(context: CallContext): Promise<void> {
  const messages = context.call.messages();
  try {
    const first = await messages.next();
    if (first.done === true)
      throw new DuckhouseError('InvalidArgument', 'DoPut without a message', { id: 'put-empty' });
    const data = decodeFlightData(Buffer.from(first.value.bytes));
    first.value.release();
    if (data.descriptor === undefined)
      throw new DuckhouseError('InvalidArgument', 'the first message of DoPut has no descriptor', {
        id: 'put-descriptor-missing',
      });
    const descriptor = decodeDescriptor(data.descriptor);
    const stream = { first: data, rest: messages };
    if (descriptor.type === 'PATH') return await putPath(context, descriptor.path, stream);
    const message = unpackAny(descriptor.cmd);
    if (message !== undefined) return await openCommand(message, 'put')(context, message.value, stream);
    throw new DuckhouseError('Unsupported', 'DoPut of a command that is no Flight SQL message', {
      id: 'command-unsupported',
      context: { command: '' },
      hint: 'use a path descriptor: ["table"] or ["schema", "table"]',
    });
  } finally {
    messages.return(undefined).catch(() => undefined); // not waited for: it may wait for the client until the call ends
  }
}
