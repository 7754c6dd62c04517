/** From a package list to exact packages, those that packages need included. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { md5 } from '../hash.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import { readPackageList } from '../project/packages.ts';
import { type RenderYaml, readProjectText } from '../project/project.ts';
import { readYaml } from '../project/render.ts';
import type { Env } from '../project-types.ts';
import { newestOf } from '../semver.ts';
import { checkOut, inside, masked } from './git.ts';
import type { Hub } from './hub.ts';
import { privateUrl } from './private.ts';
import {
  type GitSpec,
  type HubSpec,
  type LocalSpec,
  type PackageSpec,
  packageSpec,
  type TarballSpec,
} from './specs.ts';
import { unpackTarball } from './tar.ts';

export interface ResolvedPackage {
  /** The project's name: the folder it is installed in. */
  readonly name: string;
  /** The entry of the lock file. */
  readonly lock: Dict;
  /** A folder that holds it; undefined = it is downloaded when it is installed. */
  readonly folder: string | undefined;
  readonly link: boolean;
  readonly tarball: string | undefined;
  readonly label: string;
  /** A later version that the hub has. */
  readonly latest?: string | undefined;
}

export interface ResolveOptions {
  readonly root: string;
  readonly hub: Hub;
  readonly downloads: string;
  readonly render: RenderYaml;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal | undefined;
  /** JSON of the git hosts of private packages. */
  readonly gitHosts?: string | undefined;
  /** Of the git command. */
  readonly env: Env;
}

interface Found {
  readonly resolved: ResolvedPackage;
  readonly needs: readonly PackageSpec[];
}

/** Packages that several lists name are taken once, those of a hub at a version that suits all. */
export async function resolvePackages(
  specs: readonly PackageSpec[],
  options: ResolveOptions,
): Promise<ResolvedPackage[]> {
  const wanted = new Map<string, PackageSpec>();
  const queue = [...specs];
  const found = new Map<string, Found>();
  for (let at = 0; at < queue.length; at++) {
    const spec = queue[at] as PackageSpec;
    const key = keyOf(spec, options.root);
    const earlier = wanted.get(key);
    const merged = incorporate(earlier, spec);
    if (merged === earlier) continue;
    wanted.set(key, merged);
    const one = await resolveOne(merged, options);
    found.set(key, one);
    queue.push(...one.needs);
  }
  const resolved = [...found.values()].map((one) => one.resolved);
  checkNames(resolved);
  return resolved;
}

function checkNames(resolved: readonly ResolvedPackage[]): void {
  for (const { name } of resolved) {
    const same = resolved.filter((one) => one.name === name);
    if (same.length > 1)
      throw new DuckhouseError(
        'AlreadyExists',
        `two packages of the list are named '${name}': ${same.map((one) => one.label).join(' and ')}`,
        { context: { name } },
      );
  }
}

function keyOf(spec: PackageSpec, root: string): string {
  switch (spec.kind) {
    case 'local':
      return `local ${path.resolve(root, spec.local)}`;
    case 'git':
      return `${spec.isPrivate ? 'private' : 'git'} ${spec.git.replace(/\.git$/, '')} ${spec.subdirectory ?? ''}`;
    case 'tarball':
      return `tarball ${spec.tarball}`;
    default:
      return `hub ${spec.name}`;
  }
}

function incorporate(earlier: PackageSpec | undefined, spec: PackageSpec): PackageSpec {
  if (earlier === undefined) return spec;
  if (earlier.kind === 'git' && spec.kind === 'git' && earlier.revision !== spec.revision)
    throw new DuckhouseError(
      'DataInvalid',
      `${masked(spec.git)} is asked for at two revisions: ${earlier.revision ?? 'HEAD'} and ${spec.revision ?? 'HEAD'}`,
    );
  if (earlier.kind !== 'hub' || spec.kind !== 'hub') return earlier;
  const versions = [...new Set([...earlier.versions, ...spec.versions])];
  if (versions.length === earlier.versions.length) return earlier;
  return { ...earlier, versions, prerelease: earlier.prerelease || spec.prerelease };
}

async function resolveOne(spec: PackageSpec, options: ResolveOptions): Promise<Found> {
  switch (spec.kind) {
    case 'local':
      return resolveLocal(spec, options);
    case 'git':
      return resolveGit(spec, options);
    case 'tarball':
      return resolveTarball(spec, options);
    default:
      return resolveHub(spec, options);
  }
}

function resolveLocal(spec: LocalSpec, options: ResolveOptions): Found {
  const folder = path.resolve(options.root, spec.local);
  const name = projectName(folder, `the local package '${spec.local}'`, options.render);
  const needs = needsOf(folder, options).map((need) =>
    need.kind === 'local' ? { ...need, local: path.resolve(folder, need.local) } : need,
  );
  const label = `<local @ ${spec.local}>`;
  return {
    resolved: { name, lock: { local: spec.local, name }, folder, link: true, tarball: undefined, label },
    needs,
  };
}

async function resolveGit(spec: GitSpec, options: ResolveOptions): Promise<Found> {
  const folder = path.join(options.downloads, md5(`${spec.git} ${spec.subdirectory ?? ''}`));
  const url = spec.isPrivate ? privateUrl({ name: spec.git, provider: spec.provider }, options.gitHosts) : spec.git;
  const commit = await checkOut({ url, revision: spec.revision, folder, env: options.env, signal: options.signal });
  if (spec.warnUnpinned && [undefined, 'HEAD', 'main', 'master'].includes(spec.revision))
    options.warn(
      `the git package "${masked(spec.git)}" is not pinned (${spec.revision ?? 'HEAD'}): its contents may change; name a tag or a commit`,
    );
  const project = inside(folder, spec.subdirectory);
  const name = projectName(project, `the git package ${masked(spec.git)}`, options.render);
  const { git, private: own, provider, subdirectory, 'warn-unpinned': unpinned } = spec.written;
  const lock: Dict = spec.isPrivate
    ? { name, private: own, ...(provider === undefined ? {} : { provider }), revision: commit }
    : { git, name, revision: commit };
  if (subdirectory !== undefined) lock.subdirectory = subdirectory;
  if (unpinned !== undefined) lock['warn-unpinned'] = unpinned;
  const label = `revision ${spec.revision ?? 'HEAD'}`;
  return {
    resolved: { name, lock, folder: project, link: false, tarball: undefined, label },
    needs: needsOf(project, options),
  };
}

async function resolveTarball(spec: TarballSpec, options: ResolveOptions): Promise<Found> {
  const folder = await unpackFrom(spec.tarball, options);
  const name = spec.name ?? projectName(folder, `the tarball ${masked(spec.tarball)}`, options.render);
  const lock = { name, tarball: spec.written.tarball };
  const label = `tarball (url: ${masked(spec.tarball)})`;
  return {
    resolved: { name, lock, folder, link: false, tarball: undefined, label },
    needs: needsOf(folder, options),
  };
}

async function resolveHub(spec: HubSpec, options: ResolveOptions): Promise<Found> {
  const versions = await options.hub.versions(spec.name);
  const version = newestOf([...versions.keys()], spec.versions, spec.prerelease);
  const entry = version === undefined ? undefined : versions.get(version);
  if (version === undefined || entry === undefined)
    throw new DuckhouseError(
      'NotFound',
      `package '${spec.name}' has no version that is ${spec.versions.join(' and ')}; it has ${[...versions.keys()].join(', ') || 'none'}`,
      { context: { name: spec.name } },
    );
  return {
    resolved: {
      name: entry.name,
      lock: { name: entry.name, package: spec.name, version },
      folder: undefined,
      link: false,
      tarball: entry.tarball,
      label: `version ${version}`,
      latest: newestOf([...versions.keys()], [], spec.prerelease),
    },
    needs: entry.packages.map((one) => packageSpec(one, one, spec.name)),
  };
}

/** Downloads and unpacks an archive; what stands in its single folder is the package. */
export async function unpackFrom(url: string, options: Pick<ResolveOptions, 'hub' | 'downloads'>): Promise<string> {
  const folder = path.join(options.downloads, md5(url));
  mkdirSync(folder, { recursive: true });
  const tops = unpackTarball(await options.hub.download(url), folder);
  const [top] = tops;
  const isBare = existsSync(path.join(folder, 'dbt_project.yml'));
  return tops.length === 1 && top !== undefined && !isBare ? path.join(folder, top) : folder;
}

function projectName(folder: string, what: string, render: RenderYaml): string {
  if (!existsSync(path.join(folder, 'dbt_project.yml')))
    throw new DuckhouseError('NotFound', `${what} has no dbt_project.yml (${folder})`, { context: { path: folder } });
  const { raw } = readProjectText(folder, readYaml);
  const name = isText(raw.name) ? render(raw.name) : undefined;
  if (isText(name) && /^[^\d\W]\w*$/.test(name)) return name;
  throw new DuckhouseError('DataInvalid', `${what} has no proper name: ${JSON.stringify(raw.name)}`, {
    context: { path: folder },
  });
}

function needsOf(folder: string, { render }: ResolveOptions): PackageSpec[] {
  const list = readPackageList(folder);
  return list === undefined ? [] : list.packages.map((one) => packageSpec(renderEntry(one, render), one, list.file));
}

export function renderEntry(entry: Dict, render: RenderYaml): Dict {
  const visit = (value: unknown): unknown => {
    if (isText(value)) return render(value);
    if (Array.isArray(value)) return value.map(visit);
    return isDict(value) ? renderEntry(value, render) : value;
  };
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, visit(value)]));
}
