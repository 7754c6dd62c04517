import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Of tokens that are given out, unless a shorter or longer time is set. */
export const defaultLifetimeMs = 24 * 3_600_000;

/** A key that tokens are signed with. The newest one signs; older ones are kept until what they signed has expired. */
interface SigningKey {
  readonly id: string;
  readonly secret: string;
  readonly createdAt: number;
}

export interface KeyRing {
  sign(payload: string): string;
  /** The payload of a token that one of our keys has signed. */
  verify(token: string): string | undefined;
}

export interface KeyRingOptions {
  /** One key for good, e.g. shared by several servers. */
  readonly fixed?: string | undefined;
  /** Where keys are kept, so that tokens outlive the process; without it they end with it. */
  readonly file?: string | undefined;
  /** Fails when a key cannot be kept; without it such a key lives as long as this process. */
  readonly mustKeep?: boolean;
  /** How long a token may be good. */
  readonly tokenLifetimeMs: number;
  /** A key signs for this long. */
  readonly rotateMs?: number | undefined;
}

const defaultRotateMs = 7 * 86_400_000;

/** Signs texts with keys that follow each other. */
export function openKeyRing(options: KeyRingOptions): KeyRing {
  const { fixed, file, tokenLifetimeMs, rotateMs = defaultRotateMs, mustKeep = false } = options;
  let keys: readonly SigningKey[] =
    fixed !== undefined
      ? [{ id: 'fixed', secret: Buffer.from(fixed, 'utf8').toString('base64'), createdAt: Number.POSITIVE_INFINITY }]
      : file === undefined
        ? []
        : readKeys(file);

  const current = (): SigningKey => {
    const now = Date.now();
    const newest = keys[0];
    if (newest !== undefined && now - newest.createdAt < rotateMs) return newest;
    const made: SigningKey = {
      id: randomBytes(4).toString('hex'),
      secret: randomBytes(32).toString('base64'),
      createdAt: now,
    };
    keys = [made, ...keys.filter(({ createdAt }) => now - createdAt < rotateMs + tokenLifetimeMs)];
    if (file !== undefined) keep(file);
    return made;
  };

  const keep = (name: string): void => {
    try {
      writeKeys(name, keys);
    } catch (error) {
      // A full or read-only disk is no reason to turn clients away.
      if (mustKeep) throw error;
    }
  };

  /** Another process of the workspace may have made the key, as that of its owner does. */
  const elsewhere = (id: string): SigningKey | undefined => {
    const written = file === undefined ? [] : readKeys(file);
    if (fixed === undefined && written.length > 0) keys = written;
    return written.find((known) => known.id === id);
  };

  return {
    sign(payload) {
      const key = current();
      const body = `${key.id}~${Buffer.from(payload).toString('base64url')}`;
      return `${body}.${mac(body, key).toString('base64url')}`;
    },
    verify(token) {
      const [body = '', given = ''] = token.split('.');
      const [id = '', payload = ''] = body.split('~');
      const key = keys.find((known) => known.id === id) ?? elsewhere(id);
      if (key === undefined) return undefined;
      const expected = mac(body, key);
      const bytes = Buffer.from(given, 'base64url');
      if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return undefined;
      return Buffer.from(payload, 'base64url').toString('utf8');
    },
  };
}

const mac = (body: string, { secret }: SigningKey): Buffer =>
  createHmac('sha256', Buffer.from(secret, 'base64')).update(body).digest();

function readKeys(file: string): SigningKey[] {
  try {
    const keys = JSON.parse(readFileSync(file, 'utf8')) as SigningKey[];
    return keys.filter(({ id, secret, createdAt }) => `${id}` !== '' && `${secret}`.length > 20 && createdAt > 0);
  } catch {
    return []; // none yet, or damaged: new keys are made, and tokens signed before ask for a new login
  }
}

function writeKeys(file: string, keys: readonly SigningKey[]): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(keys)}\n`, { mode: 0o600 });
    chmodSync(temporary, 0o600);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
