/** The shape of an entry of a package list: what each kind of package may say. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';

type Check = (value: unknown) => boolean;
/** Says which entry is wrong, not what is in it: addresses may hold tokens. */
type Wrong = (what: string) => DuckhouseError;

const isString: Check = (value) => typeof value === 'string';
const isSwitch: Check = (value) => value === null || typeof value === 'boolean';
const isVersion: Check = (value) => typeof value === 'string' || typeof value === 'number';
const optional =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined || check(value);
const isVersions: Check = (value) =>
  isVersion(value) || (Array.isArray(value) && value.length > 0 && value.every(isVersion));

const git: Readonly<Record<string, Check>> = {
  revision: optional(isVersion),
  'warn-unpinned': isSwitch,
  subdirectory: optional(isString),
};

/** Keys beside `name` and the one that names the kind. */
const kinds: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  local: {},
  git,
  private: { ...git, provider: optional(isString) },
  tarball: {},
  package: { version: isVersions, install_prerelease: isSwitch },
};

/** Refuses an entry that no kind of package could have. */
export function checkPackageEntry(entry: Dict, file: string, position: number): void {
  const wrong = (what: string): DuckhouseError =>
    new DuckhouseError('DataInvalid', `${file}: package ${position} ${what}`, { context: { path: file } });
  const found = Object.keys(kinds).filter((kind) => entry[kind] !== undefined);
  const [kind] = found;
  if (kind === undefined || found.length > 1)
    throw wrong("needs one of 'package', 'git', 'local', 'private' and 'tarball'");
  if (!isString(entry[kind]) || (entry[kind] === '' && kind !== 'private')) throw wrong(`has no text for '${kind}'`);
  if (kind === 'tarball' && !isString(entry.name)) throw wrong("is a tarball and needs a 'name'");
  if (kind === 'package') checkHubEntry(entry, wrong);
  checkKeys(entry, kind, wrong);
}

function checkHubEntry(entry: Dict, wrong: Wrong): void {
  if (!isVersions(entry.version)) throw wrong("is of the hub and needs a 'version'");
  if (!String(entry.package).includes('/'))
    throw wrong('is of the hub and needs a namespace, such as dbt-labs/dbt_utils');
}

function checkKeys(entry: Dict, kind: string, wrong: Wrong): void {
  const known: Readonly<Record<string, Check>> = { name: optional(isString), unrendered: () => true, ...kinds[kind] };
  for (const [key, value] of Object.entries(entry)) {
    if (key === kind) continue;
    const check = Object.hasOwn(known, key) ? known[key] : undefined;
    if (check === undefined) throw wrong(`knows no '${key}' (it may have: ${listOf(known)})`);
    if (!check(value)) throw wrong(`takes no ${JSON.stringify(value)} for '${key}'`);
  }
}

const listOf = (known: object): string =>
  Object.keys(known)
    .filter((key) => key !== 'unrendered')
    .join(', ');
