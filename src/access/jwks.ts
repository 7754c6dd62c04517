import type { JsonWebKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { DuckhouseError } from '../errors.ts';

type NamedKey = JsonWebKey & { readonly kid?: string };

/** The keys of an issuer, kept and read again when they may have changed. */
export interface KeySet {
  /** The key of that id, or all when none is given. */
  find(kid: string | undefined): Promise<readonly NamedKey[]>;
}

const keptMs = 600_000;
/** An unknown key asks for the set again, this often at most. */
const againMs = 10_000;
const fetchTimeoutMs = 5000;
const maxBytes = 1 << 20;

export function openJwks(source: string): KeySet {
  const remote = /^https?:\/\//.test(source);
  let keys: readonly NamedKey[] = [];
  let readAt = 0;
  let version = '';

  const refresh = async (): Promise<void> => {
    if (remote) keys = parseKeys(await download(source), source);
    else {
      const stat = statSync(source, { throwIfNoEntry: false });
      const now = `${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`;
      if (now !== version) keys = parseKeys(readText(source), source);
      version = now;
    }
    readAt = Date.now();
  };
  const matching = (kid: string | undefined): readonly NamedKey[] =>
    kid === undefined ? keys : keys.filter((key) => key.kid === kid);

  return {
    async find(kid) {
      const age = Date.now() - readAt;
      if (!remote || age > keptMs || (matching(kid).length === 0 && age > againMs)) await refresh();
      return matching(kid);
    },
  };
}

const unavailable = (source: string, why: string, cause?: unknown): DuckhouseError =>
  new DuckhouseError('Unavailable', `the key set ${source} cannot be read: ${why}`, {
    id: 'jwks-unavailable',
    context: { source, why },
    cause,
  });

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unavailable(file, (error as NodeJS.ErrnoException).code ?? 'unreadable', error);
  }
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(fetchTimeoutMs), redirect: 'error' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const text = await response.text();
    if (text.length > maxBytes) throw new Error('it is too large');
    return text;
  } catch (error) {
    throw unavailable(url, (error as Error).message, error);
  }
}

function parseKeys(text: string, source: string): readonly NamedKey[] {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    if (Array.isArray(keys)) return keys as NamedKey[];
  } catch {
    // Falls through to the error below: no JSON.
  }
  throw unavailable(source, 'it is no JSON Web Key Set');
}
