/** Installs packages: resolves the list when it has changed since it was locked, then installs what the lock says. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { DuckhouseError } from '../../errors.ts';
import { switchArg, textArg } from '../args.ts';
import { defaultHub, openHub } from '../deps/hub.ts';
import { listHash, lockFile, readLock, writeLock } from '../deps/lock.ts';
import {
  type ResolvedPackage,
  type ResolveOptions,
  renderEntry,
  resolvePackages,
  unpackFrom,
} from '../deps/resolve.ts';
import { type PackageSpec, packageSpec } from '../deps/specs.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import { readPackageList } from '../project/packages.ts';
import { buildProject, type RenderYaml, readProjectText } from '../project/project.ts';
import { earlyRenderer, readYaml } from '../project/render.ts';
import type { CommandContext } from './context.ts';

export async function depsCommand(context: CommandContext): Promise<number> {
  const { args, log, projectDir } = context;
  const added = textArg(args, 'add_package');
  if (added !== undefined) addPackage(context, added);
  const render = rendererOf(context);
  const list = readPackageList(projectDir);
  const specs = (list?.packages ?? []).map((entry) => packageSpec(renderEntry(entry, render), entry, list?.file ?? ''));
  if (specs.length === 0) {
    log.fire({
      name: 'DepsNoPackagesFound',
      code: 'M013',
      level: 'warn',
      msg: '[WARNING]: No packages were found in packages.yml',
    });
    return 0;
  }
  const downloads = mkdtempSync(path.join(tmpdir(), 'duckhouse-deps-'));
  try {
    await installAll(context, specs, { render, downloads });
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
  return 0;
}

const rendererOf = ({ parseFlags, invocationId, startedAt }: CommandContext, lenient = false): RenderYaml =>
  earlyRenderer(
    {
      env: parseFlags.env,
      vars: parseFlags.vars ?? {},
      flags: {},
      secrets: true,
      lenient,
      invocationId,
      runStartedAt: startedAt,
    },
    'packages.yml',
  );

interface InstallParts {
  readonly render: RenderYaml;
  readonly downloads: string;
}

async function installAll(
  context: CommandContext,
  specs: readonly PackageSpec[],
  { render, downloads }: InstallParts,
): Promise<void> {
  const { args, log, projectDir, host } = context;
  const options: ResolveOptions = {
    root: projectDir,
    hub: openHub(host.env.DBT_PACKAGE_HUB_URL || defaultHub, host.signal, (name, now) =>
      context.warn({
        name: 'PackageRedirectDeprecation',
        message: `package '${name}' is '${now}' now`,
        data: { old_name: name, new_name: now },
      }),
    ),
    downloads,
    render,
    env: host.env,
    gitHosts: host.env.DBT_ENV_PRIVATE_GIT_PROVIDER_INFO,
    warn: (message) => log.fire({ name: 'DepsUnpinned', code: 'M018', level: 'warn', msg: `[WARNING]: ${message}` }),
    signal: host.signal,
  };
  const hash = listHash(specs);
  const lock = readLock(projectDir);
  const isFresh = lock?.hash === hash && !switchArg(args, 'upgrade');
  if (!isFresh) {
    const resolved = await resolvePackages(specs, options);
    writeLock(
      projectDir,
      resolved.map((one) => lockEntry(one)),
      hash,
    );
    log.fire({
      name: 'DepsLockUpdating',
      code: 'M016',
      level: 'info',
      msg: `Updating lock file in file path: ${lockFile(projectDir)}`,
    });
    if (switchArg(args, 'lock')) return;
    await install(context, resolved, options);
    return;
  }
  if (switchArg(args, 'lock')) return;
  const locked = lock.packages.map((entry) => packageSpec(renderEntry(entry, render), entry, lockFile(projectDir)));
  await install(context, await resolvePackages(locked, { ...options, warn: () => {} }), options);
}

/** A local package's path stays as it was written: the lock belongs to the project. */
const lockEntry = ({ lock }: ResolvedPackage): Dict => lock;

async function install(
  context: CommandContext,
  resolved: readonly ResolvedPackage[],
  options: ResolveOptions,
): Promise<void> {
  const { log, projectDir, parseFlags } = context;
  const project = buildProject(readProjectText(projectDir, readYaml), rendererOf(context, true), parseFlags);
  const folder = path.resolve(projectDir, project.packagesInstallPath);
  if (folder === projectDir || projectDir.startsWith(`${folder}${path.sep}`))
    throw new DuckhouseError(
      'InvalidArgument',
      `packages-install-path '${project.packagesInstallPath}' is the project itself`,
    );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const one of resolved) {
    log.fire({
      name: 'DepsStartPackageInstall',
      code: 'M014',
      level: 'info',
      msg: `Installing ${String(one.lock.package ?? one.lock.git ?? one.lock.private ?? one.lock.local ?? one.lock.tarball)}`,
    });
    const source = one.folder ?? (await unpackFrom(one.tarball as string, options));
    place(source, path.join(folder, one.name), one.link);
    log.fire({ name: 'DepsInstallInfo', code: 'M015', level: 'info', msg: `Installed from ${one.label}` });
    if (one.latest !== undefined && one.latest !== one.lock.version)
      log.fire({
        name: 'DepsUpdateAvailable',
        code: 'M017',
        level: 'info',
        msg: `Updated version available: ${one.latest}`,
      });
  }
}

function place(source: string, target: string, link: boolean): void {
  if (link) {
    try {
      symlinkSync(source, target, 'junction');
      return;
    } catch {
      // Where links are not allowed the package is copied.
    }
  }
  cpSync(source, target, { recursive: true, filter: (from) => path.basename(from) !== '.git' });
}

/** Adds `name@version` to packages.yml, in the place of an entry for the same package. */
function addPackage({ args, log, projectDir }: CommandContext, text: string): void {
  const at = text.lastIndexOf('@');
  const [name, version] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, undefined];
  const kind = textArg(args, 'source') ?? 'hub';
  if (kind === 'hub' && version === undefined)
    throw new DuckhouseError('InvalidArgument', `--add-package needs a version: ${name}@1.0.0`);
  const versions = version?.includes(',') === true ? version.split(',') : version;
  const entry: Dict =
    kind === 'hub'
      ? { package: name, version: versions }
      : kind === 'git'
        ? { git: name, ...(version === undefined ? {} : { revision: version }) }
        : { local: name };
  const file = path.join(projectDir, 'packages.yml');
  const content = existsSync(file) ? readYaml(readFileSync(file, 'utf8'), file) : { packages: [] };
  const packages = isDict(content) && Array.isArray(content.packages) ? (content.packages as Dict[]) : [];
  const kept = packages.filter((one) => String(one.package ?? one.git ?? one.private ?? one.local) !== name);
  writeFileSync(file, stringify({ packages: [...kept, entry] }, { indentSeq: true }));
  log.fire({ name: 'DepsAddPackage', code: 'M032', level: 'info', msg: `Added new package ${text} to ${file}` });
}
