import type { Socket } from 'node:net';
import type { TlsOptions as SecureOptions } from 'node:tls';
import type { Logger } from '../log.ts';
import { createServerCall, type ServerCall } from './grpc/server-call.ts';
import { createHttp2Server } from './http2/server.ts';
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
const connectionWindow = 32 << 20;
const maxFrameSize = 1 << 20;
const maxConcurrentStreams = 1000;

/** gRPC over HTTP/2 for whatever answers the calls. */
export function createFlightHost({ serve, limits, log, tls, onClose }: FlightHostOptions): FlightServer {
  let draining = false;
  let openCalls = 0;
  const { maxMessageBytes, maxHeaderListSize, putIdleMs: idleMs } = limits;
  const server = createHttp2Server({
    limits: { streamWindow, connectionWindow, maxFrameSize, maxConcurrentStreams, maxHeaderListSize },
    tls: tls === undefined ? undefined : secureOptions(tls),
    onStream(stream, connection) {
      const call = createServerCall({ stream, connection, maxMessageBytes, idleMs });
      openCalls++;
      void serve(call, { draining: () => draining }).finally(() => openCalls--);
    },
    onError: (error) => log.debug('flight connection failed', { error: error.message }),
  });

  return {
    acceptConnection: server.accept,
    listen: server.listen,
    openCalls: () => openCalls,
    async drain(ms) {
      draining = true;
      const deadline = Date.now() + ms;
      const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
      while (openCalls > 0 && Date.now() < deadline) await wait();
      // A call that has ended may still be on its way out: its connection closes when all of it is sent.
      while (server.connections() > 0 && Date.now() < deadline) {
        server.closeConnections();
        await wait();
      }
    },
    async close() {
      draining = true;
      server.destroyConnections();
      await onClose?.();
      await server.close();
    },
  };
}

const secureOptions = ({ cert, key, clientCa }: TlsOptions): SecureOptions => ({
  cert,
  key,
  minVersion: 'TLSv1.2',
  ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
});
