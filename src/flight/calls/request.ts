import type { ServerCall } from '../grpc/server-call.ts';

/** The one message of a client that sends one; empty when it sent none. */
export async function request(call: ServerCall): Promise<Uint8Array> {
  for await (const message of call.messages()) {
    const bytes = Buffer.from(Uint8Array.from(message.bytes));
    message.release();
    return bytes;
  }
  return Buffer.alloc(0);
}
