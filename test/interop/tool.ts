import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');
const installMs = 600_000;

/** A foreign tool in a folder of its own under `.cache/`, or why there is none: give `skip` to the test. */
export interface Tool {
  readonly folder: string;
  readonly skip: string | false;
}

export interface Installation {
  readonly command: string;
  readonly args: (folder: string) => readonly string[];
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
  /** What it is made from, beside the command. */
  readonly source?: string;
}

/**
 * Installs a tool once and keeps it as long as its recipe stays the same. Where it cannot be had the tests are skipped, save
 * when DUCKHOUSE_INTEROP=required.
 */
export function installed(name: string, { command, args, env, source }: Installation): Tool {
  const recipe = JSON.stringify([command, args('FOLDER'), source]);
  const folder = path.join(root, '.cache', name, createHash('sha256').update(recipe).digest('hex').slice(0, 16));
  const problem = existsSync(path.join(folder, '.done')) ? undefined : install();
  if (problem !== undefined && process.env.DUCKHOUSE_INTEROP === 'required') throw new Error(problem);
  return { folder, skip: problem ?? false };

  function install(): string | undefined {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const made = spawnSync(command, args(folder), {
      cwd: folder,
      encoding: 'utf8',
      timeout: installMs,
      env: { ...process.env, ...env?.(folder) },
    });
    if (made.error !== undefined) return `${command} is not installed`;
    if (made.status !== 0) return `${command} cannot install ${name}: ${lastLine(made.stderr + made.stdout)}`;
    writeFileSync(path.join(folder, '.done'), recipe);
    return undefined;
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** A Go program of a module, e.g. `example.org/tool/cmd/x@v1.2.3`; `path` is the program. */
export function goProgram(module: string): Tool & { readonly path: string } {
  const tool = installed('go', {
    command: 'go',
    args: () => ['install', module],
    env: (folder) => ({ GOBIN: folder, GOFLAGS: '-mod=mod' }),
  });
  return { ...tool, path: path.join(tool.folder, path.basename(module).split('@')[0] as string) };
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end beside the servers of this process. */
export async function run(
  command: string,
  args: readonly string[],
  {
    cwd,
    timeoutMs = 120_000,
    env = {},
  }: { cwd?: string; timeoutMs?: number; env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const child = spawn(command, args, {
    cwd,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString('utf8');
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

/** The Go program in `test/interop/programs/NAME`, built. */
export const ownGoProgram = (name: string): Tool & { readonly path: string } => ownGo(name, name, ['build']);

/** The Go tests beside it, as a program. */
export const ownGoTests = (name: string): Tool & { readonly path: string } =>
  ownGo(name, `${name}-tests`, ['test', '-c']);

function ownGo(name: string, program: string, words: readonly string[]): Tool & { readonly path: string } {
  const source = path.join(root, 'test', 'interop', 'programs', name);
  const tool = installed(program, {
    command: 'go',
    args: (folder) => [words[0] as string, '-C', source, ...words.slice(1), '-o', path.join(folder, program), '.'],
    source: readdirSync(source)
      .map((file) => readFileSync(path.join(source, file), 'utf8'))
      .join('\n'),
  });
  return { ...tool, path: path.join(tool.folder, program) };
}

/** A jar of Maven Central, `group:artifact:version`, without what it depends on. */
export function mavenJar(artifact: string): Tool & { readonly path: string } {
  const [, name, version] = artifact.split(':');
  const tool = installed('maven', {
    command: 'mvn',
    args: (folder) => [
      ...['-q', '-B', 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy'],
      ...[`-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`, '-Dmdep.overWriteReleases=true'],
    ],
  });
  return { ...tool, path: path.join(tool.folder, `${name}-${version}.jar`) };
}

/** Packages of npm in a folder of their own, `name@version`. */
export function npmPackages(...packages: readonly string[]): Tool {
  return installed('npm', {
    command: 'npm',
    args: (folder) => [
      'install',
      '--prefix',
      folder,
      '--no-fund',
      '--no-audit',
      '--ignore-scripts',
      '--no-save',
      ...packages,
    ],
  });
}
