import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuckhouseError } from '../errors.ts';
import { maybeFormat } from './formats.ts';
import { hivePlace } from './hive.ts';

/** Absolute paths of what the arguments name: files, folders (their data files, sorted) and globs. Errors name what is missing. */
export async function expandFiles(patterns: readonly string[]): Promise<string[]> {
  const found = await Promise.all(patterns.map((pattern) => expand(pattern)));
  return [...new Set(found.flat())];
}

async function expand(pattern: string): Promise<string[]> {
  const entry = await stat(pattern).catch((error: NodeJS.ErrnoException) =>
    error.code === 'EACCES' ? Promise.reject(denied(pattern)) : undefined,
  );
  if (entry?.isDirectory()) return dataFiles(path.resolve(pattern));
  if (entry !== undefined) return [await readable(path.resolve(pattern))];
  if (/[*?[]/.test(pattern)) return glob(pattern);
  throw new DuckhouseError('NotFound', `file ${pattern} does not exist`, {
    id: 'file-missing',
    context: { file: pattern },
  });
}

const denied = (file: string): DuckhouseError =>
  new DuckhouseError('PermissionDenied', `no permission to read ${file}`, { id: 'file-denied', context: { file } });

async function readable(file: string): Promise<string> {
  return access(file, constants.R_OK).then(
    () => file,
    () => Promise.reject(denied(file)),
  );
}

/** The folder's data files, its subfolders' too; hidden ones and other files are left out. */
async function dataFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => Promise.reject(error.code === 'EACCES' ? denied(folder) : error),
  );
  const files = entries.filter(
    (entry) => entry.isFile() && !entry.name.startsWith('.') && maybeFormat(entry.name) !== undefined,
  );
  return Promise.all(
    files
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map(readable),
  );
}

async function glob(pattern: string): Promise<string[]> {
  const absolute = path.resolve(pattern);
  const fixed = absolute.split(path.sep).findIndex((part) => /[*?[]/.test(part));
  const root = absolute.split(path.sep).slice(0, fixed).join(path.sep) || path.sep;
  const wanted = globExpression(absolute);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []); // a root that is not there matches nothing
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => wanted.test(file));
  if (files.length === 0)
    throw new DuckhouseError('NotFound', `no files match ${pattern}`, { id: 'no-files', context: { pattern } });
  return Promise.all(files.sort().map(readable));
}

/** `*` and `?` stay inside a folder, `**` does not. */
function globExpression(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?|\*|\?|\[[^\]]*\]|[.+^${}()|\\]/g, (token) => {
    if (token.startsWith('**')) return '(?:.*/)?';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return token.startsWith('[') ? token : `\\${token}`;
  });
  return new RegExp(`^${source}$`);
}

/** A name for a load: the same content, table and options give the same one. */
export async function loadIdOf(
  files: readonly string[],
  { salt, signal }: { readonly salt: unknown; readonly signal: AbortSignal },
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(salt));
  for (const file of files) {
    hash.update(`\0${hivePlace(file)?.keys ?? ''}`);
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, signal })) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
