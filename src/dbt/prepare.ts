import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { DuckhouseError } from '../errors.ts';
import { type DbtArgs, readArgs, resolveArgs } from './args.ts';
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
  checkWindow(args);
  const values = { ...args.values, project_dir: projectDir, invocation_command: ['dbt', ...argv].join(' ') };
  return createContext({
    args: { ...args, values },
    host,
    projectDir,
    invocationId: randomUUID(),
    startedAt: new Date(),
  });
}

function checkWindow({ values }: DbtArgs): void {
  const { event_time_start: start, event_time_end: end } = values;
  if (typeof start === typeof end) return;
  throw new DuckhouseError(
    'InvalidArgument',
    `--event-time-${typeof start === 'string' ? 'start' : 'end'} was given without --event-time-${typeof start === 'string' ? 'end' : 'start'}`,
    { hint: 'give both, or neither' },
  );
}

/** `flags:` of the project are read as they are, before anything of it is rendered. */
function projectFlags(projectDir: string): Dict {
  const { raw } = readProjectText(projectDir, readYaml);
  return isDict(raw.flags) ? raw.flags : {};
}
