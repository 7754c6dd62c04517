/** The package list of a project: packages.yml, or `packages` of dependencies.yml. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import { checkPackageEntry } from './package-entry.ts';
import { readYaml } from './render.ts';

export interface PackageList {
  readonly file: string;
  readonly packages: readonly Dict[];
  /** Names of projects whose public models may be used, from dependencies.yml. */
  readonly projects: readonly Dict[];
}

export function readPackageList(root: string): PackageList | undefined {
  const [packages, dependencies] = ['packages.yml', 'dependencies.yml'].map((name) => readList(path.join(root, name)));
  if (packages?.content.packages !== undefined && dependencies?.content.packages !== undefined)
    throw new DuckhouseError(
      'DataInvalid',
      `packages are listed twice: in ${packages.file} and in ${dependencies.file}`,
      {
        hint: 'keep one of the two lists',
      },
    );
  if (
    packages !== undefined &&
    !Object.hasOwn(packages.content, 'packages') &&
    Object.keys(packages.content).length > 0
  )
    throw new DuckhouseError('DataInvalid', `${packages.file}: there is no 'packages' in it`, {
      context: { path: packages.file },
    });
  const found = packages ?? dependencies;
  if (found === undefined) return undefined;
  const listed = dicts(found.content.packages ?? dependencies?.content.packages, found.file);
  for (const [i, entry] of listed.entries()) checkPackageEntry(entry, path.basename(found.file), i + 1);
  return {
    file: found.file,
    packages: listed,
    projects: dicts(dependencies?.content.projects, found.file),
  };
}

function readList(file: string): { readonly file: string; readonly content: Dict } | undefined {
  if (!existsSync(file)) return undefined;
  const content = readYaml(readFileSync(file, 'utf8'), file) ?? {};
  if (!isDict(content))
    throw new DuckhouseError('DataInvalid', `${file}: must hold a dictionary with 'packages'`, {
      context: { path: file },
    });
  return { file, content };
}

function dicts(value: unknown, file: string): Dict[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isDict)) return value;
  throw new DuckhouseError('DataInvalid', `${file}: the list of packages must be a list of dictionaries`, {
    context: { path: file },
  });
}
