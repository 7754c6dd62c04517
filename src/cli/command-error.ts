import { DuckhouseError, type ErrorKind, toDuckhouseError } from '../errors.ts';
import { replaced } from '../version.ts';

interface Meaning {
  readonly kind: ErrorKind;
  readonly id: string;
  readonly message: string;
}

const denied: Meaning = { kind: 'PermissionDenied', id: 'path-denied', message: 'no permission for' };
const full: Meaning = { kind: 'ResourceExhausted', id: 'path-full', message: 'no space left for' };
const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  ENOSPC: full,
  EDQUOT: full,
  ENOENT: { kind: 'NotFound', id: 'path-missing', message: 'there is no' },
  EISDIR: { kind: 'InvalidArgument', id: 'path-is-folder', message: 'not a file but a folder:' },
  ENOTDIR: { kind: 'InvalidArgument', id: 'path-no-folder', message: 'not a folder:' },
};

/** What a command failed with: an error of the file system names the path and what is wrong with it. */
export function toCommandError(error: unknown): DuckhouseError {
  const { code, path, url } = (error ?? {}) as NodeJS.ErrnoException & { readonly url?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' && url?.startsWith(ownFolder)) return replaced(error);
  const meaning = meanings[code ?? ''];
  // A failed write names no file.
  if (meaning === full && path === undefined)
    return new DuckhouseError('ResourceExhausted', 'no space left on the disk', { id: 'no-space', cause: error });
  if (meaning === undefined || path === undefined) return toDuckhouseError(error);
  const { kind, id, message } = meaning;
  return new DuckhouseError(kind, `${message} ${path}`, { id, context: { path }, cause: error });
}

const ownFolder = new URL('..', import.meta.url).href;
