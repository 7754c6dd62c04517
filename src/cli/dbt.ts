import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/index.ts';
import { runDbt } from '../dbt/index.ts';
import { createTranslator, languageOf, type MessageId } from '../messages/index.ts';
import type { Effects } from './effects.ts';
import { tuneForShortRuns } from './short-runs.ts';

interface RunningServer {
  readonly config: Config;
  readonly uri: string;
}

export interface DbtCommandOptions {
  readonly words: readonly string[];
  readonly workspace: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Commands that run in the workspace's server when there is one: it has the database open, and the project parsed. */
const inServer = new Set(
  'build run test seed snapshot compile show clone run-operation retry debug source freshness docs generate lineage parse ls list'.split(
    ' ',
  ),
);

/** As every command says it, in the server or not. */
const interruptedCode = 130;

/** `duckhouse dbt ...`: the words are dbt's own; exit codes too (0 ok, 1 failed, 2 could not run). */
export async function dbtCommand(
  effects: Effects,
  { words, workspace, env: given }: DbtCommandOptions,
): Promise<number> {
  const { stdout, signal } = effects;
  const cwd = process.cwd();
  const command = words.find((word) => !word.startsWith('-'));
  // The version is told without loading any of this.
  const config = command === undefined ? undefined : await import('../config/index.ts');
  const folder = path.resolve(workspace ?? given.DUCKHOUSE_WORKSPACE ?? config?.workspaceAbove(cwd) ?? cwd);
  const env = config?.workspaceEnv(folder, given) ?? given;
  const language = languageOf(env.DUCKHOUSE_LANG, env.LC_ALL, env.LC_MESSAGES, env.LANG);
  const projectDir = projectOf(cwd, folder);
  const isServing = command === 'docs' && words[words.indexOf(command) + 1] === 'serve';
  const running = inServer.has(command ?? '') && !isServing ? await serverOf(folder, env) : undefined;
  if (running !== undefined) {
    const named = namedProject(words);
    // What a client needs is loaded only when there is somebody to talk to.
    const { runInServer } = await import('./dbt-in-server.ts');
    const code = await runInServer(effects, {
      ...running,
      argv: words,
      env,
      cwd,
      projectDir: named === undefined ? (projectDir ?? cwd) : path.resolve(cwd, named),
      language,
    });
    if (code !== 'elsewhere') return code;
  }
  tuneForShortRuns();
  const translator = createTranslator(language);
  const { t } = translator;
  const messages = {
    version: async (): Promise<string> => (await import('../config/index.ts')).packageVersion(),
    usage: t('dbt.usage'),
    summary: (name: string): string => t(`dbt.command.${name.replace(' ', '-')}` as MessageId),
    error: translator.error,
  };
  enterProject(path.resolve(cwd, namedProject(words) ?? env.DBT_PROJECT_DIR ?? projectDir ?? '.'));
  const write = (text: string): void => void stdout.write(text);
  const host = { env, cwd, workspace: folder, projectDir, signal, language, write, ownProcess: true };
  const code = await runDbt(words, host, messages);
  return signal.aborted && code !== 0 ? interruptedCode : code;
}

/** Files that a project's SQL and profile name are found from the project's folder, wherever the command is given. */
function enterProject(folder: string): void {
  if (existsSync(path.join(folder, 'dbt_project.yml'))) process.chdir(folder);
}

/** The workspace's own server, if it runs. */
async function serverOf(workspace: string, env: DbtCommandOptions['env']): Promise<RunningServer | undefined> {
  const { loadConfig, readServerFile } = await import('../config/index.ts');
  const config = loadConfig({ workspace, env, flags: {} });
  const running = config.server === undefined ? readServerFile(config.stateDir) : undefined;
  return running === undefined ? undefined : { config, uri: running.flight };
}

/** Outside a project, the workspace's own is meant. */
function projectOf(cwd: string, workspace: string): string | undefined {
  if (existsSync(path.join(cwd, 'dbt_project.yml'))) return undefined;
  const own = path.join(workspace, 'transform', 'dbt_project');
  return existsSync(path.join(own, 'dbt_project.yml')) ? own : undefined;
}

/** What `--project-dir` says. */
function namedProject(words: readonly string[]): string | undefined {
  const at = words.indexOf('--project-dir');
  return at >= 0
    ? words[at + 1]
    : words.find((word) => word.startsWith('--project-dir='))?.slice('--project-dir='.length);
}
