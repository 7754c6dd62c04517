/** One command line of dbt, from words to exit code: 0 ok, 1 something failed, 2 it could not be run. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { DuckhouseError, isDuckhouseError } from '../errors.ts';
import { type GivenArgs, readArgs, resolveArgs } from './args.ts';
import { commands } from './commands/commands.ts';
import { type CommandContext, createContext, type DbtHost } from './commands/context.ts';
import { commandFlags, globalFlags } from './flags.ts';
import type { Dict } from './manifest-types.ts';
import { isDict } from './plain.ts';
import { readProjectText } from './project/project.ts';
import { readYaml } from './project/render.ts';
import { dbtVersion } from './version.ts';

export interface DbtMessages {
  /** The version of the program itself. */
  readonly version: string;
  /** What a command does, in the reader's language. */
  readonly summary: (command: string) => string;
  readonly usage: string;
  readonly error: (error: DuckhouseError) => { readonly message: string; readonly hint: string | undefined };
}

const yamlText = (text: string): unknown => readYaml(text, 'command line');

export async function runDbt(argv: readonly string[], host: DbtHost, messages: DbtMessages): Promise<number> {
  let context: CommandContext | undefined;
  try {
    const given = readArgs(argv, yamlText);
    if (given.version) return say(host, `duckhouse ${messages.version}, dbt ${dbtVersion}\n`);
    if (given.help || given.command === undefined) return say(host, helpText(given, messages), given.help ? 0 : 2);
    context = prepare(given, host);
    return await run(context);
  } catch (error) {
    if (!isDuckhouseError(error)) throw error;
    return fail(error, host, context, messages);
  }
}

function say(host: DbtHost, text: string, code = 0): number {
  host.write(text);
  return code;
}

function prepare(given: GivenArgs, host: DbtHost): CommandContext {
  const { env, cwd } = host;
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

async function run(context: CommandContext): Promise<number> {
  const { args, log, startedAt } = context;
  const load = commands[args.command];
  if (load === undefined) throw new DuckhouseError('Unsupported', `dbt ${args.command} is not there`);
  log.fire({
    name: 'MainReportVersion',
    code: 'A001',
    level: 'info',
    msg: `Running with dbt=${dbtVersion}`,
    data: { version: `=${dbtVersion}`, log_version: 3 },
  });
  const code = await (await load())(context);
  const elapsed = (Date.now() - startedAt.getTime()) / 1000;
  log.fire({
    name: 'CommandCompleted',
    code: 'Q039',
    level: 'debug',
    msg: `Command \`dbt ${args.command}\` ${code === 0 ? 'succeeded' : 'failed'} at ${new Date().toISOString()} after ${elapsed.toFixed(2)} seconds`,
    data: { command: `dbt ${args.command}`, success: code === 0, completed_at: new Date().toISOString(), elapsed },
  });
  return code;
}

function fail(
  error: DuckhouseError,
  host: DbtHost,
  context: CommandContext | undefined,
  messages: DbtMessages,
): number {
  const { message, hint } = messages.error(error);
  const text = hint === undefined ? message : `${message}\n  ${hint}`;
  if (context === undefined) host.write(`${text}\n`);
  else
    context.log.fire({
      name: 'MainEncounteredError',
      code: 'Z002',
      level: 'error',
      msg: `Encountered an error:\n${text}`,
    });
  return 2;
}

function helpText({ command }: GivenArgs, { summary, usage }: DbtMessages): string {
  if (command === undefined) {
    const width = Math.max(...Object.keys(commandFlags).map((name) => name.length));
    const lines = Object.keys(commandFlags).map((name) => `  ${name.padEnd(width)}  ${summary(name)}`);
    return `${usage}\n\n${lines.join('\n')}\n`;
  }
  const forms = (specs: typeof globalFlags): string[] =>
    specs.map(
      ({ on, off = [], choices, env }) =>
        `  ${[...on, ...off].join(', ')}${choices === undefined ? '' : ` (${choices.join(', ')})`}${env === undefined ? '' : `  [${env}]`}`,
    );
  return `duckhouse dbt ${command}: ${summary(command)}\n\n${[...forms(commandFlags[command] ?? []), '', ...forms(globalFlags)].join('\n')}\n`;
}
