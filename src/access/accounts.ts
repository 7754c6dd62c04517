import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DuckhouseError, nearestNames } from '../errors.ts';
import { hashPassword } from './passwords.ts';
import { isRole, type Role } from './principal.ts';

export interface User {
  readonly name: string;
  readonly role: Role;
  /** Absent: the user comes with a certificate only. */
  readonly passwordHash?: string | undefined;
  readonly createdAt: string;
  /** Tokens given out before this are void. */
  readonly changedAt: string;
}

/** A static bearer token; what it is stays with who made it. */
export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly sha256: string;
  readonly createdAt: string;
  readonly expiresAt?: string | undefined;
}

/** The accounts of a workspace, as its users file holds them. */
export interface Accounts {
  readonly users: readonly User[];
  readonly tokens: readonly ApiToken[];
}

const none: Accounts = { users: [], tokens: [] };
const tokenPrefix = 'dh_';

/** The accounts in the file; none when there is no file. */
export function readAccounts(file: string): Accounts {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none;
    throw new DuckhouseError('InvalidArgument', `cannot read the users file ${file}`, {
      id: 'file-denied',
      context: { file },
      cause: error,
    });
  }
  return parseAccounts(text, file);
}

function parseAccounts(text: string, file: string): Accounts {
  const wrong = (what: string): DuckhouseError =>
    new DuckhouseError('DataInvalid', `the users file ${file} is damaged: ${what}`, {
      id: 'users-file-damaged',
      context: { file, what },
    });
  let value: Partial<Accounts>;
  try {
    value = JSON.parse(text) as Partial<Accounts>;
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const { users = [], tokens = [] } = value ?? {};
  const bad = [...users, ...tokens].find(({ name, role }) => typeof name !== 'string' || !isRole(role));
  if (bad !== undefined) throw wrong(`an entry named ${JSON.stringify(bad.name)} has role ${JSON.stringify(bad.role)}`);
  return { users, tokens };
}

/** Whole or not at all, readable by its owner only. */
export function writeAccounts(file: string, accounts: Accounts): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(accounts, undefined, 2)}\n`, { mode: 0o600 });
    chmodSync(temporary, 0o600);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

const lockWaitMs = 5000;
const staleLockMs = 10_000;

/** Reads, changes and writes the accounts; two commands at once follow each other. */
export async function updateAccounts(
  file: string,
  change: (accounts: Accounts) => Accounts | Promise<Accounts>,
): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const unlock = await lockFile(`${file}.lock`);
  try {
    writeAccounts(file, await change(readAccounts(file)));
  } finally {
    unlock();
  }
}

async function lockFile(lock: string): Promise<() => void> {
  for (const deadline = Date.now() + lockWaitMs; ; await pause(20)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const left = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (left > staleLockMs) rmSync(lock, { force: true });
      else if (Date.now() > deadline)
        throw new DuckhouseError('Unavailable', `another command holds ${lock}`, {
          id: 'users-file-locked',
          context: { file: lock },
          hint: 'try again, or remove it when no command runs',
        });
    }
  }
}

/** The accounts of a file that somebody else may change: read again when it has changed, looked at once a second at most. */
export function watchAccounts(file: string | undefined): () => Accounts {
  let seen = '';
  let lookedAt = 0;
  let accounts = none;
  return () => {
    if (file === undefined || Date.now() - lookedAt < lookEveryMs) return accounts;
    lookedAt = Date.now();
    const stat = statSync(file, { throwIfNoEntry: false });
    const now = stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
    if (now === seen) return accounts;
    accounts = readAccounts(file);
    seen = now;
    return accounts;
  };
}
const lookEveryMs = 500;

/** A certificate's common name may have spaces; what comes before a colon is the name in basic credentials. */
const namePattern = /^(?!\s)[^\p{Cc}:"\\]{1,128}(?<!\s)$/u;

/** With a new user; AlreadyExists when the name is taken. */
export async function addUser(
  accounts: Accounts,
  user: { name: string; role: Role; password?: string | undefined },
): Promise<Accounts> {
  const { name, role, password } = user;
  if (!namePattern.test(name))
    throw new DuckhouseError(
      'InvalidArgument',
      `"${name}" cannot be a user name: no colons and quotes, no space at its ends`,
      {
        id: 'user-name',
        context: { name },
      },
    );
  if (accounts.users.some((known) => known.name === name))
    throw new DuckhouseError('AlreadyExists', `user ${name} exists already`, { id: 'user-exists', context: { name } });
  const now = new Date().toISOString();
  const passwordHash = password === undefined ? undefined : await hashPassword(checkPassword(password));
  const added: User = {
    name,
    role,
    createdAt: now,
    changedAt: now,
    ...(passwordHash === undefined ? {} : { passwordHash }),
  };
  return { ...accounts, users: [...accounts.users, added] };
}

/** With another password of a user, which voids the tokens given out to it. */
export async function changePassword(accounts: Accounts, name: string, password: string): Promise<Accounts> {
  const user = findUser(accounts, name);
  const changed: User = {
    ...user,
    passwordHash: await hashPassword(checkPassword(password)),
    changedAt: new Date().toISOString(),
  };
  return { ...accounts, users: accounts.users.map((known) => (known.name === name ? changed : known)) };
}

export function removeUser(accounts: Accounts, name: string): Accounts {
  findUser(accounts, name);
  return { ...accounts, users: accounts.users.filter((known) => known.name !== name) };
}

const leastPasswordLength = 8;

function checkPassword(password: string): string {
  if (password.length >= leastPasswordLength) return password;
  throw new DuckhouseError('InvalidArgument', `a password has ${leastPasswordLength} characters or more`, {
    id: 'password-short',
    context: { least: leastPasswordLength },
  });
}

function findUser({ users }: Accounts, name: string): User {
  const user = users.find((known) => known.name === name);
  if (user !== undefined) return user;
  const candidates = nearestNames(
    name,
    users.map((known) => known.name),
  );
  throw new DuckhouseError('NotFound', `there is no user ${name}`, {
    id: 'user-not-found',
    context: { name, candidates },
  });
}

/** A new static token; its text is told here and never again. */
export function createApiToken({
  name,
  role,
  days,
}: Pick<ApiToken, 'name' | 'role'> & { readonly days?: number | undefined }): {
  readonly token: ApiToken;
  readonly text: string;
  readonly addTo: (accounts: Accounts) => Accounts;
} {
  const id = randomBytes(6).toString('hex');
  const text = `${tokenPrefix}${id}_${randomBytes(32).toString('base64url')}`;
  const now = Date.now();
  const token: ApiToken = {
    id,
    name,
    role,
    sha256: sha256(text),
    createdAt: new Date(now).toISOString(),
    ...(days === undefined ? {} : { expiresAt: new Date(now + days * 86_400_000).toISOString() }),
  };
  return { token, text, addTo: (accounts) => ({ ...accounts, tokens: [...accounts.tokens, token] }) };
}

export function revokeApiToken(accounts: Accounts, id: string): Accounts {
  if (accounts.tokens.some((token) => token.id === id))
    return { ...accounts, tokens: accounts.tokens.filter((token) => token.id !== id) };
  const candidates = nearestNames(
    id,
    accounts.tokens.map((token) => token.id),
  );
  throw new DuckhouseError('NotFound', `there is no token ${id}`, {
    id: 'token-not-found',
    context: { name: id, candidates },
  });
}

/** The static token a text is, expired or not. A token is random: a plain hash of it cannot be guessed back. */
export function findApiToken({ tokens }: Accounts, text: string): ApiToken | undefined {
  if (!text.startsWith(tokenPrefix)) return undefined;
  const hash = sha256(text);
  return tokens.find((token) => token.sha256 === hash);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
