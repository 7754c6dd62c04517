import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckhouseError } from '../errors.ts';

export type Role = 'admin';

export interface Principal {
  readonly name: string;
  readonly role: Role;
}

export interface AuthenticatorOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Bearer tokens that are accepted as they are. */
  readonly tokens?: readonly string[] | undefined;
  /** What our tokens are signed with; a random key when absent, so that they end with this process. */
  readonly tokenKey?: string | undefined;
  /** How long the tokens given out are good. */
  readonly tokenLifetimeMs?: number | undefined;
}

export interface Authenticator {
  /** False when nobody needs to say who they are. */
  readonly required: boolean;
  /** Who sends this `authorization` header. Unauthenticated when it is missing, wrong or expired; slowed after failures of `peer`. */
  authenticate(authorization: string | undefined, peer: string): Promise<Principal>;
  authenticatePassword(username: string, password: string, peer: string): Promise<Principal>;
  /** A signed bearer token for the principal. */
  issueToken(principal: Principal): string;
}

const defaultLifetimeMs = 24 * 3_600_000;
const maxDelayMs = 1000;
const rememberFailuresMs = 60_000;

/** Without a password and tokens everybody is an administrator: the server then listens on the loopback address only. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { password, tokens = [], tokenLifetimeMs = defaultLifetimeMs } = options;
  const username = options.username ?? 'admin';
  const key = options.tokenKey === undefined ? randomBytes(32) : Buffer.from(options.tokenKey, 'utf8');
  const required = password !== undefined || tokens.length > 0;
  const admin: Principal = { name: required ? username : 'anonymous', role: 'admin' };
  const failures = createFailureCounter();

  const refuse = async (peer: string, message: string, id: string): Promise<never> => {
    await sleep(failures.add(peer));
    throw new DuckhouseError('Unauthenticated', message, { id, hint: 'give --username and a password or a token' });
  };

  const checkPassword = async (name: string, given: string, peer: string): Promise<Principal> => {
    // Both are compared always, so that the time tells nothing about either.
    const nameFits = sameText(name, username);
    const passwordFits = sameText(given, password ?? randomBytes(16).toString('hex'));
    return nameFits && passwordFits ? admin : refuse(peer, 'wrong user name or password', 'credentials-wrong');
  };

  const checkToken = async (token: string, peer: string): Promise<Principal> => {
    if (tokens.map((known) => sameText(token, known)).includes(true)) return admin;
    const claims = verifyToken(token, key);
    if (claims === undefined) return refuse(peer, 'the bearer token is not valid', 'token-invalid');
    if (claims.expires <= Date.now())
      return refuse(peer, `the bearer token expired at ${new Date(claims.expires).toISOString()}`, 'token-expired');
    return { name: claims.name, role: 'admin' };
  };

  return {
    required,
    async authenticate(authorization, peer) {
      const [scheme = '', value = ''] = (authorization ?? '').split(/ (.*)/s);
      if (!required) return admin;
      if (scheme.toLowerCase() === 'bearer') return checkToken(value, peer);
      if (scheme.toLowerCase() !== 'basic') return refuse(peer, 'no credentials were given', 'credentials-missing');
      const text = Buffer.from(value, 'base64').toString('utf8');
      const colon = text.indexOf(':');
      return colon < 0
        ? refuse(peer, 'malformed basic credentials', 'credentials-wrong')
        : checkPassword(text.slice(0, colon), text.slice(colon + 1), peer);
    },
    authenticatePassword: async (name, given, peer) => (required ? checkPassword(name, given, peer) : admin),
    issueToken: ({ name }) => signToken({ name, expires: Date.now() + tokenLifetimeMs }, key),
  };
}

/** Compares in a time that depends on neither text. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

interface Claims {
  readonly name: string;
  readonly expires: number;
}

const signature = (payload: string, key: Buffer): Buffer => createHmac('sha256', key).update(payload).digest();

function signToken(claims: Claims, key: Buffer): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${payload}.${signature(payload, key).toString('base64url')}`;
}

function verifyToken(token: string, key: Buffer): Claims | undefined {
  const [payload = '', mac = ''] = token.split('.');
  const given = Buffer.from(mac, 'base64url');
  const expected = signature(payload, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
}

/** Milliseconds to wait after a failure: none at first, doubling, a second at most; forgotten after a minute. */
function createFailureCounter() {
  const counts = new Map<string, { readonly count: number; readonly at: number }>();
  return {
    add(peer: string): number {
      const now = Date.now();
      for (const [key, { at }] of counts) if (now - at > rememberFailuresMs) counts.delete(key);
      const count = (counts.get(peer)?.count ?? 0) + 1;
      counts.set(peer, { count, at: now });
      return count <= 3 ? 0 : Math.min(maxDelayMs, 50 * 2 ** (count - 4));
    },
  };
}
