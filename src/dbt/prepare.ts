import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { DuckhouseError } from '../errors.ts';
import { readArgs, resolveArgs } from './args.ts';
import { type CommandContext, createContext, type DbtHost } from './commands/context.ts';
import type { Dict } from './manifest-types.ts';
import { isDict } from './plain.ts';
import { readProjectText } from './project/project.ts';
import { readYaml } from './project/render.ts';

const yamlText = (text: string): unknown => readYaml(text, 'command line');

/** From words to what a command needs. */
export function prepare(argv: readonly string[], host: DbtHost): CommandContext {
  const { env, cwd } = host;
  const given = readArgs(argv, yamlText);
  if (given.command === undefined)
    throw new DuckhouseError('InvalidArgument', 'no command of dbt is named', { hint: 'see: duckhouse dbt --help' });
  const folder = given.given.project_dir ?? env.DBT_PROJECT_DIR ?? env.DBT_ENGINE_PROJECT_DIR;
  const projectDir = typeof folder === 'string' && folder !== '' ? path.resolve(cwd, folder) : (host.projectDir ?? cwd);
  const args = resolveArgs(given, env, given.command === 'init' ? {} : projectFlags(projectDir), yamlText);
  return createContext({ args, host, projectDir, invocationId: randomUUID(), startedAt: new Date() });
}

/** `flags:` of the project are read as they are, before anything of it is rendered. */
function projectFlags(projectDir: string): Dict {
  const { raw } = readProjectText(projectDir, readYaml);
  return isDict(raw.flags) ? raw.flags : {};
}
