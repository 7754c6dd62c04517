import { hasFailed, type NodeResult } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';
import { showNode, tellTable } from '../run/show.ts';
import { type Command, type CommandInput, exitCodes, isJson, task, tellErrors, usage } from './command.ts';
import { isNamed, runInline } from './compile-command.ts';

export const show: Command = async (session, input) => {
  const { inline, inline_direct: direct } = input.args;
  const json = isJson(session.flags);
  const text = typeof inline === 'string' ? inline : typeof direct === 'string' ? direct : undefined;
  if (text !== undefined) {
    const runner = showNode((node, table) => tellTable(session, node, table, json, true));
    const [result] = await runInline(session, text, runner);
    return result !== undefined && !hasFailed(result) ? exitCodes.ok : exitCodes.error;
  }
  if (![input.args.select, input.args.exclude].some(isList) && typeof input.args.selector !== 'string')
    throw usage('show needs --select or --inline');
  const results: NodeResult[] = [];
  const ok = await task(['model', 'seed', 'snapshot', 'test', 'analysis'], {
    runner: showNode((node, table) => {
      if (isAskedFor(session, input, node.name)) tellTable(session, node, table, json, false);
    }),
    builds: false,
    lines: false,
    keepsEphemeral: true,
    leavesNoResults: (all) => all.some(hasFailed),
    onResult: (result) => void results.push(result),
  })(session, input);
  tellErrors(session, results);
  return ok === true ? exitCodes.ok : exitCodes.error;
};

const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Of what `--select` finds only the nodes it names are shown, not their tests; all when it names none. */
function isAskedFor({ parsed, selected }: RunSession, input: CommandInput, name: string): boolean {
  return isNamed(input, name) || !selected.some((id) => isNamed(input, parsed.manifest.nodes[id]?.name ?? '\u0000'));
}
