import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckhouseError } from './errors.ts';

/** The version in the package's own package.json. */
export function packageVersion(): string {
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
    if (folder === path.dirname(folder)) return '0.0.0';
  }
}

const loaded = packageVersion();

/**
 * Before a thread loads its code: another version may have been installed in the place of this one while it runs, and the
 * two would not understand each other. Throws Unavailable.
 */
export function checkNotReplaced(): void {
  if (packageVersion() !== loaded) throw replaced();
}

export const replaced = (cause?: unknown): DuckhouseError =>
  new DuckhouseError('Unavailable', 'duckhouse was replaced by another version while it ran', {
    id: 'package-replaced',
    hint: 'run the command again; start a server again',
    cause,
  });
