import { existsSync } from 'node:fs';
import path from 'node:path';
import { runDbt } from '../dbt/index.ts';
import { createTranslator, languageOf, type MessageId } from '../messages/index.ts';
import type { Effects } from './effects.ts';

export interface DbtCommandOptions {
  readonly words: readonly string[];
  readonly workspace: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `duckhouse dbt ...`: the words are dbt's own; exit codes too (0 ok, 1 failed, 2 could not run). */
export function dbtCommand({ stdout, signal }: Effects, { words, workspace, env }: DbtCommandOptions): Promise<number> {
  const cwd = process.cwd();
  const folder = path.resolve(workspace ?? env.DUCKHOUSE_WORKSPACE ?? '.');
  const translator = createTranslator(languageOf(env.DUCKHOUSE_LANG, env.LC_ALL, env.LC_MESSAGES, env.LANG));
  const { t } = translator;
  const messages = {
    version: async (): Promise<string> => (await import('../config/index.ts')).packageVersion(),
    usage: t('dbt.usage'),
    summary: (command: string): string => t(`dbt.command.${command.replace(' ', '-')}` as MessageId),
    error: translator.error,
  };
  const host = {
    env,
    cwd,
    workspace: folder,
    projectDir: projectOf(cwd, folder),
    signal,
    write: (text: string) => void stdout.write(text),
  };
  return runDbt(words, host, messages);
}

/** Outside a project, the workspace's own is meant. */
function projectOf(cwd: string, workspace: string): string | undefined {
  if (existsSync(path.join(cwd, 'dbt_project.yml'))) return undefined;
  const own = path.join(workspace, 'transform', 'dbt_project');
  return existsSync(path.join(own, 'dbt_project.yml')) ? own : undefined;
}
