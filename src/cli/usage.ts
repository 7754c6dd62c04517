import type { Command, CommanderError, Option } from 'commander';
import { DuckhouseError } from '../errors.ts';
import type { MessageId, MessageParams, Translator } from '../messages/index.ts';

const titles: Readonly<Record<string, MessageId>> = {
  'Usage:': 'help.usage',
  'Arguments:': 'help.arguments',
  'Options:': 'help.options',
  'Commands:': 'help.commands',
};

/** Help in the reader's language; the choices of an option are in its description. */
export function translateHelp(program: Command, { t }: Translator): Command {
  return program
    .configureHelp({
      styleTitle: (title) => (title in titles ? t(titles[title] as MessageId) : title),
      optionDescription: (option: Option) => option.description,
    })
    .helpOption('-h, --help', t('help.help'))
    .helpCommand('help [command]', t('help.help'));
}

/** Whoever asks has not loaded the parser, which is large. */
const isOfParser = (failure: unknown): failure is CommanderError =>
  failure instanceof Error && 'code' in failure && String(failure.code).startsWith('commander.');

/** The exit code of a parser that has only told its help or version; undefined when the failure is another. */
export function helpExitCode(failure: unknown): number | undefined {
  if (!isOfParser(failure)) return undefined;
  if (failure.exitCode === 0) return 0;
  return failure.code === 'commander.help' ? 2 : undefined;
}

type Wrong = (found: readonly string[]) => readonly [MessageId, MessageParams];

/** What the parser says, by its code, and how it is said here. */
const wrongs: Readonly<Record<string, readonly [RegExp, Wrong]>> = {
  'commander.unknownCommand': [/unknown command '(.*?)'/, ([name = '']) => ['usage.unknownCommand', { name }]],
  'commander.unknownOption': [/unknown option '(.*?)'/, ([name = '']) => ['usage.unknownOption', { name }]],
  'commander.missingArgument': [/argument '(.*?)'/, ([name = '']) => ['usage.missingArgument', { name }]],
  'commander.optionMissingArgument': [
    /option '(.*?)' argument missing/,
    ([name = '']) => ['usage.missingValue', { name }],
  ],
  'commander.invalidArgument': [
    /option '(.*?)' argument '(.*?)' is invalid\. Allowed choices are (.*)\./s,
    ([name = '', value = '', choices = '']) => ['usage.choice', { name, value, choices }],
  ],
  'commander.excessArguments': [
    /Expected (\d+) arguments? but got (\d+)/,
    ([expected = '', found = '']) => ['usage.tooMany', { expected, found }],
  ],
};

/** A wrong use of the command, in the reader's language; undefined when the failure is another. */
export function usageError(failure: unknown, { t }: Translator): DuckhouseError | undefined {
  if (!isOfParser(failure)) return undefined;
  const [pattern, say] = wrongs[failure.code] ?? [];
  const found = pattern?.exec(failure.message);
  if (say === undefined || found === null || found === undefined)
    return wrong(failure.message.replace(/^error: /, ''), 'duckhouse --help');
  const [, candidates] = /\(Did you mean (?:one of )?(.*?)\?\)/.exec(failure.message) ?? [];
  return wrong(
    t(...say(found.slice(1))),
    candidates === undefined ? 'duckhouse --help' : t('error.did-you-mean', { candidates }),
  );
}

const wrong = (message: string, hint: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { hint });
