/** Finds and reads the files of a package. Paths in nodes have forward slashes, relative to the package. */

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { sha256 } from '../hash.ts';
import type { FileChecksum } from '../manifest-types.ts';
import { entryOf } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { checkWithin } from '../within.ts';
import { FolderListings } from './folder-listings.ts';
import type { FoundFile } from './found-file.ts';

export type { FoundFile };

export interface PackageFiles {
  readonly models: readonly FoundFile[];
  readonly snapshots: readonly FoundFile[];
  readonly analyses: readonly FoundFile[];
  readonly singularTests: readonly FoundFile[];
  readonly genericTests: readonly FoundFile[];
  readonly macros: readonly FoundFile[];
  readonly seeds: readonly FoundFile[];
  readonly docs: readonly FoundFile[];
  readonly schemas: readonly FoundFile[];
  readonly fixtures: readonly FoundFile[];
  readonly functions: readonly FoundFile[];
}

/** `within`: the only folder whose files may be read; `listings`: what earlier looks found. */
export function findPackageFiles(
  project: DbtProject,
  within?: string,
  listings: FolderListings = new FolderListings(),
): PackageFiles {
  const ignored = readIgnore(project.root);
  for (const folder of project.assetPaths) checkWithin(within, path.join(project.root, folder));
  const walked = new Map<string, readonly FoundFile[]>();
  const below = (folder: string): readonly FoundFile[] => {
    return entryOf(walked, folder, () =>
      walk(project, folder, { within, listings }).filter((file) => !ignored(file.original)),
    );
  };
  const search = (folders: readonly string[], ...extensions: string[]): FoundFile[] =>
    [...new Set(folders)].flatMap((folder) => below(folder).filter(({ extension }) => extensions.includes(extension)));
  // A folder that is named twice has its resources twice, which dbt refuses.
  const again = (folders: readonly string[], ...extensions: string[]): FoundFile[] =>
    new Set(folders).size === folders.length
      ? search(folders, ...extensions)
      : folders.flatMap((folder) => search([folder], ...extensions));
  const inTests = (name: string): string[] => project.testPaths.map((folder) => `${folder}/${name}`);
  const everywhere = allSourcePaths(project);
  return {
    models: again(project.modelPaths, '.py', '.sql'),
    snapshots: again(project.snapshotPaths, '.sql'),
    analyses: again(project.analysisPaths, '.sql'),
    singularTests: again(project.testPaths, '.sql').filter(({ relative }) => !/^(generic|fixtures)\//.test(relative)),
    genericTests: search(inTests('generic'), '.sql'),
    macros: again(project.macroPaths, '.sql'),
    seeds: again(project.seedPaths, '.csv'),
    docs: search(project.docsPaths, '.md'),
    schemas: search(everywhere, '.yml', '.yaml'),
    fixtures: search(inTests('fixtures'), '.csv', '.sql'),
    functions: search(project.functionPaths, '.py', '.js', '.sql'),
  };
}

/** Every folder that may hold resources, without repetition. */
export const allSourcePaths = (project: DbtProject): string[] => [
  ...new Set([
    ...project.modelPaths,
    ...project.seedPaths,
    ...project.snapshotPaths,
    ...project.analysisPaths,
    ...project.macroPaths,
    ...project.testPaths,
    ...project.functionPaths,
  ]),
];

interface WalkOptions {
  readonly within: string | undefined;
  readonly listings: FolderListings;
}

function walk(project: DbtProject, folder: string, { within, listings }: WalkOptions): FoundFile[] {
  const found: FoundFile[] = [];
  const prefix = `${path.posix.join(folder)}/`.replace(/^\.\/|\/(?=\/$)/g, '');
  const root = path.resolve(project.root, folder);
  checkWithin(within, root);
  const visit = (relative: string): void => {
    const absolute = path.join(root, relative);
    const place = relative === '' ? '' : `${relative}/`;
    const entries = listings.entriesOf(`${project.name}:${folder}:${absolute}`, absolute, (entry) => {
      if (entry.isSymbolicLink()) checkWithin(within, path.join(absolute, entry.name));
      if (entry.isDirectory()) return { name: entry.name, file: undefined };
      if (/^[.#~]/.test(entry.name) || !(entry.isFile() || isFile(path.join(absolute, entry.name)))) return undefined;
      const below = `${place}${entry.name}`;
      const file = {
        packageName: project.name,
        folder,
        relative: below,
        original: `${prefix}${below}`,
        absolute: `${absolute}/${entry.name}`,
        extension: path.extname(entry.name).toLowerCase(),
      };
      return { name: entry.name, file };
    });
    for (const { name, file } of entries)
      if (file === undefined) visit(`${place}${name}`);
      else found.push(file);
  };
  visit('');
  return found;
}

const isFile = (absolute: string): boolean => statSync(absolute, { throwIfNoEntry: false })?.isFile() === true;

/** Patterns of `.dbtignore`, which are those of `.gitignore`. */
function readIgnore(root: string): (original: string) => boolean {
  let text: string;
  try {
    text = readFileSync(path.join(root, '.dbtignore'), 'utf8');
  } catch {
    return () => false; // most projects have none
  }
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ negated: line.startsWith('!'), form: ignoreForm(line.replace(/^!/, '')) }));
  return (original) => rules.reduce((hidden, { negated, form }) => (form.test(original) ? !negated : hidden), false);
}

function ignoreForm(pattern: string): RegExp {
  const anchored = pattern.replace(/\/$/, '').includes('/');
  const body = pattern
    .replace(/^\//, '')
    .replace(/\/$/, '')
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('**/', '\0')
    .replaceAll('**', '\x01')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('\0', '(?:.*/)?')
    .replaceAll('\x01', '.*');
  return new RegExp(`^${anchored ? '' : '(?:.*/)?'}${body}(?:/.*)?$`);
}

/** The text without white space around it, as every node keeps it. */
export function readText(file: FoundFile): string {
  if (file.text !== undefined) return strip(file.text);
  try {
    return strip(readFileSync(file.absolute, 'utf8'));
  } catch (cause) {
    throw new DuckhouseError('NotFound', `cannot read ${file.original}: ${(cause as Error).message}`, {
      cause,
      context: { path: file.original },
    });
  }
}

const whiteSpace = /[^\S\ufeff]+/g;

/** Runs of white space count as one space, so that reformatting alone changes no checksum. */
export const textChecksum = (text: string): FileChecksum => ({
  name: 'sha256',
  checksum: sha256(strip(text.replace(whiteSpace, ' '))),
});

/** Without white space around it; a byte order mark is none, as in Python. */
const strip = (text: string): string => text.replace(/^[^\S\ufeff]+|[^\S\ufeff]+$/g, '');

/** Seeds above `limitMib` are known by their path only; 0 = no limit. */
export function seedChecksum(file: FoundFile, limitMib: number): FileChecksum {
  const { size } = statSync(file.absolute);
  if (limitMib !== 0 && size > limitMib * 1024 * 1024) return { name: 'path', checksum: file.original };
  return { name: 'sha256', checksum: sha256(strip(readFileSync(file.absolute, 'utf8').replaceAll('\r\n', '\n'))) };
}
