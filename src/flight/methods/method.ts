import type { ServerCall } from '../grpc/server-call.ts';

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
    await context.call.send(await answer(context, await context.call.message()));
    context.call.end();
  };

/** One message in, any number out. */
export const streaming =
  <Context extends Called>(
    answer: (context: Context, message: Uint8Array) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Method<Context> =>
  async (context) => {
    for await (const message of answer(context, await context.call.message())) await context.call.send(message);
    context.call.end();
  };
