import { createHmac, randomBytes } from 'node:crypto';
import { DuckhouseError } from '../errors.ts';
import { type Logger, silentLogger } from '../log.ts';
import { type Accounts, findApiToken, type User, watchAccounts } from './accounts.ts';
import { createJwtVerifier, type JwtOptions, looksLikeJwt } from './jwt.ts';
import { defaultLifetimeMs, openKeyRing } from './key-ring.ts';
import { hashPassword, sameText, verifyPassword } from './passwords.ts';
import type { Principal, Role } from './principal.ts';
import { signToken, type TokenClaims, verifyToken } from './signed-token.ts';
import { createSlowDown, createTurnstile } from './slow-down.ts';

export interface AuthenticatorOptions {
  /** False: everybody has to say who they are though there is no account, as beyond the loopback address when the last one is removed. */
  readonly open?: boolean | undefined;
  /** An administrator by configuration. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Bearer tokens of administrators, accepted as they are. */
  readonly tokens?: readonly string[] | undefined;
  /** Users and static tokens, read again when the file changes. */
  readonly usersFile?: string | undefined;
  readonly jwt?: JwtOptions | undefined;
  /** Told why the keys of JWT cannot be had. */
  readonly log?: Logger | undefined;
  /** Role of whoever has a certificate of the authority and is no user of the file. */
  readonly certificateRole?: Role | undefined;
  /** What our tokens are signed with; else keys of `tokenKeyFile`, else of this process alone. */
  readonly tokenKey?: string | undefined;
  readonly tokenKeyFile?: string | undefined;
  /** How long the tokens given out are good. */
  readonly tokenLifetimeMs?: number | undefined;
}

/** What a caller shows. */
export interface Credentials {
  /** The header of that name. */
  readonly authorization?: string | undefined;
  /** Common name of a client certificate that was verified. */
  readonly certificate?: string | undefined;
  /** Address the failures are counted for. */
  readonly peer: string;
}

export interface Authenticator {
  /** False when nobody needs to say who they are. */
  readonly required: boolean;
  /** Who calls. Unauthenticated when what is shown is missing, wrong or expired; slowed after failures of a peer. */
  authenticate(credentials: Credentials): Promise<Principal>;
  authenticatePassword(username: string, password: string, peer: string): Promise<Principal>;
  /** A signed bearer token for the principal, and for a session when one is named. */
  issueToken(principal: Principal, options?: { readonly session?: string | undefined }): string;
  /** A new token for who came with one of ours that has lived for more than half its time; undefined for others. */
  renewToken(principal: Principal): string | undefined;
}

/** A token may be renewed until the last proof is this many lifetimes old. */
const maxLifetimes = 7;
const rememberPasswordMs = 300_000;
const maxRememberedPasswords = 1000;
/** Tries that are computed at the same time: each takes memory and a thread. */
const maxTries = 4;

/** Without any account everybody is an administrator, unless it may not be `open`. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { password, tokens = [], tokenLifetimeMs: lifetimeMs = defaultLifetimeMs, certificateRole } = options;
  const username = options.username ?? 'admin';
  const keys = openKeyRing({ fixed: options.tokenKey, file: options.tokenKeyFile, tokenLifetimeMs: lifetimeMs });
  const accounts = watchAccounts(options.usersFile);
  const jwt = options.jwt === undefined ? undefined : createJwtVerifier(options.jwt, options.log ?? silentLogger);
  const configured = password !== undefined || tokens.length > 0 || jwt !== undefined || certificateRole !== undefined;
  const required = (): boolean =>
    options.open === false || configured || accounts().users.length > 0 || accounts().tokens.length > 0;
  const slowDown = createSlowDown();
  const checkUser = createPasswordCheck(accounts);
  const renewable = new WeakMap<Principal, TokenClaims>();

  const refuse = async (peer: string, error: DuckhouseError): Promise<never> => {
    slowDown.failed(peer);
    await slowDown.after(peer);
    throw error;
  };

  const checkPassword = async (name: string, given: string, peer: string): Promise<Principal> => {
    if (!checkUser.knows(name, given)) await slowDown.before(peer);
    // Both are compared always, so that the time tells nothing about either.
    const nameFits = sameText(name, username);
    const passwordFits = sameText(given, password ?? randomBytes(16).toString('hex'));
    if (password !== undefined && nameFits && passwordFits) return { name: username, role: 'admin', via: 'password' };
    const role = await checkUser.roleOf(name, given);
    if (role !== undefined) return { name, role, via: 'password', account: 'user' };
    slowDown.failed(peer);
    throw wrongPassword();
  };

  const ownToken = (token: string): Principal => {
    const claims = verifyToken(keys, token);
    const { name, role, via, account, session, validUntil } = claims;
    const principal = { name, role: standingOf(accounts(), claims) ?? role, via, account, session, validUntil };
    renewable.set(principal, claims);
    return principal;
  };

  const checkToken = async (token: string, peer: string): Promise<Principal> => {
    if (tokens.map((known) => sameText(token, known)).includes(true))
      return { name: username, role: 'admin', via: 'token' };
    const known = findApiToken(accounts(), token);
    try {
      if (known !== undefined) return apiPrincipal(known);
      if (jwt === undefined || !looksLikeJwt(token)) return ownToken(token);
      const { name, role, expiresAt } = await jwt.verify(token);
      return { name, role, via: 'jwt', validUntil: expiresAt };
    } catch (error) {
      if (error instanceof DuckhouseError && error.kind === 'Unavailable') throw error; // no fault of the caller's
      return refuse(peer, error as DuckhouseError);
    }
  };

  /** Old ODBC drivers put the rest of their connection string into the user's name. */
  const packed = /^([^:{}]*)\};PWD=\{(.*?)\}?:?$/is;
  const checkBasic = (value: string, peer: string): Promise<Principal> => {
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) return refuse(peer, unauthenticated('malformed basic credentials', 'credentials-wrong'));
    const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
    const both = packed.exec(text);
    return checkPassword(both?.[1] ?? name, both?.[2] ?? password, peer);
  };

  const checkCertificate = (name: string, peer: string): Principal | Promise<never> => {
    const user = accounts().users.find((known) => known.name === name);
    const role = user?.role ?? certificateRole;
    if (role === undefined) return refuse(peer, unauthenticated(`there is no user ${name}`, 'credentials-wrong'));
    return { name, role, via: 'certificate', ...(user === undefined ? {} : { account: 'user' }) };
  };

  return {
    get required() {
      return required();
    },
    async authenticate({ authorization, certificate, peer }) {
      if (!required()) return { name: certificate ?? 'anonymous', role: 'admin', via: 'open' };
      const [scheme = '', value = ''] = (authorization ?? '').split(/ (.*)/s);
      if (scheme.toLowerCase() === 'bearer') return checkToken(value, peer);
      if (scheme.toLowerCase() === 'basic') return checkBasic(value, peer);
      if (certificate !== undefined) return checkCertificate(certificate, peer);
      return refuse(peer, unauthenticated('no credentials were given', 'credentials-missing'));
    },
    authenticatePassword: async (name, given, peer) =>
      required() ? checkPassword(name, given, peer) : { name: 'anonymous', role: 'admin', via: 'open' },
    issueToken: (principal, { session = principal.session } = {}) =>
      signToken(keys, { ...principal, session }, { lifetimeMs }),
    renewToken(principal) {
      const claims = renewable.get(principal);
      const now = Date.now();
      if (claims === undefined || now - claims.issuedAt < (claims.expiresAt - claims.issuedAt) / 2) return undefined;
      if (now - claims.provenAt > maxLifetimes * lifetimeMs) return undefined;
      return signToken(keys, principal, { lifetimeMs, provenAt: claims.provenAt });
    },
  };
}

const unauthenticated = (message: string, id: string): DuckhouseError =>
  new DuckhouseError('Unauthenticated', message, { id, hint: 'give --username and a password or a token' });
const wrongPassword = (): DuckhouseError => unauthenticated('wrong user name or password', 'credentials-wrong');
const revoked = (): DuckhouseError =>
  new DuckhouseError('Unauthenticated', 'the bearer token is not valid any more', { id: 'token-invalid' });

/** The role the account behind a token has now; Unauthenticated when it is gone or has changed its password since. */
function standingOf({ users, tokens }: Accounts, { name, account, issuedAt }: TokenClaims): Role | undefined {
  if (account === undefined) return undefined;
  if (account !== 'user') return apiPrincipal(tokens.find(({ id }) => id === account) ?? raise(revoked())).role;
  const user = users.find((known) => known.name === name);
  if (user === undefined || Date.parse(user.changedAt) > issuedAt) throw revoked();
  return user.role;
}

function raise(error: DuckhouseError): never {
  throw error;
}

function apiPrincipal({ id, name, role, expiresAt }: Accounts['tokens'][number]): Principal {
  const validUntil = expiresAt === undefined ? undefined : Date.parse(expiresAt);
  if (validUntil !== undefined && validUntil <= Date.now())
    throw new DuckhouseError('Unauthenticated', `the bearer token expired at ${expiresAt}`, { id: 'token-expired' });
  return { name, role, via: 'token', account: id, validUntil };
}

/** Checks passwords of users. A right one is remembered for a while: many clients send it with every call. */
function createPasswordCheck(accounts: () => Accounts) {
  const secret = randomBytes(32);
  const remembered = new Map<string, number>();
  const enter = createTurnstile(maxTries);
  let nobody: Promise<string> | undefined;

  const keyOf = (name: string, password: string, hash: string): string =>
    createHmac('sha256', secret)
      .update(JSON.stringify([name, password, hash]))
      .digest('base64');
  const remember = (key: string): void => {
    for (const [known, at] of remembered) {
      if (Date.now() - at < rememberPasswordMs && remembered.size < maxRememberedPasswords) break;
      remembered.delete(known);
    }
    remembered.set(key, Date.now());
  };

  const isRemembered = (key: string): boolean => Date.now() - (remembered.get(key) ?? 0) < rememberPasswordMs;
  const find = (name: string): User | undefined => accounts().users.find((known) => known.name === name);

  return {
    /** Whether the password was right a short while ago. */
    knows(name: string, password: string): boolean {
      const hash = find(name)?.passwordHash;
      return hash !== undefined && isRemembered(keyOf(name, password, hash));
    },
    async roleOf(name: string, password: string): Promise<Role | undefined> {
      if (accounts().users.length === 0) return undefined;
      const user = find(name);
      // An unknown name takes as long as a wrong password.
      nobody ??= hashPassword(randomBytes(16).toString('hex'));
      const hash = user?.passwordHash ?? (await nobody);
      const key = keyOf(name, password, hash);
      if (isRemembered(key)) return user?.role;
      if (!(await enter(() => verifyPassword(password, hash))) || user?.passwordHash === undefined) return undefined;
      remember(key);
      return user.role;
    },
  };
}
