import type { HeaderField } from './static-table.ts';

/** Names in lower case; values of the same name joined. */
export type IncomingHeaders = Readonly<Record<string, string | undefined>>;

/** One header and not a list: of several the first counts. */
const single = new Set(['authorization', 'content-length', 'content-type', 'grpc-timeout', 'user-agent', 'host']);
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
const pseudo = new Set([':method', ':scheme', ':path', ':authority']);

/** The headers of a request, or undefined where they break RFC 9113, sections 8.2 and 8.3. */
export function requestHeaders(fields: readonly HeaderField[]): IncomingHeaders | undefined {
  const headers: Record<string, string | undefined> = Object.create(null);
  let regular = false;
  for (const { name, value } of fields) {
    if (name.charCodeAt(0) === 58) {
      if (regular || !pseudo.has(name) || headers[name] !== undefined) return undefined;
    } else if (!isRegular(name, value)) return undefined;
    else regular = true;
    add(headers, name, value);
  }
  const complete =
    headers[':method'] !== undefined && headers[':scheme'] !== undefined && (headers[':path'] ?? '') !== '';
  return complete ? headers : undefined;
}

/** Trailers have regular fields only. */
export const areTrailers = (fields: readonly HeaderField[]): boolean =>
  fields.every(({ name, value }) => isRegular(name, value));

function isRegular(name: string, value: string): boolean {
  if (name === '' || name.startsWith(':') || ofConnection.has(name)) return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code <= 32 || code >= 127 || (code >= 65 && code <= 90)) return false;
  }
  return name !== 'te' || value === 'trailers';
}

function add(headers: Record<string, string | undefined>, name: string, value: string): void {
  const present = headers[name];
  if (present === undefined) headers[name] = value;
  else if (!single.has(name)) headers[name] = `${present}${name === 'cookie' ? '; ' : ', '}${value}`;
}
