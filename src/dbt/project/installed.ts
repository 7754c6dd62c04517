/** The packages that are installed, which have to be those that are listed. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { type PackageList, readPackageList } from './packages.ts';
import { readYaml } from './render.ts';

export const lockName = 'package-lock.yml';

/** Every folder counts, but for caches of Python. */
export function installedFolders(root: DbtProject): string[] {
  const folder = path.resolve(root.root, root.packagesInstallPath);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('__'))
    .map((name) => path.join(folder, name))
    .filter((one) => statSync(one, { throwIfNoEntry: false })?.isDirectory() === true)
    .sort();
}

/** A project that has more or fewer packages than are locked, or listed where nothing is locked, cannot be parsed. */
export function checkInstalled(root: DbtProject, folders: readonly string[]): void {
  const listed = readPackageList(root.root);
  const locked = lockedPackages(root.root);
  const [packages, file] = locked.length > 0 ? [locked, lockName] : [listed?.packages ?? [], fileOf(listed)];
  const installed = new Set(folders.map((folder) => path.parse(folder).name));
  if (packages.length > installed.size) throw missing(root, packages, { installed, file });
  if (packages.length < installed.size) throw unlisted(root, packages, { installed, file });
}

const fileOf = (list: PackageList | undefined): string => path.basename(list?.file ?? 'packages.yml');

function lockedPackages(folder: string): readonly Dict[] {
  const file = path.join(folder, lockName);
  if (!existsSync(file)) return [];
  const content = readYaml(readFileSync(file, 'utf8'), file);
  if (content === null || content === undefined) return [];
  if (isDict(content) && Array.isArray(content.packages)) return content.packages.filter(isDict);
  throw new DuckhouseError('DataInvalid', `${file}: must hold a list of packages`, {
    context: { path: file },
    hint: 'run: duckhouse dbt deps',
  });
}

interface Difference {
  readonly installed: ReadonlySet<string>;
  readonly file: string;
}

const namesOf = (packages: readonly Dict[]): string[] => packages.flatMap(({ name }) => (isText(name) ? [name] : []));

function missing(root: DbtProject, packages: readonly Dict[], { installed, file }: Difference): DuckhouseError {
  const count = packages.length;
  const listed = count === 1 ? '1 package is' : `${count} packages are`;
  const there = installed.size === 0 ? 'none' : `only ${installed.size}`;
  const names = namesOf(packages).filter((name) => !installed.has(name));
  const which = names.length > 0 && installed.size > 0 ? `: ${names.join(', ')} missing` : '';
  return new DuckhouseError(
    'NotFound',
    `${listed} listed in ${file}, but ${there} installed in ${root.packagesInstallPath}${which}`,
    {
      id: 'dbt-packages-missing',
      context: { file, count, installed: installed.size, folder: root.packagesInstallPath },
      hint: 'run: duckhouse dbt deps',
    },
  );
}

function unlisted(root: DbtProject, packages: readonly Dict[], { installed, file }: Difference): DuckhouseError {
  const names = namesOf(packages);
  const extra = [...installed].filter((name) => !names.includes(name));
  const count = packages.length;
  return new DuckhouseError(
    'DataInvalid',
    `${root.packagesInstallPath} has ${installed.size === 1 ? '1 package' : `${installed.size} packages`} (${extra.slice(0, 10).join(', ')}), but ${file} lists ${count === 0 ? 'none' : count}`,
    {
      id: 'dbt-packages-unlisted',
      context: { file, count, installed: installed.size, folder: root.packagesInstallPath },
      hint: 'run: duckhouse dbt deps',
    },
  );
}
