import { commands } from './commands/commands.ts';
import { commandAliases, commandFlags, type FlagSpec, globalFlags } from './flags.ts';

const names: readonly string[] = [...Object.keys(commands), ...Object.keys(commandAliases)];

/** What may stand in place of the last word of a dbt command line: commands, options, and values that an option chooses from. */
export function dbtCandidates(words: readonly string[]): readonly string[] {
  const [last = '', before = ''] = words.toReversed();
  const command = commandIn(words.slice(0, -1));
  const flags = [...globalFlags, ...(command === undefined ? [] : (commandFlags[command] ?? []))];
  const asked = flags.find(({ on }) => on.includes(before));
  if (asked !== undefined && asked.kind !== 'switch' && asked.kind !== 'count') return asked.choices ?? [];
  if (last.startsWith('-')) return flags.flatMap(longForms);
  if (command !== undefined) return [];
  const begun = names.filter((name) => name.startsWith(`${before} `)).map((name) => name.slice(before.length + 1));
  return begun.length > 0 ? begun : names.map((name) => name.split(' ')[0] as string);
}

const longForms = ({ on, off = [] }: FlagSpec): readonly string[] =>
  [...on, ...off].filter((form) => form.startsWith('--'));

/** The command that is complete in the words, by its own name. */
function commandIn(words: readonly string[]): string | undefined {
  const typed = words.find((word, i) => names.includes(word) || names.includes(`${word} ${words[i + 1]}`));
  if (typed === undefined) return undefined;
  const both = `${typed} ${words[words.indexOf(typed) + 1]}`;
  const name = names.includes(both) ? both : typed;
  return commandAliases[name] ?? name;
}
