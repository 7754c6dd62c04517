import { DuckhouseError } from '../../errors.ts';
import type { ServerStream } from '../http2/stream.ts';
import { type AssembledMessage, createAssembler, cutShort, messageLength, prefixBytes } from './assembler.ts';

const noBytes = Buffer.alloc(0);
/** Received and not taken yet: above it the stream is paused. */
const maxQueuedBytes = 8 << 20;

export interface ReadOptions {
  readonly signal: AbortSignal;
  readonly maxMessageBytes: number;
  readonly idleMs: number;
  readonly onBytes: (count: number) => void;
  /** Called when the signal is aborted; undefined = no longer. */
  readonly onAbort: (listener: (() => void) | undefined) => void;
}

/** Of a client that sends one: the first, copied; empty when it sent none. */
export function readMessage(stream: ServerStream, options: ReadOptions): Promise<Buffer> {
  const { signal, maxMessageBytes, idleMs, onBytes, onAbort } = options;
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    let end: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    let done = false;
    const finish = (settle: () => void): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      onAbort(undefined);
      settle();
      stream.discard();
    };
    const fail = (error: unknown): void => finish(() => reject(error));
    if (signal.aborted) return fail(signal.reason);
    onAbort(() => fail(signal.reason ?? clientGone()));
    stream.listen({
      data(part) {
        onBytes(part.byteLength);
        parts.push(part);
        size += part.byteLength;
        if (size < prefixBytes) return;
        try {
          end ??= prefixBytes + messageLength(Buffer.concat(parts, prefixBytes), maxMessageBytes);
          if (size >= end) finish(() => resolve(Buffer.concat(parts, end).subarray(prefixBytes)));
        } catch (error) {
          fail(error);
        }
      },
      end() {
        if (size > 0) fail(cutShort());
        else finish(() => resolve(noBytes));
      },
    });
    if (!done) timer = setTimeout(() => fail(idleError(idleMs)), idleMs);
  });
}

/** All of them, as they come; ends when the client ended its side, and throws when it broke off. */
export async function* readMessages(
  stream: ServerStream,
  { signal, maxMessageBytes, idleMs, onBytes, onAbort }: ReadOptions,
): AsyncGenerator<AssembledMessage> {
  const queue: AssembledMessage[] = [];
  let queuedBytes = 0;
  let ended = false;
  let failure: unknown;
  let wake: (() => void) | undefined;
  const fail = (error: unknown): void => {
    failure ??= error;
    wake?.();
  };
  const assembler = createAssembler({
    maxMessageBytes,
    onMessage(message) {
      queue.push(message);
      queuedBytes += message.bytes.byteLength;
    },
  });
  onAbort(() => fail(signal.reason ?? clientGone()));
  if (signal.aborted) fail(signal.reason);
  stream.listen({
    data(part) {
      onBytes(part.byteLength);
      if (failure !== undefined) return;
      try {
        assembler.push(part);
      } catch (error) {
        fail(error);
      }
      if (queuedBytes > maxQueuedBytes) stream.pause();
      wake?.();
    },
    end() {
      try {
        assembler.end();
        ended = true;
      } catch (error) {
        fail(error);
      }
      wake?.();
    },
  });
  try {
    for (;;) {
      if (failure !== undefined) throw failure;
      const message = queue.shift();
      if (message !== undefined) {
        queuedBytes -= message.bytes.byteLength;
        if (queuedBytes <= maxQueuedBytes / 2) stream.resume();
        yield message;
      } else if (ended) return;
      else {
        const timer = setTimeout(() => fail(idleError(idleMs)), idleMs);
        await new Promise<void>((resolve) => (wake = resolve));
        clearTimeout(timer);
      }
    }
  } finally {
    onAbort(undefined);
    for (const message of queue.splice(0)) message.release();
    stream.discard(); // what still comes is thrown away, or the client could never finish sending
  }
}

const idleError = (idleMs: number): DuckhouseError =>
  new DuckhouseError('DeadlineExceeded', `the client sent nothing for ${idleMs} ms`, {
    id: 'client-idle',
    context: { idleMs },
  });

export const clientGone = (): DuckhouseError =>
  new DuckhouseError('Cancelled', 'the client went away', { id: 'client-gone' });
