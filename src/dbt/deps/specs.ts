/** Entries of a package list, each of one of four kinds. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isText } from '../plain.ts';

interface Common {
  /** The entry as written, for the lock file. */
  readonly written: Dict;
}

export interface LocalSpec extends Common {
  readonly kind: 'local';
  readonly local: string;
}
export interface GitSpec extends Common {
  readonly kind: 'git';
  readonly git: string;
  /** `git` is then no address but `org/repo` of a git host. */
  readonly isPrivate: boolean;
  readonly provider: string | undefined;
  readonly revision: string | undefined;
  readonly subdirectory: string | undefined;
  readonly warnUnpinned: boolean;
}
export interface TarballSpec extends Common {
  readonly kind: 'tarball';
  readonly tarball: string;
  readonly name: string | undefined;
}
export interface HubSpec extends Common {
  readonly kind: 'hub';
  readonly name: string;
  readonly versions: readonly string[];
  readonly prerelease: boolean;
}
export type PackageSpec = LocalSpec | GitSpec | TarballSpec | HubSpec;

export function packageSpec(entry: Dict, written: Dict, file: string): PackageSpec {
  const { local, git, tarball, package: name, private: own } = entry;
  if (isText(local)) return { kind: 'local', local, written };
  if (isText(git)) return gitSpec(entry, git, written);
  if (isText(own)) return { ...gitSpec(entry, own, written), isPrivate: true };
  if (isText(tarball)) return { kind: 'tarball', tarball, name: isText(entry.name) ? entry.name : undefined, written };
  if (isText(name)) {
    const { version } = entry;
    const versions =
      version === undefined || version === null ? [] : (Array.isArray(version) ? version : [version]).map(String);
    return {
      kind: 'hub',
      name,
      versions: versions.flatMap((one) => one.split(',').map((part) => part.trim())),
      prerelease: entry.install_prerelease === true,
      written,
    };
  }
  throw new DuckhouseError(
    'DataInvalid',
    `${file}: a package needs one of 'package', 'git', 'local', 'private' or 'tarball', unlike ${JSON.stringify(written)}`,
    { context: { path: file } },
  );
}

function gitSpec(entry: Dict, git: string, written: Dict): GitSpec {
  const { revision, subdirectory, provider } = entry;
  return {
    kind: 'git',
    git,
    isPrivate: false,
    provider: isText(provider) ? provider : undefined,
    revision: revision === undefined || revision === null ? undefined : String(revision),
    subdirectory: isText(subdirectory) ? subdirectory : undefined,
    warnUnpinned: entry['warn-unpinned'] !== false && entry.warn_unpinned !== false,
    written,
  };
}

/** The form whose hash tells whether the list has changed since it was locked. */
export function hashForm(spec: PackageSpec): Dict {
  const unrendered = spec.written;
  switch (spec.kind) {
    case 'local':
      return { local: spec.local, unrendered };
    case 'git':
      return {
        ...(spec.isPrivate ? { private: spec.git, provider: spec.provider ?? null } : { git: spec.git }),
        revision: spec.written.revision ?? null,
        subdirectory: spec.subdirectory ?? null,
        unrendered,
        'warn-unpinned': spec.written['warn-unpinned'] ?? null,
      };
    case 'tarball':
      return { name: spec.name ?? null, tarball: spec.tarball, unrendered };
    default:
      return {
        install_prerelease: spec.prerelease,
        package: spec.name,
        unrendered,
        version: spec.written.version ?? null,
      };
  }
}
