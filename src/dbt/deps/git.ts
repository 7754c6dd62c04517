/** Takes packages from git repositories, by the `git` command. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { DuckhouseError } from '../../errors.ts';
import type { Env } from '../project-types.ts';

const run = promisify(execFile);

export interface GitRequest {
  readonly url: string;
  /** A branch, a tag or a commit; HEAD when undefined. */
  readonly revision: string | undefined;
  readonly folder: string;
  readonly env: Env;
  readonly signal: AbortSignal | undefined;
}

/** Clones a repository into a folder and checks a revision out; the commit, in full. */
export async function checkOut({ url, revision, folder, env, signal }: GitRequest): Promise<string> {
  const target = revision ?? 'HEAD';
  if (target.startsWith('-') || url.startsWith('-'))
    throw new DuckhouseError('InvalidArgument', `'${target}' of ${masked(url)} is no revision`);
  const bare = /^https?:/i.test(url) ? masked(url) : url;
  await git(['clone', '--quiet', '--no-checkout', bare, folder], url, { env: withCredentials(env, url), signal });
  const commit = (await commitOf(folder, `origin/${target}`, signal)) ?? (await commitOf(folder, target, signal));
  if (commit === undefined)
    throw new DuckhouseError('NotFound', `${masked(url)} has no branch, tag or commit '${target}'`, {
      context: { name: target },
    });
  await git(['-C', folder, 'checkout', '--quiet', '--detach', commit], url, { env, signal });
  return commit;
}

/** A helper that git asks for the name and password; its text, which other users see, has neither. */
const helper = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$DUCKHOUSE_GIT_USER" "$DUCKHOUSE_GIT_PASSWORD"; }; f`;

/** What an address says beside the host is told to git by its environment: words of a command are seen by everybody. */
function withCredentials(env: Env, url: string): Env {
  const found = /^(https?:\/\/)([^/]*)@([^/]*)/i.exec(url);
  if (found === null) return env;
  const [, scheme = '', user = '', host = ''] = found;
  const [name = '', ...password] = user.split(':');
  const given = Number(env.GIT_CONFIG_COUNT ?? 0) || 0;
  return {
    ...env,
    DUCKHOUSE_GIT_USER: decoded(name),
    DUCKHOUSE_GIT_PASSWORD: decoded(password.join(':')),
    GIT_CONFIG_COUNT: String(given + 2),
    [`GIT_CONFIG_KEY_${given}`]: 'credential.helper',
    [`GIT_CONFIG_VALUE_${given}`]: '', // forgets those that are set up
    [`GIT_CONFIG_KEY_${given + 1}`]: `credential.${scheme}${host}.helper`,
    [`GIT_CONFIG_VALUE_${given + 1}`]: helper,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that stands for itself
  }
}

interface GitOptions {
  readonly env: Env;
  readonly signal: AbortSignal | undefined;
}

async function git(args: readonly string[], url: string, { env, signal }: GitOptions): Promise<void> {
  try {
    await run('git', ['-c', 'core.askPass=', ...args], { signal, env: { ...env, GIT_TERMINAL_PROMPT: '0' } });
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

/** Without user name, password and query, where tokens may be. */
export const masked = (url: string): string => url.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/s, '');

export const inside = (folder: string, subdirectory: string | undefined): string =>
  subdirectory === undefined ? folder : path.join(folder, subdirectory);
