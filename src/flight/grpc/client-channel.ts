import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { DuckhouseError, isDuckhouseError, toDuckhouseError } from '../../errors.ts';
import { type AssembledMessage, createAssembler } from './assembler.ts';
import { errorOfTrailers } from './status.ts';

export interface ChannelOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The one certificate to accept (PEM), whoever made it and whatever name is in it; in place of `ca`. */
  readonly pinned?: string | undefined;
  /** Accept any certificate. */
  readonly insecure?: boolean | undefined;
  readonly connectTimeoutMs?: number | undefined;
}

export interface ClientCall {
  /**
   * Sends framed bytes; `done` when they may be reused. Resolves when there is room for more: false when the server has
   * answered already and wants none. Throws the server's error.
   */
  send(framed: Uint8Array, done?: () => void): Promise<boolean>;
  /** Nothing more will be sent. */
  half(): void;
  /** The server's messages; throws the error its trailers say. */
  messages(): AsyncGenerator<AssembledMessage>;
  /** Headers of the answer, once there. */
  readonly responseHeaders: Promise<Readonly<Record<string, unknown>>>;
  cancel(): void;
}

export interface Channel {
  open(path: string, headers: OutgoingHttpHeaders, signal?: AbortSignal): Promise<ClientCall>;
  close(): void;
}

const streamWindow = 8 << 20;
const sessionWindow = 32 << 20;
const maxPendingWrites = 2;
const maxQueuedBytes = 8 << 20;
const maxMessageBytes = 2 ** 32 - 1;

/** One HTTP/2 connection, made at the first call and again after it broke. */
export function createChannel(options: ChannelOptions): Channel {
  let session: Promise<ClientHttp2Session> | undefined;
  let greeted = false;
  const connected = (): Promise<ClientHttp2Session> => {
    session ??= connect(options).then((opened) => {
      greeted = false;
      opened.once('remoteSettings', () => (greeted = true));
      opened.on('close', () => (session = undefined));
      opened.on('goaway', () => (session = undefined));
      return opened;
    });
    session.catch(() => (session = undefined));
    return session;
  };
  return {
    async open(path, headers, signal) {
      const opened = await connected();
      opened.ref();
      return createCall(
        opened,
        { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
        { signal, refused: () => options.cert !== undefined && !greeted },
      );
    },
    close() {
      void session?.then(
        (opened) => opened.close(),
        () => undefined,
      );
    },
  };
}

function connect({
  url,
  ca,
  cert,
  key,
  pinned,
  insecure,
  connectTimeoutMs = 10_000,
}: ChannelOptions): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, {
      settings: { initialWindowSize: streamWindow, maxFrameSize: 1 << 20, enablePush: false },
      maxSessionMemory: 1000,
      ...(pinned === undefined ? (ca === undefined ? {} : { ca }) : pinning(pinned)),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(insecure ? { rejectUnauthorized: false } : {}),
    });
    const timer = setTimeout(
      () => session.destroy(new Error(`no answer within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    session.once('connect', () => {
      clearTimeout(timer);
      session.setLocalWindowSize(sessionWindow);
      resolve(session);
    });
    session.on('error', (error) => {
      clearTimeout(timer);
      reject(unreachable(url, error));
    });
  });
}

/** Its own authority: only who has its key is trusted. */
const pinning = (certificate: string): object => ({
  ca: certificate,
  allowPartialTrustChain: true,
  checkServerIdentity: () => undefined,
});

/** Codes of node:tls for a certificate that is not what the client was told to trust. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/;

/** Codes of OpenSSL for a server that misses the client's certificate or does not like it: with TLS 1.3 it says so after the handshake. */
const certificateWanted = /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)/;

const clientUntrusted = (cause: Error): DuckhouseError =>
  new DuckhouseError('Unauthenticated', 'the server wants a client certificate of an authority that it trusts', {
    id: 'client-untrusted',
    hint: '--tls-cert FILE and --tls-key FILE name it',
    cause,
  });

const certificateRefused = (cause: unknown): DuckhouseError =>
  new DuckhouseError('Unauthenticated', 'the server closed the connection when it saw the client certificate', {
    id: 'client-refused',
    hint: 'is it of an authority that the server trusts?',
    cause,
  });

function unreachable(url: string, cause: NodeJS.ErrnoException): DuckhouseError {
  if (certificateWanted.test(cause.code ?? '')) return clientUntrusted(cause);
  const server = url.replace(/^https/, 'grpc+tls').replace(/^http/, 'grpc');
  const isUntrusted = untrusted.test(cause.code ?? '');
  return new DuckhouseError('Unavailable', `cannot reach ${server}: ${cause.message}`, {
    id: isUntrusted ? 'server-untrusted' : 'server-unreachable',
    context: { server, why: cause.message },
    hint: isUntrusted
      ? '--tls-ca FILE names the authority that its certificate comes from'
      : 'is the server running? (duckhouse serve)',
    cause,
  });
}

interface CallOptions {
  readonly signal: AbortSignal | undefined;
  /** A client certificate was shown and nothing heard since: a server that does not trust it closes without a word. */
  readonly refused: () => boolean;
}

function createCall(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  { signal, refused }: CallOptions,
): ClientCall {
  const stream = requestStream(session, headers);
  let trailers: Readonly<Record<string, unknown>> | undefined;
  let failure: unknown;
  let pendingWrites = 0;
  let room: (() => void) | undefined;
  let settleHeaders: (headers: Readonly<Record<string, unknown>>) => void = () => undefined;
  const responseHeaders = new Promise<Readonly<Record<string, unknown>>>((resolve) => (settleHeaders = resolve));

  stream.on('response', (response) => {
    settleHeaders(response);
    if (response['grpc-status'] !== undefined) trailers = response;
    if (response[':status'] !== 200)
      failure = new DuckhouseError(
        'Unavailable',
        `the server answered with HTTP status ${response[':status']}: it is no Flight server`,
      );
  });
  stream.on('trailers', (received) => {
    trailers = received;
    room?.();
  });
  stream.on('error', (error) => {
    failure ??= error;
    room?.();
  });
  stream.on('close', () => {
    settleHeaders({});
    room?.();
  });
  const cancel = (): void => stream.close(http2.constants.NGHTTP2_CANCEL);
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();

  const outcome = (): unknown => {
    if (signal?.aborted) return toDuckhouseError(signal.reason);
    if (trailers !== undefined) return errorOfTrailers(trailers);
    if (isDuckhouseError(failure)) return failure;
    if (certificateWanted.test((failure as NodeJS.ErrnoException | undefined)?.code ?? ''))
      return clientUntrusted(failure as Error);
    if (refused()) return certificateRefused(failure);
    return new DuckhouseError('Unavailable', 'the connection broke off', { id: 'connection-lost', cause: failure });
  };

  const over = (): boolean => stream.destroyed || stream.closed || trailers !== undefined;
  const stillWanted = (): boolean => {
    if (!over()) return true;
    const error = outcome();
    if (error !== undefined) throw error;
    return false;
  };

  return {
    responseHeaders,
    cancel,
    half: () => void stream.end(),
    async send(framed, done) {
      if (over()) {
        done?.();
        return stillWanted();
      }
      pendingWrites++;
      stream.write(framed, () => {
        pendingWrites--;
        done?.();
        room?.();
      });
      while (pendingWrites >= maxPendingWrites && !over()) await new Promise<void>((resolve) => (room = resolve));
      return stillWanted();
    },
    messages: () => readMessages(stream, outcome, () => signal?.removeEventListener('abort', cancel)),
  };
}

/** A connection may end between two calls. Nothing was sent then. */
function requestStream(session: ClientHttp2Session, headers: OutgoingHttpHeaders): ClientHttp2Stream {
  try {
    return session.request(headers);
  } catch (cause) {
    throw new DuckhouseError('Unavailable', 'the connection has ended', { id: 'connection-ended', cause });
  }
}

async function* readMessages(
  stream: ClientHttp2Stream,
  outcome: () => unknown,
  onDone: () => void,
): AsyncGenerator<AssembledMessage> {
  const queue: AssembledMessage[] = [];
  let queuedBytes = 0;
  let closed = false;
  let failure: unknown;
  let wake: (() => void) | undefined;
  const notify = (): void => wake?.();
  const assembler = createAssembler({
    maxMessageBytes,
    onMessage(message) {
      queue.push(message);
      queuedBytes += message.bytes.byteLength;
    },
  });
  stream.on('data', (chunk: Buffer) => {
    try {
      assembler.push(chunk);
    } catch (error) {
      failure ??= error;
    }
    if (queuedBytes > maxQueuedBytes) stream.pause();
    notify();
  });
  stream.on('close', () => {
    closed = true;
    notify();
  });
  if (stream.closed) closed = true;
  try {
    for (;;) {
      const message = queue.shift();
      if (message !== undefined) {
        queuedBytes -= message.bytes.byteLength;
        if (queuedBytes <= maxQueuedBytes / 2 && stream.isPaused()) stream.resume();
        yield message;
      } else if (failure !== undefined) throw failure;
      else if (closed) {
        const error = outcome();
        if (error !== undefined) throw error;
        return;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    onDone();
    for (const message of queue.splice(0)) message.release();
    if (!stream.closed) stream.close(http2.constants.NGHTTP2_CANCEL);
  }
}
