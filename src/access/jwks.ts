import type { JsonWebKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { DuckhouseError } from '../errors.ts';
import type { Logger } from '../log.ts';

type NamedKey = JsonWebKey & { readonly kid?: string };

/** The keys of an issuer, kept and read again when they may have changed. */
export interface KeySet {
  /** The key of that id, or all when none is given. */
  find(kid: string | undefined): Promise<readonly NamedKey[]>;
}

const keptMs = 600_000;
/** An unknown key, or a set that could not be had, is asked for again this often at most. */
const againMs = 10_000;
/** An issuer that does not answer is no reason to refuse those whose keys are known, this long. */
const staleMs = 3_600_000;
const fetchTimeoutMs = 5000;
const maxBytes = 1 << 20;

const isRemote = (source: string): boolean => /^https?:\/\//.test(source);

export function openJwks(source: string, log: Logger): KeySet {
  return isRemote(source) ? remoteKeys(source, log) : fileKeys(source, log);
}

const matching = (keys: readonly NamedKey[], kid: string | undefined): readonly NamedKey[] =>
  kid === undefined ? keys : keys.filter((key) => key.kid === kid);

function fileKeys(file: string, log: Logger): KeySet {
  let keys: readonly NamedKey[] = [];
  let version = '';
  return {
    async find(kid) {
      const stat = statSync(file, { throwIfNoEntry: false });
      const now = `${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`;
      if (now !== version) keys = await told(file, log, () => readKeySet(file));
      version = now;
      return matching(keys, kid);
    },
  };
}

function remoteKeys(url: string, log: Logger): KeySet {
  let keys: readonly NamedKey[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    keys = await told(url, log, async () => parseKeys(await download(url), url));
    readAt = Date.now();
  };
  /** Those who come meanwhile wait for the same answer. */
  const ask = (): Promise<void> => {
    askedAt = Date.now();
    asking ??= refresh().finally(() => {
      asking = undefined;
    });
    return asking;
  };

  return {
    async find(kid) {
      const age = Date.now() - readAt;
      const isKnown = matching(keys, kid).length > 0;
      const mayAsk = asking !== undefined || Date.now() - askedAt > againMs;
      if ((age > keptMs || !isKnown) && mayAsk)
        await ask().catch((error: unknown) => {
          if (!isKnown || age > staleMs) throw error;
        });
      else if (age > staleMs) throw unavailable();
      return matching(keys, kid);
    },
  };
}

/** Whoever calls is told no more than that it failed, the log says what. */
async function told<T>(source: string, log: Logger, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    log.warn('key set unreadable', { source, why: (error as Error).message });
    throw unavailable(error);
  }
}

const unavailable = (cause?: unknown): DuckhouseError =>
  new DuckhouseError('Unavailable', 'the keys that tokens are checked with cannot be had', {
    id: 'jwks-unavailable',
    cause,
  });

const unreadable = (source: string, why: string, cause?: unknown): DuckhouseError =>
  new DuckhouseError('InvalidArgument', `the key set ${source} cannot be read: ${why}`, {
    id: 'jwks-unreadable',
    context: { source, why },
    cause,
  });

/** InvalidArgument unless the source is a file with a key set; an address is asked when a token comes. */
export function checkKeySet(source: string): void {
  if (!isRemote(source)) readKeySet(source);
}

function readKeySet(file: string): readonly NamedKey[] {
  try {
    return parseKeys(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof DuckhouseError) throw error;
    throw unreadable(file, (error as NodeJS.ErrnoException).code ?? 'unreadable', error);
  }
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(fetchTimeoutMs), redirect: 'error' });
  if (!response.ok) throw unreadable(url, `status ${response.status}`);
  const text = await response.text();
  if (text.length > maxBytes) throw unreadable(url, 'it is too large');
  return text;
}

function parseKeys(text: string, source: string): readonly NamedKey[] {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    if (Array.isArray(keys)) return keys.filter((key) => key !== null && typeof key === 'object') as NamedKey[];
  } catch {
    // Falls through to the error below: no JSON.
  }
  throw unreadable(source, 'it is no JSON Web Key Set');
}
