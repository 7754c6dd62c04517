import { DuckhouseError } from '../errors.ts';
import type { KeyRing } from './key-ring.ts';
import { isRole, type Principal, type Proof, type Role } from './principal.ts';

/** What a bearer token of ours says. Times in milliseconds since 1970. */
export interface TokenClaims {
  readonly name: string;
  readonly role: Role;
  readonly via: Proof;
  readonly account?: string | undefined;
  readonly session?: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When the principal last showed what it is: a token may be renewed for so long after it. */
  readonly provenAt: number;
  /** Of a proof that ends, such as a JWT. */
  readonly validUntil?: number | undefined;
}

export interface TokenTimes {
  readonly lifetimeMs: number;
  readonly provenAt?: number | undefined;
}

export function signToken(keys: KeyRing, principal: Principal, { lifetimeMs, provenAt }: TokenTimes): string {
  const { name, role, via, account, session, validUntil } = principal;
  const issuedAt = Date.now();
  const expiresAt = Math.min(issuedAt + lifetimeMs, validUntil ?? Number.POSITIVE_INFINITY);
  const claims: TokenClaims = {
    name,
    role,
    via,
    account,
    session,
    issuedAt,
    expiresAt,
    provenAt: provenAt ?? issuedAt,
    validUntil,
  };
  return keys.sign(JSON.stringify(claims));
}

/** The claims of a token of ours that has not expired. Unauthenticated otherwise. */
export function verifyToken(keys: KeyRing, text: string): TokenClaims {
  const payload = keys.verify(text);
  const claims = payload === undefined ? undefined : parseClaims(payload);
  if (claims === undefined)
    throw new DuckhouseError('Unauthenticated', 'the bearer token is not valid', { id: 'token-invalid' });
  if (claims.expiresAt > Date.now()) return claims;
  throw new DuckhouseError(
    'Unauthenticated',
    `the bearer token expired at ${new Date(claims.expiresAt).toISOString()}`,
    { id: 'token-expired' },
  );
}

function parseClaims(payload: string): TokenClaims | undefined {
  try {
    const claims = JSON.parse(payload) as TokenClaims;
    return typeof claims.name === 'string' && isRole(claims.role) ? claims : undefined;
  } catch {
    return undefined; // signed by us, but for something else
  }
}
