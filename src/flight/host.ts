import http2, {
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from '../log.ts';
import { createServerCall, type ServerCall } from './grpc/server-call.ts';
import type { FlightLimits, TlsOptions } from './types.ts';

export interface FlightServer {
  /** Takes a connection that another process has accepted. */
  acceptConnection(socket: Socket): void;
  /** Listens itself; resolves with the port. */
  listen(host: string, port: number): Promise<number>;
  openCalls(): number;
  /** Refuses new calls with UNAVAILABLE and waits for the running ones, `ms` at most. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface HostState {
  /** No new work is taken; what runs may finish. */
  readonly draining: () => boolean;
}

export interface FlightHostOptions {
  /** Answers one call and ends it, whatever happens. */
  readonly serve: (call: ServerCall, state: HostState) => Promise<void>;
  readonly limits: FlightLimits;
  readonly log: Logger;
  readonly tls?: TlsOptions | undefined;
  /** Called when the connections are closed. */
  readonly onClose?: () => Promise<void>;
}

/** A stream's and a connection's window: large enough that a round trip never stalls a load, small enough to bound its memory. */
const streamWindow = 8 << 20;
const sessionWindow = 32 << 20;
const maxFrameSize = 1 << 20;
const maxConcurrentStreams = 1000;

/** gRPC over HTTP/2 for whatever answers the calls. */
export function createFlightHost(options: FlightHostOptions): FlightServer {
  const { serve, limits, log, onClose } = options;
  let draining = false;
  let openCalls = 0;
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(options, limits.maxHeaderListSize);

  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(sessionWindow);
    session.on('error', (error) => log.debug('flight connection failed', { error: error.message }));
    session.on('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => undefined); // said by the session itself
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const { maxMessageBytes, putIdleMs: idleMs } = limits;
    const call = createServerCall({ stream, headers, maxMessageBytes, idleMs });
    openCalls++;
    void serve(call, { draining: () => draining }).finally(() => openCalls--);
  });

  return {
    acceptConnection(socket) {
      socket.setNoDelay(true);
      server.emit('connection', socket);
    },
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    openCalls: () => openCalls,
    async drain(ms) {
      draining = true;
      const deadline = Date.now() + ms;
      const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
      while (openCalls > 0 && Date.now() < deadline) await wait();
      // A call that has ended may still be on its way out: its connection closes when all of it is sent.
      while (sessions.size > 0 && Date.now() < deadline) {
        for (const session of sessions) session.close();
        await wait();
      }
    },
    async close() {
      draining = true;
      for (const session of sessions) session.destroy();
      await onClose?.();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function createServer({ tls }: FlightHostOptions, maxHeaderListSize: number): Http2Server | Http2SecureServer {
  const http = {
    settings: { initialWindowSize: streamWindow, maxFrameSize, maxConcurrentStreams, maxHeaderListSize },
    maxSendHeaderBlockLength: maxHeaderListSize,
    maxSessionMemory: 1000,
  };
  if (tls === undefined) return http2.createServer(http);
  const { cert, key, clientCa } = tls;
  return http2.createSecureServer({
    ...http,
    cert,
    key,
    minVersion: 'TLSv1.2',
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
}
