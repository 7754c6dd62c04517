/** Keeps those who may not reach every file to one folder. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../errors.ts';

/** Refuses a path that leads out of the folder, through links too. No folder: everything may be reached. */
export function checkWithin(folder: string | undefined, file: string): void {
  if (folder === undefined || isWithin(folder, file)) return;
  throw new DuckhouseError('PermissionDenied', `${file} is not in the workspace of the server`, {
    id: 'dbt-outside',
    context: { path: file },
  });
}

export function isWithin(folder: string, file: string): boolean {
  const inside = path.relative(realPath(folder), realPath(file));
  return inside !== '..' && !inside.startsWith(`..${path.sep}`) && !path.isAbsolute(inside);
}

/** Of what is there; the rest of the path is not followed. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const parent = path.dirname(file);
    return parent === file ? file : path.join(realPath(parent), path.basename(file));
  }
}
