/**
 * The server's side of HTTP/2 (RFC 9113 and 7541), as much of it as gRPC needs. This file accepts, `connection.ts` reads frames,
 * `sender.ts` shares the socket among the streams, `stream.ts` is one request and its response.
 */
import net, { type AddressInfo, type Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { type Connection, type ConnectionLimits, createConnection } from './connection.ts';
import type { ServerStream } from './stream.ts';

/** The connection a stream came by. */
export interface PeerConnection {
  readonly address: string;
  /** Common name of the client's certificate, which was verified. */
  readonly certificate: string | undefined;
  onClose(listener: () => void): void;
}

export interface Http2ServerOptions {
  readonly limits: ConnectionLimits;
  /** Without it connections are not encrypted. */
  readonly tls?: tls.TlsOptions | undefined;
  readonly onStream: (stream: ServerStream, peer: PeerConnection) => void;
  readonly onError: (error: Error) => void;
}

export interface Http2Server {
  /** Takes a connection that was accepted elsewhere. */
  accept(socket: Socket): void;
  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number>;
  connections(): number;
  /** No more streams; each connection ends when its last stream has. */
  closeConnections(): void;
  destroyConnections(): void;
  /** Listens no more. */
  close(): Promise<void>;
}

export function createHttp2Server({ limits, tls: secure, onStream, onError }: Http2ServerOptions): Http2Server {
  const connections = new Set<Connection>();

  const serve = (socket: Socket): void => {
    const closeListeners: (() => void)[] = [];
    const peer: PeerConnection = {
      address: socket.remoteAddress ?? 'unknown',
      certificate: certificateOf(socket),
      onClose: (listener) => void closeListeners.push(listener),
    };
    socket.setNoDelay(true);
    const connection = createConnection({
      socket,
      limits,
      onStream: (stream) => onStream(stream, peer),
      onError,
      onClose() {
        connections.delete(connection);
        for (const listener of closeListeners) listener();
      },
    });
    connections.add(connection);
  };

  const server = secure === undefined ? net.createServer(serve) : secureServer(secure, serve);
  server.on('error', onError);

  return {
    accept: (socket) => void server.emit('connection', socket),
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    connections: () => connections.size,
    closeConnections() {
      for (const connection of connections) connection.close();
    },
    destroyConnections() {
      for (const connection of connections) connection.destroy();
    },
    async close() {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function secureServer(options: tls.TlsOptions, serve: (socket: Socket) => void): tls.Server {
  const server = tls.createServer({ ...options, ALPNProtocols: ['h2'] }, serve);
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return server;
}

function certificateOf(socket: Socket): string | undefined {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (authorized !== true) return undefined;
  const { CN: name } = getPeerCertificate?.call(socket).subject ?? {};
  return Array.isArray(name) ? name[0] : name;
}
