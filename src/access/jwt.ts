import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { DuckhouseError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { openJwks } from './jwks.ts';
import { isRole, type Role } from './principal.ts';

export interface JwtOptions {
  /** A file, or an http(s) address, with the JSON Web Key Set of the issuer. */
  readonly jwks: string;
  readonly issuer: string;
  readonly audience: string;
  /** Seconds that clocks may differ. */
  readonly skewSeconds?: number | undefined;
  /** Claim that names the user; default `sub`. */
  readonly nameClaim?: string | undefined;
  /** Claim with the role, a text or a list of texts; default `role`. Dots go into objects. */
  readonly roleClaim?: string | undefined;
  /** Role of tokens without that claim; absent, they are refused. */
  readonly defaultRole?: Role | undefined;
}

export interface JwtVerifier {
  /** Name and role of a token that is good now; Unauthenticated with the reason otherwise. */
  verify(token: string): Promise<{ readonly name: string; readonly role: Role; readonly expiresAt: number }>;
}

interface Algorithm {
  readonly hash: string | null;
  readonly keyType: string;
  readonly curve?: string;
  readonly options?: { readonly dsaEncoding?: 'ieee-p1363'; readonly padding?: number };
}

const ecdsa = { dsaEncoding: 'ieee-p1363' } as const;
/** The signatures taken. `none` and those with a shared secret are not among them. */
const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1', options: ecdsa },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1', options: ecdsa },
  EdDSA: { hash: null, keyType: 'ed25519' },
};

/** A JSON Web Token has a header with the algorithm as the first of three parts. */
export const looksLikeJwt = (token: string): boolean => /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(token);

export function createJwtVerifier(options: JwtOptions, log: Logger): JwtVerifier {
  const keys = openJwks(options.jwks, log);
  return {
    async verify(token) {
      const [head = '', body = '', signature = ''] = token.split('.');
      const header = parsePart(head);
      const algorithm = algorithms[String(header.alg)];
      if (algorithm === undefined) throw refused(`algorithm ${JSON.stringify(header.alg)} is not taken`);
      if (header.crit !== undefined) throw refused('it has a critical extension');
      const found = await keys.find(typeof header.kid === 'string' ? header.kid : undefined);
      const signed = Buffer.from(`${head}.${body}`);
      const good = found.some((key) =>
        fits(key, String(header.alg), signed, { algorithm, signature: Buffer.from(signature, 'base64url') }),
      );
      if (!good) throw refused('its signature is not by a key of the issuer');
      return readClaims(parsePart(body), options);
    },
  };
}

const refused = (why: string): DuckhouseError =>
  new DuckhouseError('Unauthenticated', `the bearer token is not valid: ${why}`, { id: 'token-invalid' });

function parsePart(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (value !== null && typeof value === 'object') return value as Record<string, unknown>;
  } catch {
    // Falls through: no JSON is no token.
  }
  throw refused('it is malformed');
}

interface Signature {
  readonly algorithm: Algorithm;
  readonly signature: Buffer;
}

function fits(jwk: JsonWebKey, alg: string, signed: Buffer, { algorithm, signature }: Signature): boolean {
  if (jwk.alg !== undefined && jwk.alg !== alg) return false;
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  const key = publicKey(jwk);
  if (key?.asymmetricKeyType !== algorithm.keyType) return false;
  if (algorithm.curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== algorithm.curve) return false;
  return verify(algorithm.hash, signed, { key, ...algorithm.options }, signature);
}

function publicKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined; // a key of a kind Node does not know signs nothing here
  }
}

const defaultSkewSeconds = 60;

function readClaims(claims: Readonly<Record<string, unknown>>, options: JwtOptions) {
  const { issuer, audience, skewSeconds = defaultSkewSeconds, nameClaim = 'sub', defaultRole } = options;
  const now = Date.now() / 1000;
  const { iss, aud, exp, nbf } = claims;
  if (iss !== issuer) throw refused(`its issuer is ${JSON.stringify(iss)}, not ${issuer}`);
  if (![aud].flat().includes(audience)) throw refused(`it is not for ${audience}`);
  if (typeof exp !== 'number') throw refused('it does not expire');
  if (exp + skewSeconds <= now)
    throw new DuckhouseError('Unauthenticated', `the bearer token expired at ${new Date(exp * 1000).toISOString()}`, {
      id: 'token-expired',
    });
  if (typeof nbf === 'number' && nbf - skewSeconds > now) throw refused('it is not good yet');
  const name = claimAt(claims, nameClaim);
  if (typeof name !== 'string' || name === '') throw refused(`it has no ${nameClaim}`);
  const role = bestRole([claimAt(claims, options.roleClaim ?? 'role')].flat()) ?? defaultRole;
  if (role === undefined) throw refused('it names no role of this server');
  return { name, role, expiresAt: exp * 1000 };
}

function claimAt(claims: Readonly<Record<string, unknown>>, dotted: string): unknown {
  if (Object.hasOwn(claims, dotted)) return claims[dotted];
  return dotted
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined,
      claims,
    );
}

const byRank: readonly Role[] = ['admin', 'writer', 'reader'];
const bestRole = (names: readonly unknown[]): Role | undefined =>
  byRank.find((role) => names.some((name) => isRole(name) && name === role));
