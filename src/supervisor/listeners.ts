import net, { type AddressInfo, type Socket } from 'node:net';
import { DuckhouseError } from '../errors.ts';
import { pidListeningOn } from './port-holder.ts';
import type { ConnectionKind } from './protocol.ts';

export interface Listener {
  readonly kind: ConnectionKind;
  readonly port: number;
  close(): void;
}

export interface ListenOptions {
  readonly kind: ConnectionKind;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Given connections nothing has been read from. */
  readonly onConnection: (kind: ConnectionKind, socket: Socket) => void;
}

const backlog = 1024;

/** Accepts connections without reading from them. Unavailable when the port is taken, with the pid of its holder where that can be seen. */
export function listen(options: ListenOptions): Promise<Listener> {
  const { kind, host, port, onConnection } = options;
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => onConnection(kind, socket));
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options))); // after listening: one connection less
    server.listen({ host, port, backlog }, () =>
      resolve({ kind, port: (server.address() as AddressInfo).port, close: () => void server.close() }),
    );
  });
}

function listenError(error: NodeJS.ErrnoException, { host, port }: ListenOptions): DuckhouseError {
  if (error.code !== 'EADDRINUSE') {
    const denied = error.code === 'EACCES';
    return new DuckhouseError(
      denied ? 'PermissionDenied' : 'Unavailable',
      `cannot listen on ${host}:${port}: ${error.message}`,
      {
        context: { host, port },
        hint: denied ? 'choose a port above 1023' : 'choose another address',
        cause: error,
      },
    );
  }
  const pid = pidListeningOn(port);
  return new DuckhouseError(
    'Unavailable',
    pid === undefined ? `port ${port} is taken` : `port ${port} is taken by process ${pid}`,
    {
      id: pid === undefined ? 'port-busy' : 'port-busy-by',
      context: { host, port, ...(pid === undefined ? {} : { pid }) },
      hint: 'choose another one, or 0 for any free one',
      cause: error,
    },
  );
}
