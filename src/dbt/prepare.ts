import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../errors.ts';
import { type DbtArgs, type GivenArgs, readArgs, resolveArgs } from './args.ts';
import { type CommandContext, createContext, type DbtHost } from './commands/context.ts';
import { endOnInterrupt } from './interrupts.ts';
import type { Dict } from './manifest-types.ts';
import { isDict, isText } from './plain.ts';
import { profileFiles } from './project/profile.ts';
import { readProjectText } from './project/project.ts';
import { readYaml } from './project/render.ts';
import { checkWithin, isWithin } from './within.ts';

const yamlText = (text: string): unknown => readYaml(text, 'command line');

/** From words to what a command needs. */
export function prepare(argv: readonly string[], host: DbtHost): CommandContext {
  const { env, cwd } = host;
  if (host.ownProcess === true && host.signal !== undefined) endOnInterrupt(host.signal);
  const given = readArgs(argv, yamlText);
  if (given.command === undefined)
    throw new DuckhouseError('InvalidArgument', 'no command of dbt is named', { hint: 'see: duckhouse dbt --help' });
  const folder = given.given.project_dir ?? env.DBT_PROJECT_DIR ?? env.DBT_ENGINE_PROJECT_DIR;
  const projectDir = typeof folder === 'string' && folder !== '' ? path.resolve(cwd, folder) : (host.projectDir ?? cwd);
  checkWithin(host.within, path.join(projectDir, 'dbt_project.yml')); // before anything tells whether it is there
  const isInit = given.command === 'init';
  const isLenient = given.command === 'debug'; // it tells what is wrong with the file itself
  const ofProject = isInit ? {} : projectFlags(projectDir, isLenient);
  const ofProfile = isInit ? {} : profileFlags(given, host, projectDir);
  const hasMoved = Object.keys(ofProfile).length > 0;
  if (hasMoved && Object.keys(ofProject).length > 0)
    throw new DuckhouseError(
      'DataInvalid',
      `flags are given twice: in 'config' of profiles.yml and in dbt_project.yml`,
      {
        hint: "keep those under 'flags' of dbt_project.yml",
      },
    );
  const args = resolveArgs(given, env, hasMoved ? ofProfile : ofProject, yamlText);
  checkWindow(args);
  checkInline(args);
  const values = { ...args.values, project_dir: projectDir, invocation_command: ['dbt', ...argv].join(' ') };
  const context = createContext({
    args: { ...args, values },
    host,
    projectDir,
    invocationId: randomUUID(),
    startedAt: new Date(),
  });
  if (hasMoved)
    context.warn({
      name: 'ProjectFlagsMovedDeprecation',
      message: "'config' of profiles.yml is 'flags' of dbt_project.yml now",
      data: {},
    });
  return context;
}

/** `config:` of profiles.yml, where flags were once. */
function profileFlags({ given }: GivenArgs, { env, cwd, workspace, within }: DbtHost, projectDir: string): Dict {
  const named = given.profiles_dir;
  const files = profileFiles({
    projectDir,
    cwd,
    env,
    workspace,
    home: env.HOME ?? env.USERPROFILE,
    profilesDir: isText(named) ? named : undefined,
    profile: undefined,
  });
  const file = files.find((one) => existsSync(one));
  if (file === undefined || (within !== undefined && !isWithin(within, file))) return {};
  const text = readFileSync(file, 'utf8');
  if (!/^config\s*:/m.test(text)) return {};
  try {
    const content = readYaml(text, file);
    return isDict(content) && isDict(content.config) ? content.config : {};
  } catch {
    return {}; // told when the profile is read
  }
}

/** What is written on the command line, or what the project has. */
function checkInline({ values }: DbtArgs): void {
  const { inline, select, selector } = values;
  const chosen =
    Array.isArray(select) && select.length > 0 ? '--select' : typeof selector === 'string' ? '--selector' : '';
  if (typeof inline === 'string' && chosen !== '')
    throw new DuckhouseError('InvalidArgument', `--inline and ${chosen} exclude each other`);
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
function projectFlags(projectDir: string, isLenient: boolean): Dict {
  try {
    const { raw } = readProjectText(projectDir, readYaml);
    return isDict(raw.flags) ? raw.flags : {};
  } catch (error) {
    if (!isLenient) throw error;
    return {};
  }
}
