/** What `dbt ls` selects, for words of a command line. */

import { type DbtArgs, readArgs, resolveArgs } from '../../src/dbt/args.ts';
import { selectionRequest } from '../../src/dbt/commands/context.ts';
import { lsTypes } from '../../src/dbt/commands/ls.ts';
import { readYaml } from '../../src/dbt/project/render.ts';
import type { ParsedProject, PreviousState } from '../../src/dbt/project-types.ts';
import { selectNodes } from '../../src/dbt/select/select.ts';
import { isDuckhouseError } from '../../src/errors.ts';

const yaml = (text: string): unknown => readYaml(text, 'command line');

export const parseArguments = (words: readonly string[]): DbtArgs =>
  resolveArgs(readArgs(['ls', ...words], yaml), {}, {}, yaml);

/** Ids in order of their names; null = an error. */
export function runLs(parsed: ParsedProject, args: DbtArgs, previous: PreviousState | undefined): string[] | null {
  try {
    return [...selectNodes(parsed, selectionRequest(args, lsTypes(args), previous)).ids].sort();
  } catch (error) {
    if (isDuckhouseError(error)) return null;
    throw error;
  }
}
