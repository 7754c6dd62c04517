/** Serves a folder of artifacts and its page: these files only, for reading, to this machine. */
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream';
import { DuckhouseError } from '../../errors.ts';
import { type DocsPage, docsPage } from './page.ts';

export interface DocsServerOptions {
  /** Absolute. */
  readonly folder: string;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

export interface DocsServer {
  readonly url: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};

const artifacts = new Set([
  'manifest.json',
  'catalog.json',
  'column_lineage.json',
  'run_results.json',
  'sources.json',
  'semantic_manifest.json',
  'osi_document.json',
]);

/** Throws Unavailable when the port is taken. */
export async function serveDocs({ folder, host, port }: DocsServerOptions): Promise<DocsServer> {
  const page = docsPage();
  const server = createServer((request, response) => answer({ folder, host, page }, request, response));
  await listen(server, host, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new DuckhouseError('Unavailable', `documentation cannot be served at ${host}:${port}: ${error.message}`, {
          hint: error.code === 'EADDRINUSE' ? 'choose another port with --port, or 0 for any free one' : undefined,
          cause: error,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}

interface Served {
  readonly folder: string;
  readonly host: string;
  readonly page: DocsPage;
}

function answer({ folder, host, page }: Served, request: IncomingMessage, response: ServerResponse): void {
  const refuse = (status: number, text: string): void => {
    response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(405, 'only for reading');
  }
  // A page elsewhere whose name leads to this machine must not read the project.
  if (!isExpectedHost(request.headers.host, host)) return refuse(421, 'not the name of this server');
  const url = (request.url ?? '/').split('?', 1)[0] as string;
  const send = (type: string, size: number, more: Readonly<Record<string, string>>): boolean => {
    response.writeHead(200, { ...headers, ...more, 'content-type': type, 'content-length': size });
    return request.method === 'GET';
  };
  if (url === '/' || url === '/index.html') {
    const body = Buffer.from(page.html);
    const policy = `${page.policy}; frame-ancestors 'none'`;
    const isWanted = send('text/html; charset=utf-8', body.length, {
      ...pageHeaders,
      'content-security-policy': policy,
    });
    return void response.end(isWanted ? body : undefined);
  }
  const file = fileOf(folder, url);
  if (file === undefined) return refuse(404, 'not found');
  const { size, mtime } = statSync(file);
  const type = types[path.extname(file).toLowerCase()] as string;
  const isWanted = send(type, size, { 'last-modified': mtime.toUTCString(), 'content-security-policy': dataPolicy });
  if (!isWanted || size === 0) return void response.end();
  pipeline(createReadStream(file, { end: size - 1 }), response, () => {});
}

const headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
} as const;

const pageHeaders = { 'x-frame-options': 'DENY', 'cross-origin-opener-policy': 'same-origin' } as const;
/** A picture or an artifact that is opened by itself runs nothing. */
const dataPolicy = `default-src 'none'; style-src 'unsafe-inline'; sandbox`;

const localNames = new Set(['localhost', '127.0.0.1', '[::1]']);

function isExpectedHost(header: string | undefined, host: string): boolean {
  const name = (header ?? '').replace(/:\d+$/, '').toLowerCase();
  const isEverywhere = host === '0.0.0.0' || host === '::';
  return isEverywhere || localNames.has(name) || name === host.toLowerCase() || name === `[${host.toLowerCase()}]`;
}

/** The file a path means: an artifact, or a picture that really lies in the folder. */
function fileOf(folder: string, url: string): string | undefined {
  let name: string;
  try {
    name = decodeURIComponent(url.slice(1));
  } catch {
    return undefined;
  }
  const isPicture = (types[path.extname(name).toLowerCase()] ?? '').startsWith('image/');
  if ((!artifacts.has(name) && !isPicture) || name.includes('\0')) return undefined;
  try {
    const file = realpathSync(path.join(folder, name));
    const isInside = file.startsWith(`${realpathSync(folder)}${path.sep}`);
    return isInside && types[path.extname(file).toLowerCase()] !== undefined && statSync(file).isFile()
      ? file
      : undefined;
  } catch {
    return undefined;
  }
}
