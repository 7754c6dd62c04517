import type { ServerCall } from '../grpc/server-call.ts';
import { request } from './request.ts';

export interface Called {
  readonly call: ServerCall;
}

/** Answers one call of a kind. */
export type Method<Context extends Called> = (context: Context) => Promise<void>;

/** One message in, one out. */
export const unary =
  <Context extends Called>(
    answer: (context: Context, message: Uint8Array) => Promise<Uint8Array> | Uint8Array,
  ): Method<Context> =>
  async (context) => {
    await context.call.send(await answer(context, await request(context.call)));
    context.call.end();
  };

/** One message in, any number out. */
export const streaming =
  <Context extends Called>(
    answer: (context: Context, message: Uint8Array) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Method<Context> =>
  async (context) => {
    for await (const message of answer(context, await request(context.call))) await context.call.send(message);
    context.call.end();
  };
