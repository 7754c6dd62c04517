import { Command, Option } from 'commander';
import { type SettingName, settingOf } from '../config/settings.ts';
import { DuckhouseError } from '../errors.ts';
import { createTranslator, languageOf, type Translator } from '../messages/index.ts';
import { addTokenCommands, addUserCommands } from './access-commands.ts';
import type { CommandAdder, CommandFlags as Flags } from './command-adder.ts';
import { type CommandContext, commandContext, type Effects } from './effects.ts';
import type { IngestCommandOptions } from './ingest.ts';
import { type OutputFormatName, outputFormats } from './output/formats.ts';
import { translateHelp } from './usage.ts';

export interface ProgramHost {
  readonly effects: Effects;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told the exit code of the command that ran, and its context for errors. */
  readonly onExit: (code: number) => void;
  readonly onContext: (context: CommandContext, json: boolean) => void;
}

const serverSettings: readonly SettingName[] = [
  'host',
  'flightPort',
  'httpPort',
  'database',
  'memoryLimit',
  'memoryWall',
  'workers',
  'drainSeconds',
  'insecure',
  'trusted',
  'username',
  'passwordFile',
  'tlsCert',
  'tlsKey',
  'tlsClientCa',
  'logLevel',
  'logFormat',
];
const clientSettings: readonly SettingName[] = [
  'server',
  'database',
  'username',
  'passwordFile',
  'tlsCa',
  'tlsCert',
  'tlsKey',
];
const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

/** InvalidArgument when the value of an option is no number. */
function numberOf(name: string, value: unknown, form = /^\d+$/): number | undefined {
  if (value === undefined) return undefined;
  if (form.test(String(value))) return Number(value);
  throw new DuckhouseError('InvalidArgument', `${name} takes a number, not "${value}"`, {
    id: 'option-number',
    context: { name, value: String(value) },
  });
}

/** The command line. Each command's code is loaded when it runs: `--help` loads none of it. */
export function createProgram(host: ProgramHost): Command {
  const { env } = host;
  const translator = createTranslator(languageOf(env.DUCKHOUSE_LANG, env.LC_ALL, env.LC_MESSAGES, env.LANG));
  const { t } = translator;
  const program = new Command('duckhouse')
    .description(t('cli.description'))
    .addHelpText('after', `\n${t('cli.epilogue')}`)
    .exitOverride();
  program.configureOutput({
    writeErr: (text) => void host.effects.stderr.write(text),
    writeOut: (text) => void host.effects.stdout.write(text),
    outputError: () => undefined, // told once, in the reader's language, where all errors are
  });
  translateHelp(program, translator);
  const add = commandAdder(program, host, translator);

  add('up [dir]', 'command.up', serverSettings, async (context, flags) =>
    (await import('./up.ts')).upCommand(context, { exit: flags.exit === true, env }),
  ).option('--exit', t('option.exit'));
  add('serve', 'command.serve', serverSettings, async (context) => (await import('./serve.ts')).serveCommand(context));
  addIngest(add, translator);
  addQuery(add, translator);
  add('ls', 'command.ls', clientSettings, async (context, flags) =>
    (await import('./ls.ts')).lsCommand(context, { json: flags.json === true }),
  ).option('--json', t('option.json'));
  add('describe <table>', 'command.describe', clientSettings, async (context, flags, [table]) =>
    (await import('./ls.ts')).describeCommand(context, { table: table as string, json: flags.json === true }),
  ).option('--json', t('option.json'));
  add('init [dir]', 'command.init', [], async (context, flags, [dir]) =>
    (await import('./init.ts')).initCommand(context, {
      folder: dir ?? '.',
      force: flags.force === true,
      json: flags.json === true,
    }),
  )
    .option('--force', t('option.force'))
    .option('--json', t('option.json'));
  add('doctor', 'command.doctor', ['host', 'flightPort', 'httpPort', 'database'], async (context, flags) =>
    (await import('./doctor.ts')).doctorCommand(context, { json: flags.json === true }),
  ).option('--json', t('option.json'));
  add('health', 'command.health', clientSettings, async (context, flags) =>
    (await import('./health.ts')).healthCommand(context, { json: flags.json === true }),
  ).option('--json', t('option.json'));
  addDbt(program, host, translator);
  const config = program.command('config').description(t('command.config'));
  commandAdder(config, host, translator)('show', 'command.config.show', serverSettings, async (context, flags) =>
    (await import('./config-show.ts')).configShowCommand(context, {
      origin: flags.origin === true,
      json: flags.json === true,
    }),
  )
    .option('--origin', t('option.origin'))
    .option('--json', t('option.json'));
  const user = program.command('user').description(t('command.user'));
  addUserCommands(commandAdder(user, host, translator), translator);
  const token = program.command('token').description(t('command.token'));
  addTokenCommands(commandAdder(token, host, translator), translator);
  add('version', 'command.version', [], async (context, flags) =>
    (await import('./version.ts')).versionCommand(context, { json: flags.json === true }),
  ).option('--json', t('option.json'));
  addCompletion(program, host, translator);
  return program;
}

/** A command with the settings it takes as options; `up DIR` names its workspace by argument. */
function commandAdder(
  parent: Command,
  { effects, env, onExit, onContext }: ProgramHost,
  { t }: Translator,
): CommandAdder {
  return (usage, help, names, run) => {
    const command = parent.command(usage).description(t(help)).option('--workspace <dir>', t('option.workspace'));
    for (const name of names) {
      const { flag, help: text, choices } = settingOf(name);
      if (flag === undefined) continue;
      const option = new Option(flag, text === undefined ? undefined : t(text));
      command.addOption(choices === undefined ? option : option.choices([...choices]));
    }
    return command.action(async (...parameters: unknown[]) => {
      const args = parameters.slice(0, -2).flat() as string[];
      const flags = command.opts() as Flags;
      const { loadConfig } = await import('../config/index.ts');
      const workspace = String(flags.workspace ?? (usage.startsWith('up') ? (args[0] ?? '.') : '.'));
      const context = commandContext(loadConfig({ workspace, flags: settingFlags(names, flags), env }), effects);
      onContext(context, flags.json === true);
      onExit((await run(context, flags, args)) ?? 0);
    });
  };
}

/** `--flight-port` is kept by commander as `flightPort`: the setting's own name. */
const settingFlags = (names: readonly SettingName[], flags: Flags): Partial<Record<SettingName, string>> =>
  Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, String(flags[name])]])));

function addIngest(add: CommandAdder, { t }: Translator): void {
  add('ingest <files...>', 'command.ingest', clientSettings, async (context, flags, files) => {
    const { parseColumns, ingestCommand } = await import('./ingest.ts');
    const text = (name: string): string | undefined => flags[name] as string | undefined;
    const options: IngestCommandOptions = {
      files,
      table: text('table'),
      mode: flags.mode as IngestCommandOptions['mode'],
      as: flags.as as 'table' | 'view',
      format: flags.fileFormat as IngestCommandOptions['format'],
      read: {
        columns: parseColumns(flags.column as string[]),
        delimiter: text('delimiter') === '\\t' ? '\t' : text('delimiter'),
        quote: text('quote'),
        encoding: text('encoding'),
        header: flags.header as boolean | undefined,
        decimalComma: flags.decimalComma as boolean | undefined,
        nullText: text('nullText'),
        thousands: text('thousands'),
        dateFormat: text('dateFormat'),
        skip: numberOf('--skip', flags.skip),
      },
      loadId: text('loadId'),
      again: flags.again === true,
      json: flags.json === true,
      quiet: flags.quiet === true,
    };
    return ingestCommand(context, options);
  })
    .option('--table <name>', t('option.table'))
    .addOption(new Option('--mode <mode>', t('option.mode')).choices(['create', 'append', 'replace', 'create_append']))
    .addOption(new Option('--as <kind>', t('option.as')).choices(['table', 'view']).default('table'))
    .addOption(
      new Option('--file-format <format>', t('option.fileFormat')).choices(['csv', 'json', 'parquet', 'arrow']),
    )
    .option('--column <name:TYPE>', t('option.column'), collect, [])
    .option('--delimiter <character>', t('option.delimiter'))
    .option('--quote <character>', t('option.quote'))
    .option('--encoding <name>', t('option.encoding'))
    .option('--header', t('option.header'))
    .option('--no-header', t('option.noHeader'))
    .option('--decimal-comma', t('option.decimalComma'))
    .option('--thousands <character>', t('option.thousands'))
    .option('--date-format <format>', t('option.dateFormat'))
    .option('--skip <lines>', t('option.skip'))
    .option('--null-text <text>', t('option.nullText'))
    .option('--load-id <id>', t('option.loadId'))
    .option('--again', t('option.again'))
    .option('--quiet', t('option.quiet'))
    .option('--json', t('option.json'));
}

function addQuery(add: CommandAdder, { t }: Translator): void {
  add('query [sql]', 'command.query', clientSettings, async (context, flags, [sql]) => {
    const { queryCommand } = await import('./query.ts');
    return queryCommand(context, {
      sql,
      file: flags.file as string | undefined,
      params: flags.param as string[],
      format: flags.json === true ? 'json' : (flags.format as OutputFormatName | undefined),
      output: flags.output as string | undefined,
      limit: numberOf('--limit', flags.limit),
      all: flags.all === true,
      timeoutSeconds: numberOf('--timeout', flags.timeout, /^\d+(\.\d+)?$/),
    });
  })
    .option('-f, --file <file>', t('option.file'))
    .option('--param <name=value>', t('option.param'), collect, [])
    .addOption(new Option('--format <format>', t('option.format')).choices([...outputFormats]))
    .option('--json', t('option.json'))
    .option('-o, --output <file>', t('option.output'))
    .option('--limit <rows>', t('option.limit'))
    .option('--all', t('option.all'))
    .option('--timeout <seconds>', t('option.timeout'));
}

/** Words after `dbt` are read by dbt's own table of options. */
function addDbt(program: Command, { effects, env, onExit }: ProgramHost, { t }: Translator): void {
  program
    .command('dbt [words...]')
    .description(t('command.dbt'))
    .option('--workspace <dir>', t('option.workspace'))
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: readonly string[], flags: Flags) => {
      const { dbtCommand } = await import('./dbt.ts');
      onExit(await dbtCommand(effects, { words, workspace: flags.workspace as string | undefined, env }));
    });
}

function addCompletion(program: Command, { effects, onExit }: ProgramHost, { t }: Translator): void {
  program
    .command('completion <shell>')
    .description(`${t('command.completion')} (bash, zsh, fish, pwsh)`)
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion.ts');
      effects.stdout.write(completionScript(shell));
      onExit(0);
    });
}
