import type { ProgramHost } from './program.ts';
import { withSqlComments } from './sql-words.ts';

/**
 * Runs the command that the words name. dbt reads its own words, so for it what reads those of all other commands is not
 * loaded, unless options of ours are among them.
 */
export async function runProgram(argv: readonly string[], host: ProgramHost): Promise<void> {
  const [first, ...words] = argv;
  if (first === 'dbt' && !words.some((word) => word === '--' || word.startsWith('--workspace'))) {
    const { dbtCommand } = await import('./dbt.ts');
    host.onExit(await dbtCommand(host.effects, { words, workspace: undefined, env: host.env }));
    return;
  }
  const { createProgram } = await import('./program.ts');
  const program = createProgram(host);
  // The words are to be completed, not read.
  if (first === '__complete') {
    const { candidates } = await import('./candidates.ts');
    host.effects.stdout.write((await candidates(program, words)).map((word) => `${word}\n`).join(''));
    host.onExit(0);
    return;
  }
  await program.parseAsync(first === 'query' ? withSqlComments(program, argv) : [...argv], { from: 'user' });
}
