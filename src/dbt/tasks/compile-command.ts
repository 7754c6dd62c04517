import type { NodeRunner } from '../run/node-runner.ts';
import { hasFailed, type NodeResult } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';
import { compileChecked, compileOnly, tellCompiled } from '../run/show.ts';
import { type Command, type CommandInput, endOf, exitCodes, isJson, task, tellErrors } from './command.ts';
import { inlineNode } from './inline.ts';
import { compileKinds } from './kinds.ts';
import { writeResults } from './task.ts';

export const compile: Command = async (session, input) => {
  const inline = input.args.inline;
  if (typeof inline === 'string') {
    const [result] = await runInline(session, inline, compileOnly);
    if (result === undefined || hasFailed(result)) return exitCodes.error;
    tellCompiled(session, result, isJson(session.flags), true);
    return true;
  }
  const results: NodeResult[] = [];
  const ok = await task(compileKinds, {
    runner: compileChecked,
    builds: false,
    looksAhead: true,
    lines: false,
    keepsEphemeral: true,
    leavesNoResults: (all) => endOf(session, all) === exitCodes.error,
    onResult: (result) => void results.push(result),
  })(session, input);
  tellNamed(session, input, results);
  tellErrors(session, results);
  return ok === true || endOf(session, results);
};

export function tellNamed(session: RunSession, input: CommandInput, results: readonly NodeResult[]): void {
  for (const result of results)
    if (!hasFailed(result) && isNamed(input, result.node.name))
      tellCompiled(session, result, isJson(session.flags), false);
}

export async function runInline(session: RunSession, sql: string, runner: NodeRunner): Promise<NodeResult[]> {
  const started = performance.now();
  const node = inlineNode(session, sql);
  const result = await runner(session, node, 'MainThread');
  tellErrors(session, [result]);
  if (!hasFailed(result)) writeResults(session, [result], started);
  return [result];
}

/** As dbt has it, of several words the first names what is told. */
export const isNamed = ({ args }: CommandInput, name: string): boolean =>
  Array.isArray(args.select) && String(args.select[0] ?? '').includes(name);
