import http2, {
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { DuckhouseError } from '../../errors.ts';
import { grpcMessage } from '../proto/flight-data.ts';
import { type AssembledMessage, createAssembler } from './assembler.ts';
import { statusTrailers } from './status.ts';

/** One gRPC call on the server's side of an HTTP/2 stream. */
export interface ServerCall {
  readonly headers: IncomingHttpHeaders;
  readonly peer: string;
  /** The HTTP/2 connection of the call. */
  readonly connection: ServerHttp2Session | undefined;
  /** Common name of the client's certificate, which its connection has verified. */
  readonly certificate: string | undefined;
  /** Aborted when the client is gone, reset the stream, or its deadline passed. */
  readonly signal: AbortSignal;
  /** Headers sent before the first message. */
  setInitialMetadata(metadata: OutgoingHttpHeaders): void;
  /** Named in the trailers. */
  setQueryId(queryId: string): void;
  send(message: Uint8Array): Promise<void>;
  /** Sends bytes that are framed already; `done` when they may be reused. Resolves when there is room for more. */
  sendFramed(bytes: Uint8Array, done?: () => void): Promise<void>;
  /** The client's messages; ends only when the client ended the stream, and throws when it broke off. */
  messages(): AsyncGenerator<AssembledMessage>;
  end(error?: unknown): void;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

export interface ServerCallOptions {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly maxMessageBytes: number;
  /** A client that sends nothing for this long while it is waited for is given up. */
  readonly idleMs: number;
}

/** Writes on their way at most: one in the socket, one behind it. */
const maxPendingWrites = 2;
/** Received and not taken yet: above it the stream is paused. */
const maxQueuedBytes = 8 << 20;
/** A client may go on sending this long after it was answered. */
const sendingLingerMs = 1000;
/** A client that does not take what it was sent before an error is given up after this. */
const readingLingerMs = 30_000;

function certificateOf({ session }: ServerHttp2Stream): string | undefined {
  const socket = session?.socket as Partial<TLSSocket> | undefined;
  if (socket?.authorized !== true) return undefined;
  const { CN: name } = socket.getPeerCertificate?.().subject ?? {};
  return Array.isArray(name) ? name[0] : name;
}

export function createServerCall({ stream, headers, maxMessageBytes, idleMs }: ServerCallOptions): ServerCall {
  const controller = new AbortController();
  const timer = deadlineTimer(headers['grpc-timeout'], controller);
  let initial: OutgoingHttpHeaders = {};
  let queryId: string | undefined;
  let trailers: OutgoingHttpHeaders | undefined;
  let pendingWrites = 0;
  let room: (() => void) | undefined;
  let bytesOut = 0;
  let bytesIn = 0;

  const abort = (): void => {
    if (!controller.signal.aborted && trailers === undefined)
      controller.abort(new DuckhouseError('Cancelled', 'the client went away', { id: 'client-gone' }));
    room?.();
  };
  stream.on('error', abort);
  stream.on('aborted', abort);
  stream.on('close', () => {
    clearTimeout(timer);
    abort();
  });
  controller.signal.addEventListener('abort', () => room?.());
  stream.on('wantTrailers', () => {
    stream.sendTrailers(trailers ?? statusTrailers(undefined));
    stopSending();
  });
  const stopSending = (): void => {
    if (!stream.readableEnded) closeLater(stream, { ms: sendingLingerMs, code: http2.constants.NGHTTP2_NO_ERROR });
  };

  const respond = (): void => {
    if (!stream.headersSent && !stream.destroyed)
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...initial }, { waitForTrailers: true });
  };

  const sendFramed = async (bytes: Uint8Array, done?: () => void): Promise<void> => {
    if (stream.destroyed || stream.closed || controller.signal.aborted) {
      done?.();
      throw controller.signal.reason ?? new DuckhouseError('Cancelled', 'the client went away', { id: 'client-gone' });
    }
    respond();
    pendingWrites++;
    bytesOut += bytes.byteLength;
    stream.write(bytes, () => {
      pendingWrites--;
      done?.();
      room?.();
    });
    while (pendingWrites >= maxPendingWrites && !stream.destroyed && !controller.signal.aborted)
      await new Promise<void>((resolve) => (room = resolve));
    if (controller.signal.aborted) throw controller.signal.reason;
  };

  return {
    headers,
    connection: stream.session as ServerHttp2Session | undefined,
    peer: stream.session?.socket?.remoteAddress ?? 'unknown',
    certificate: certificateOf(stream),
    signal: controller.signal,
    setInitialMetadata(metadata) {
      initial = { ...initial, ...metadata };
    },
    setQueryId(id) {
      queryId = id;
    },
    send: (message) => sendFramed(grpcMessage(message)),
    sendFramed,
    messages: () =>
      readMessages(stream, {
        signal: controller.signal,
        maxMessageBytes,
        idleMs,
        onBytes(count) {
          bytesIn += count;
        },
      }),
    end(error) {
      if (trailers !== undefined) return;
      trailers = statusTrailers(error, queryId);
      clearTimeout(timer);
      if (stream.destroyed || stream.closed) return;
      if (!stream.headersSent) {
        // Trailers-only: the one header frame says all.
        if (error !== undefined) {
          stream.respond(
            { ':status': 200, 'content-type': 'application/grpc', ...initial, ...trailers },
            { endStream: true },
          );
          return stopSending();
        }
        respond();
      }
      if (error !== undefined) closeLater(stream, { ms: readingLingerMs, code: http2.constants.NGHTTP2_CANCEL });
      stream.end();
    },
    get bytesOut() {
      return bytesOut;
    },
    get bytesIn() {
      return bytesIn;
    },
  };
}

interface CloseOptions {
  readonly ms: number;
  readonly code: number;
}

function closeLater(stream: ServerHttp2Stream, { ms, code }: CloseOptions): void {
  const timer = setTimeout(() => stream.close(code), ms);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}

const timeoutUnits: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
const maxTimer = 2 ** 31 - 1;

/** grpc-timeout: at most eight digits and a unit. */
export function parseTimeout(header: string | undefined): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(header ?? '');
  return match === null ? undefined : Number(match[1]) * (timeoutUnits[match[2] as string] as number);
}

function deadlineTimer(header: string | string[] | undefined, controller: AbortController): NodeJS.Timeout | undefined {
  const timeoutMs = parseTimeout(typeof header === 'string' ? header : undefined);
  if (timeoutMs === undefined) return undefined;
  const expire = (): void =>
    controller.abort(
      new DuckhouseError('DeadlineExceeded', 'the deadline of the call has passed', {
        id: 'deadline',
        context: { timeoutMs },
      }),
    );
  const timer = setTimeout(expire, Math.min(timeoutMs, maxTimer));
  timer.unref();
  return timer;
}

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly maxMessageBytes: number;
  readonly idleMs: number;
  readonly onBytes: (count: number) => void;
}

async function* readMessages(
  stream: ServerHttp2Stream,
  { signal, maxMessageBytes, idleMs, onBytes }: ReadOptions,
): AsyncGenerator<AssembledMessage> {
  const queue: AssembledMessage[] = [];
  let queuedBytes = 0;
  let ended = false;
  let failure: unknown;
  let wake: (() => void) | undefined;
  const notify = (): void => wake?.();
  const fail = (error: unknown): void => {
    failure ??= error;
    notify();
  };
  const assembler = createAssembler({
    maxMessageBytes,
    onMessage(message) {
      queue.push(message);
      queuedBytes += message.bytes.byteLength;
    },
  });
  const onData = (chunk: Buffer): void => {
    onBytes(chunk.byteLength);
    if (failure !== undefined) return;
    try {
      assembler.push(chunk);
    } catch (error) {
      fail(error);
    }
    if (queuedBytes > maxQueuedBytes) stream.pause();
    notify();
  };
  const onEnd = (): void => {
    // Node ends the readable side of a reset stream too: only an open stream was ended by its client.
    if (stream.aborted || stream.closed || stream.destroyed) {
      fail(brokenOff());
      return;
    }
    try {
      assembler.end();
      ended = true;
    } catch (error) {
      fail(error);
    }
    notify();
  };
  const onAbort = (): void => fail(signal.reason ?? brokenOff());
  stream.on('data', onData);
  stream.on('end', onEnd);
  // A client that sends nothing may have ended before anybody listened, while its credentials were checked.
  if (stream.readableEnded) onEnd();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    for (;;) {
      if (failure !== undefined) throw failure;
      const message = queue.shift();
      if (message !== undefined) {
        queuedBytes -= message.bytes.byteLength;
        if (queuedBytes <= maxQueuedBytes / 2 && stream.isPaused()) stream.resume();
        yield message;
      } else if (ended) return;
      else {
        const timer = setTimeout(() => fail(idleError(idleMs)), idleMs);
        await new Promise<void>((resolve) => (wake = resolve));
        clearTimeout(timer);
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stream.off('data', onData);
    for (const message of queue.splice(0)) message.release();
    stream.resume(); // what still comes is thrown away, or the client could never finish sending
  }
}

const idleError = (idleMs: number): DuckhouseError =>
  new DuckhouseError('DeadlineExceeded', `the client sent nothing for ${idleMs} ms`, {
    id: 'client-idle',
    context: { idleMs },
  });
const brokenOff = (): DuckhouseError =>
  new DuckhouseError('Cancelled', 'the client broke off the stream', { id: 'client-gone' });
