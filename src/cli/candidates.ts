import type { Command } from 'commander';

/** What may stand in place of the last word; nothing where it is a file or a value of the user's own. */
export async function candidates(program: Command, words: readonly string[]): Promise<string[]> {
  const last = words.at(-1) ?? '';
  const found = words[0] === 'dbt' && words.length > 1 ? await dbtWords(words) : await ownWords(program, words, last);
  return [...new Set(found)].filter((word) => word.startsWith(last) && !word.startsWith('__'));
}

async function ownWords(program: Command, words: readonly string[], last: string): Promise<readonly string[]> {
  const command = commandOf(program, words.slice(0, -1));
  const before = words.at(-2);
  const asked = command.options.find(
    ({ short, long }) => before !== undefined && (before === short || before === long),
  );
  if (asked?.required) return asked.argChoices ?? [];
  const options = command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long]));
  if (last.startsWith('-')) return options;
  if (command.commands.length > 0) return command.commands.map((one) => one.name());
  if (command.name() === 'completion') return (await import('./completion.ts')).completionShells;
  if (command.name() === 'describe') return tableNames();
  return command.registeredArguments.length === 0 ? options : [];
}

/** The command that the words name, through its subcommands. */
function commandOf(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command;
}

async function dbtWords([, ...words]: readonly string[]): Promise<readonly string[]> {
  const { loadDbtCandidates } = await import('../dbt/index.ts');
  return (await loadDbtCandidates()).dbtCandidates(words);
}

async function tableNames(): Promise<string[]> {
  try {
    const [{ loadConfig }, { openTarget }] = await Promise.all([
      import('../config/index.ts'),
      import('./open-target.ts'),
    ]);
    const target = await openTarget(loadConfig({ workspace: '.' }), { create: false });
    const tables = await target.listTables();
    await target.close();
    return tables.map(({ name }) => name);
  } catch {
    return []; // completion must not complain: without a server there are no names to offer
  }
}
