import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { DuckhouseError } from '../errors.ts';

export type ConnectionKind = 'flight' | 'http';

export interface Listener {
  readonly kind: ConnectionKind;
  readonly port: number;
  close(): void;
}

/** Accepts connections without reading from them; `onConnection` hands them on. A taken port is an error that names it. */
export function listen(address: { readonly host: string; readonly port: number; readonly kind: ConnectionKind }, onConnection: (kind: ConnectionKind, socket: Socket) => void): Promise<Listener> {
  const { host, port, kind } = address;
  const server: Server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => onConnection(kind, socket));
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, address)));
    server.listen({ host, port, backlog: 1024 }, () => resolve({ kind, port: (server.address() as AddressInfo).port, close: () => void server.close() }));
  });
}

function listenError(error: NodeJS.ErrnoException, { host, port }: { readonly host: string; readonly port: number }): DuckhouseError {
  const busy = error.code === 'EADDRINUSE';
  return new DuckhouseError('Unavailable', busy ? `port ${port} is taken` : `cannot listen on ${host}:${port}: ${error.message}`, {
    ...(busy ? { id: 'port-busy' } : {}),
    context: { host, port },
    hint: busy ? 'choose another one, or 0 for any free one' : 'choose another address',
    cause: error,
  });
}
