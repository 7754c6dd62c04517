import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { lockFileIn, lockHolder, lockText } from '../config/index.ts';
import { DuckhouseError, isDuckhouseError, toDuckhouseError } from '../errors.ts';

/** Takes the workspace's lock; the result gives it back. AlreadyExists, with the holder's pid, when a server runs there. */
export function lockWorkspace(stateDir: string): () => void {
  const file = lockFileIn(stateDir);
  const own = `${file}.${process.pid}`;
  try {
    mkdirSync(stateDir, { recursive: true });
  } catch (error) {
    throw notWritable(stateDir, error);
  }
  try {
    writeFileSync(own, lockText(process.pid));
    while (!take(own, file)) {
      const holder = lockHolder(stateDir);
      if (holder !== undefined) throw inUse(holder);
      removeStale(stateDir);
    }
  } catch (error) {
    throw isDuckhouseError(error) ? error : notWritable(stateDir, error);
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(file, { force: true });
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** The lock appears whole, or not at all when there is one. */
function take(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    return write(own, file); // a file system without links
  }
}

function write(own: string, file: string): boolean {
  try {
    writeFileSync(file, readFileSync(own), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moved away first: of several processes that find it stale, one removes it and none a lock that was taken since. */
function removeStale(stateDir: string): void {
  const file = lockFileIn(stateDir);
  const away = `${file}.stale.${process.pid}`;
  try {
    const stale = readFileSync(file, 'utf8');
    renameSync(file, away);
    if (readFileSync(away, 'utf8') !== stale) linkSync(away, file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  } finally {
    rmSync(away, { force: true });
  }
}

function notWritable(folder: string, cause: unknown): DuckhouseError {
  const full = codeOf(cause) === 'ENOSPC';
  return new DuckhouseError(
    full ? 'ResourceExhausted' : 'PermissionDenied',
    `cannot write in folder ${folder}: ${toDuckhouseError(cause).message}`,
    {
      id: full ? 'disk-full' : 'folder-denied',
      context: { folder },
      cause,
    },
  );
}

function inUse(pid: number): DuckhouseError {
  return new DuckhouseError('AlreadyExists', `a server runs in this workspace already (pid ${pid})`, {
    id: 'server-running',
    context: { pid },
    hint: 'use it, or stop it first',
  });
}
