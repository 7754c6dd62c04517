import type { DuckhouseError } from '../../errors.ts';
import { encodeHeaders, type OutgoingHeaders } from '../http2/header-encoder.ts';
import { type ErrorCode, errorCodes } from '../http2/protocol.ts';
import type { IncomingHeaders } from '../http2/request-headers.ts';
import type { PeerConnection } from '../http2/server.ts';
import type { ServerStream } from '../http2/stream.ts';
import { grpcMessage } from '../proto/flight-data.ts';
import type { AssembledMessage } from './assembler.ts';
import { clientGone, type ReadOptions, readMessage, readMessages } from './client-messages.ts';
import { deadlineTimer } from './deadline.ts';
import { statusTrailers } from './status.ts';

/** One gRPC call on the server's side of an HTTP/2 stream. */
export interface ServerCall {
  readonly headers: IncomingHeaders;
  readonly peer: string;
  /** The HTTP/2 connection of the call. */
  readonly connection: PeerConnection;
  /** Common name of the client's certificate, which its connection has verified. */
  readonly certificate: string | undefined;
  /** Aborted when the client is gone, reset the stream, or its deadline passed: the call is answered then, whatever still runs for it. */
  readonly signal: AbortSignal;
  /** Headers sent before the first message. */
  setInitialMetadata(metadata: OutgoingHeaders): void;
  setTrailers(metadata: OutgoingHeaders): void;
  /** Named in the trailers. */
  setQueryId(queryId: string): void;
  send(message: Uint8Array): Promise<void>;
  /** Sends bytes that are framed already; `done` when they may be reused. Resolves when there is room for more. */
  sendFramed(bytes: Uint8Array, done?: () => void): Promise<void>;
  /** The first message of a client that sends one; empty when it sent none. */
  message(): Promise<Buffer>;
  /** The client's messages; ends only when the client ended the stream, and throws when it broke off. */
  messages(): AsyncGenerator<AssembledMessage>;
  end(error?: unknown): void;
  bytesOut(): number;
  bytesIn(): number;
}

export interface ServerCallOptions {
  readonly stream: ServerStream;
  readonly connection: PeerConnection;
  readonly maxMessageBytes: number;
  /** A client that sends nothing for this long while it is waited for is given up. */
  readonly idleMs: number;
}

/** Writes on their way at most: one in the socket, one behind it. */
const maxPendingWrites = 2;
/** A client may go on sending this long after it was answered. */
const sendingLingerMs = 1000;
/** A client that does not take what it was sent before an error is given up after this. */
const readingLingerMs = 30_000;

/** Without metadata of a call's own, made once. */
const plainHeaders = { ':status': 200, 'content-type': 'application/grpc' } as const;
const plainBlock = encodeHeaders(plainHeaders);

export function createServerCall({ stream, connection, maxMessageBytes, idleMs }: ServerCallOptions): ServerCall {
  const { headers } = stream;
  const controller = new AbortController();
  const { signal } = controller;
  /** Beside the signal's listeners: those of the call itself are cheaper as functions. */
  const abort = (reason: DuckhouseError): void => {
    if (signal.aborted) return;
    controller.abort(reason);
    room?.();
    onAbort?.();
    end(reason);
  };
  const timer = deadlineTimer(headers['grpc-timeout'], abort);
  let initial: OutgoingHeaders | undefined;
  let trailing: OutgoingHeaders = {};
  let queryId: string | undefined;
  let ended = false;
  let pendingWrites = 0;
  let room: (() => void) | undefined;
  let closing: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  let bytesOut = 0;
  let bytesIn = 0;

  stream.onClose(() => {
    clearTimeout(timer);
    clearTimeout(closing);
    if (!ended) abort(clientGone());
    room?.();
  });

  const closeLater = (ms: number, code: ErrorCode): void => {
    clearTimeout(closing);
    closing = setTimeout(() => stream.reset(code), ms).unref();
  };
  const respond = (): void => {
    if (!stream.headersSent)
      stream.respond(initial === undefined ? plainBlock : encodeHeaders({ ...plainHeaders, ...initial }));
  };

  const onWritten = (): void => {
    pendingWrites--;
    room?.();
  };

  const sendFramed = async (bytes: Uint8Array, done?: () => void): Promise<void> => {
    if (stream.closed || signal.aborted) {
      done?.();
      throw signal.reason ?? clientGone();
    }
    respond();
    pendingWrites++;
    bytesOut += bytes.byteLength;
    stream.write(
      bytes,
      done === undefined
        ? onWritten
        : () => {
            done();
            onWritten();
          },
    );
    while (pendingWrites >= maxPendingWrites && !stream.closed && !signal.aborted)
      await new Promise<void>((resolve) => (room = resolve));
    if (signal.aborted) throw signal.reason;
  };

  const reading: ReadOptions = {
    signal,
    maxMessageBytes,
    idleMs,
    onBytes(count) {
      bytesIn += count;
    },
    onAbort(listener) {
      onAbort = listener;
    },
  };

  const end = (error?: unknown): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    onAbort?.(); // nothing is read any more
    if (stream.closed) return;
    const trailers = { ...trailing, ...statusTrailers(error, queryId) };
    // Trailers-only: the one header frame says all.
    if (!stream.headersSent && error !== undefined)
      stream.respond(encodeHeaders({ ...plainHeaders, ...initial, ...trailers }), { endStream: true });
    else {
      respond();
      stream.end(trailers);
    }
    stream.onSent(() => {
      if (!stream.remoteEnded) closeLater(sendingLingerMs, errorCodes.NO_ERROR);
    });
    if (error !== undefined && !stream.closed) closeLater(readingLingerMs, errorCodes.CANCEL);
  };

  return {
    headers,
    connection,
    peer: connection.address,
    certificate: connection.certificate,
    signal,
    setInitialMetadata(metadata) {
      initial = { ...initial, ...metadata };
    },
    setTrailers(metadata) {
      trailing = { ...trailing, ...metadata };
    },
    setQueryId(id) {
      queryId = id;
    },
    send: (message) => sendFramed(grpcMessage(message)),
    sendFramed,
    messages: () => readMessages(stream, reading),
    message: () => readMessage(stream, reading),
    end,
    bytesOut: () => bytesOut,
    bytesIn: () => bytesIn,
  };
}
