/** The monitor room: health, version and metrics over HTTP. It knows nothing of Flight. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface MonitorOptions {
  readonly readiness: () => Promise<Readiness>;
  readonly version: () => object;
  /** Prometheus text. */
  readonly metrics: () => string;
}

export interface Monitor {
  acceptConnection(socket: Socket): void;
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const json = (status: number, value: unknown): Answer => ({ status, type: 'application/json', body: `${JSON.stringify(value)}\n` });

/** `/livez`, `/readyz`, `/version` and `/metrics`; nothing else. */
export function createMonitor({ readiness, version, metrics }: MonitorOptions): Monitor {
  const routes: Readonly<Record<string, () => Promise<Answer> | Answer>> = {
    '/livez': () => json(200, { live: true }),
    '/readyz': async () => {
      const state = await readiness();
      return json(state.ready ? 200 : 503, state);
    },
    '/version': () => json(200, version()),
    '/metrics': () => ({ status: 200, type: 'text/plain; version=0.0.4', body: metrics() }),
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const route = routes[(request.url ?? '/').split('?')[0] as string];
    const allowed = request.method === 'GET' || request.method === 'HEAD';
    const answer = route === undefined ? json(404, { error: 'not found' }) : allowed ? await route() : json(405, { error: 'only GET' });
    response.writeHead(answer.status, { 'content-type': answer.type, 'cache-control': 'no-store', ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}) });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  };
  const server = http.createServer((request, response) => {
    handle(request, response).catch(() => response.writeHead(500).end()); // a broken probe must not take the process down
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
        server.closeAllConnections();
        if (server.listening) server.close(() => resolve());
        else resolve();
      }),
  };
}
