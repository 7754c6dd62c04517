import type { Config } from '../config/index.ts';
import { isDuckhouseError } from '../errors.ts';
import { type DbtActionBody, type DbtActionResult, dbtActionType } from './dbt-body.ts';
import { type Effects, write } from './effects.ts';
import { clientOf } from './flight-client.ts';

export interface ServerRun {
  readonly config: Config;
  /** Where the workspace's server is. */
  readonly uri: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly projectDir: string;
  readonly language: 'en' | 'fr';
}

/** Has the workspace's running server do it; `elsewhere` when the project's database is not its own. */
export async function runInServer({ stdout, signal }: Effects, run: ServerRun): Promise<number | 'elsewhere'> {
  const { argv, env, cwd, projectDir, language } = run;
  const client = clientOf(run.config, run.uri);
  const own = definedOnly(env);
  let sent = Object.fromEntries(Object.entries(own).filter(([name]) => isOfDbt(name)));
  try {
    for (;;) {
      const envNames = Object.keys(own).filter((name) => !(name in sent));
      const body: DbtActionBody = { argv, env: sent, envNames, cwd, projectDir, language };
      let needs: readonly string[] | undefined;
      for await (const bytes of client.streamAction(dbtActionType, body, { signal })) {
        const result = JSON.parse(Buffer.from(bytes).toString('utf8')) as DbtActionResult;
        if ('code' in result) return result.code;
        if ('needs' in result) needs = result.needs.filter((name) => envNames.includes(name));
        else await write(stdout, result.text);
      }
      if (needs === undefined || needs.length === 0) return 2;
      sent = { ...sent, ...Object.fromEntries(needs.map((name) => [name, own[name] as string])) };
    }
  } catch (error) {
    // A project beside the workspace is none of the server's business.
    if (isDuckhouseError(error) && error.id === 'dbt-outside' && error.context.path === projectDir) return 'elsewhere';
    throw error;
  } finally {
    client.close();
  }
}

/**
 * Variables that are dbt's own settings, and where its profiles are. The values of all others, secrets among them, are
 * sent only when the project turns out to name them.
 */
const isOfDbt = (name: string): boolean =>
  (name.startsWith('DBT_') && !name.startsWith('DBT_ENV_SECRET')) || name === 'HOME' || name === 'USERPROFILE';

const definedOnly = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
