import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from '../log.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface MonitorOptions {
  readonly readiness: () => Promise<Readiness>;
  readonly version: () => object;
  /** Prometheus text. */
  readonly metrics: () => string;
  readonly log: Logger;
}

export interface Monitor {
  /** Takes a connection that another process has accepted. */
  acceptConnection(socket: Socket): void;
  /** Listens itself; resolves with the port. */
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A connection that is silent for this long is closed: Node's own limits hold only for a server that listens itself. */
const idleMs = 30_000;
const maxHeaderBytes = 16 << 10;

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

const routes: Readonly<Record<string, (options: MonitorOptions) => Promise<Answer> | Answer>> = {
  '/livez': () => json(200, { live: true }),
  '/readyz': async ({ readiness }) => {
    const state = await readiness();
    return json(state.ready ? 200 : 503, state);
  },
  '/version': ({ version }) => json(200, version()),
  '/metrics': ({ metrics }) => ({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: metrics() }),
};

/** `/livez`, `/readyz`, `/version` and `/metrics`; nothing else, and nothing but GET and HEAD. */
export function createMonitor(options: MonitorOptions): Monitor {
  const sockets = new Set<Socket>();
  const server = http.createServer(
    { maxHeaderSize: maxHeaderBytes },
    (request, response) => void serve(options, request, response),
  );
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    acceptConnection: (socket) => void server.emit('connection', socket),
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        if (server.listening) server.close(() => resolve());
        else resolve();
      }),
  };
}

async function serve(options: MonitorOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, body, headers } = await answer(options, request).catch((error: unknown) => {
    options.log.error('probe failed', { path: request.url, error });
    return json(500, { error: 'internal error' });
  });
  request.resume(); // a body is of no interest
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answer(options: MonitorOptions, { url = '/', method }: IncomingMessage): Promise<Answer> {
  const path = url.split('?')[0] as string;
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return json(404, { error: 'not found', paths: Object.keys(routes) });
  if (method !== 'GET' && method !== 'HEAD')
    return { ...json(405, { error: 'only GET' }), headers: { allow: 'GET, HEAD' } };
  return route(options);
}
