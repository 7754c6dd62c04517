/** One command line of dbt, from words to exit code: 0 ok, 1 something failed, 2 it could not be run. */
import { setImmediate } from 'node:timers/promises';
import { DuckhouseError, isDuckhouseError } from '../errors.ts';
import { type GivenArgs, readArgs } from './args.ts';
import { commands } from './commands/commands.ts';
import type { CommandContext, DbtHost } from './commands/context.ts';
import { DatabaseElsewhere } from './commands/elsewhere.ts';
import { commandFlags, globalFlags } from './flags.ts';
import { dbtVersion } from './version.ts';

export interface DbtMessages {
  /** The version of the program itself. */
  readonly version: () => Promise<string>;
  /** What a command does, in the reader's language. */
  readonly summary: (command: string) => string;
  readonly usage: string;
  readonly error: (error: DuckhouseError) => { readonly message: string; readonly hint: string | undefined };
}

const plainWords: ReadonlySet<string> = new Set(['--version', '-v', '-V', '--help', '-h']);

export async function runDbt(argv: readonly string[], host: DbtHost, messages: DbtMessages): Promise<number> {
  let context: CommandContext | undefined;
  try {
    if (argv.length === 0 || argv.some((word) => plainWords.has(word))) {
      const given = readArgs(argv, () => ({}));
      if (given.version) return say(host, `duckhouse ${await messages.version()}, dbt ${dbtVersion}\n`);
      if (given.help || given.command === undefined)
        return say(host, helpText(given, messages), given.help || argv.length === 0 ? 0 : 2);
    }
    // Only now is the engine loaded: what prints a few lines does without.
    const { prepare } = await import('./prepare.ts');
    context = prepare(argv, host);
    return await run(argv, context);
  } catch (error) {
    if (!isDuckhouseError(error) || error instanceof DatabaseElsewhere || host.isProvisional?.() === true) throw error;
    return fail(error, host, context, messages);
  } finally {
    context?.log.flush();
  }
}

function say(host: DbtHost, text: string, code = 0): number {
  host.write(text);
  return code;
}

async function run(argv: readonly string[], context: CommandContext): Promise<number> {
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
  warnUsage(argv, context);
  const command = await load();
  await setImmediate(); // a signal that came while modules were loaded is heard
  const code = await command(context);
  context.deprecations.summarize();
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

/** Ways of asking that will end. */
function warnUsage(argv: readonly string[], { args, host, warn }: CommandContext): void {
  const options = Object.keys((args.values.warn_error_options ?? {}) as object);
  const [include, exclude] = [options.includes('include'), options.includes('exclude')];
  if (include || exclude)
    warn({
      name: 'WEOIncludeExcludeDeprecation',
      message: `in warn_error_options 'include' is 'error' now, and 'exclude' is 'warn'`,
      data: { found_include: include, found_exclude: exclude },
    });
  if (argv.some((word) => ['--models', '--model', '-m'].includes(word.split('=')[0] as string)))
    warn({ name: 'ModelParamUsageDeprecation', message: '--models, --model and -m are --select and -s now', data: {} });
  const { output } = args.values;
  if (args.command === 'source freshness' && typeof output === 'string')
    warn({
      name: 'CustomOutputPathInSourceFreshnessDeprecation',
      message: `--output of source freshness, here ${output}, will not stay`,
      data: { path: output },
    });
  for (const name of Object.keys(host.env))
    if (name.startsWith(enginePrefix) && !isEngineVariable(name))
      warn({
        name: 'EnvironmentVariableNamespaceDeprecation',
        message: `the environment variable ${name} has a prefix that is kept for dbt's own: give it another name`,
        data: { env_var: name, reserved_prefix: enginePrefix },
      });
}

const enginePrefix = 'DBT_ENGINE_';
const furtherVariables = new Set(['PACKAGE_HUB_URL', 'DOWNLOAD_DIR', 'INVOCATION_ENV', 'RECORDED_FILE_PATH']);

function isEngineVariable(name: string): boolean {
  const own = name.slice(enginePrefix.length);
  const known = [...globalFlags, ...Object.values(commandFlags).flat()];
  return furtherVariables.has(own) || known.some((spec) => spec.name.toUpperCase() === own);
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
  else if (error.kind === 'Cancelled')
    context.log.fire({
      name: 'MainKeyboardInterrupt',
      code: 'Z001',
      level: 'info',
      msg: 'Exited because of keyboard interrupt',
    });
  else
    context.log.fire({
      name: 'MainEncounteredError',
      code: 'Z002',
      level: 'error',
      msg: `[ERROR]: Encountered an error:\n${text}`,
    });
  context?.deprecations.summarize();
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
