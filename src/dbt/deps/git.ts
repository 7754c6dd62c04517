/** Takes packages from git repositories, by the `git` command. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { DuckhouseError } from '../../errors.ts';

const run = promisify(execFile);

export interface GitRequest {
  readonly url: string;
  /** A branch, a tag or a commit; HEAD when undefined. */
  readonly revision: string | undefined;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
}

/** Clones a repository into a folder and checks a revision out; the commit, in full. */
export async function checkOut({ url, revision, folder, signal }: GitRequest): Promise<string> {
  const target = revision ?? 'HEAD';
  if (target.startsWith('-') || url.startsWith('-'))
    throw new DuckhouseError('InvalidArgument', `'${target}' of ${masked(url)} is no revision`);
  await git(['clone', '--quiet', '--no-checkout', url, folder], url, signal);
  const commit = (await commitOf(folder, `origin/${target}`, signal)) ?? (await commitOf(folder, target, signal));
  if (commit === undefined)
    throw new DuckhouseError('NotFound', `${masked(url)} has no branch, tag or commit '${target}'`, {
      context: { name: target },
    });
  await git(['-C', folder, 'checkout', '--quiet', '--detach', commit], url, signal);
  return commit;
}

async function git(args: readonly string[], url: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await run('git', ['-c', 'core.askPass=', ...args], { signal });
  } catch (thrown) {
    const { code, stderr = '' } = thrown as { readonly code?: unknown; readonly stderr?: string };
    if (code === 'ENOENT')
      throw new DuckhouseError('Unsupported', 'packages from git need the git command, which was not found', {
        hint: 'install git, or name the package another way',
      });
    const reason = stderr.replaceAll(url, masked(url)).trim().split('\n').at(-1) ?? '';
    throw new DuckhouseError('Unavailable', `git cannot take ${masked(url)}: ${reason}`, {
      context: { url: masked(url) },
    });
  }
}

async function commitOf(folder: string, name: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const { stdout } = await run('git', ['-C', folder, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
      signal,
    });
    return stdout.trim();
  } catch {
    return undefined; // the revision is another kind of name
  }
}

/** Without user name and password. */
export const masked = (url: string): string => url.replace(/\/\/[^/@]*@/, '//');

export const inside = (folder: string, subdirectory: string | undefined): string =>
  subdirectory === undefined ? folder : path.join(folder, subdirectory);
