import type { Command } from 'commander';

/** A comment of SQL: no option has a space in its name. */
const comment = /^--[^=\s]*\s/;

/** SQL that begins with a comment is no option: with a space before it it is not taken for one. */
export function withSqlComments(program: Command, argv: readonly string[]): string[] {
  const options = program.commands.find((command) => command.name() === argv[0])?.options ?? [];
  const takesValue = (word: string | undefined): boolean =>
    options.some(({ short, long, required }) => required && (word === short || word === long));
  return argv.map((word, i) => (comment.test(word) && !takesValue(argv[i - 1]) ? ` ${word}` : word));
}
