import { DuckhouseError, type ErrorKind, toDuckhouseError } from '../errors.ts';

interface Meaning {
  readonly kind: ErrorKind;
  readonly id: string;
  readonly message: string;
}

const denied: Meaning = { kind: 'PermissionDenied', id: 'path-denied', message: 'no permission for' };
const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  ENOSPC: { kind: 'ResourceExhausted', id: 'path-full', message: 'no space left for' },
  EDQUOT: { kind: 'ResourceExhausted', id: 'path-full', message: 'no space left for' },
  ENOENT: { kind: 'NotFound', id: 'path-missing', message: 'there is no' },
  EISDIR: { kind: 'InvalidArgument', id: 'path-is-folder', message: 'not a file but a folder:' },
  ENOTDIR: { kind: 'InvalidArgument', id: 'path-no-folder', message: 'not a folder:' },
};

/** What a command failed with: an error of the file system names the path and what is wrong with it. */
export function toCommandError(error: unknown): DuckhouseError {
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  const meaning = code === undefined || path === undefined ? undefined : meanings[code];
  if (meaning === undefined) return toDuckhouseError(error);
  const { kind, id, message } = meaning;
  return new DuckhouseError(kind, `${message} ${path}`, { id, context: { path }, cause: error });
}
