import path from 'node:path';
import type { Dict } from '../manifest-types.ts';
import { writeArtifact } from '../run/artifact.ts';
import { runHooks } from '../run/hooks.ts';
import { hasFailed } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';
import { tellProblem } from '../run/summary.ts';
import { type Command, type CommandInput, exitCodes } from './command.ts';
import { checkFreshness, freshnessArtifact } from './freshness.ts';
import { failedIds } from './retry.ts';
import { tellNothing } from './task.ts';

export const freshness: Command = async (session, input) => {
  const ids =
    input.retried === undefined ? input.select(['source']) : failedIds(session, input.retried, session.flags.warnError);
  const hasHooks = ids.length > 0 && runsFreshnessHooks(session);
  const before = hasHooks ? await runHooks(session, 'on-run-start', []) : [];
  const { artifact, success, results } = await checkFreshness(
    session,
    ids,
    before.some(hasFailed) && skipsNodes(session),
  );
  session.freshness = artifact;
  session.results = results;
  const after = hasHooks ? await runHooks(session, 'on-run-end', results) : [];
  for (const hook of [...before, ...after].filter(hasFailed)) tellProblem(session.log, hook, 'error', false);
  keepFreshness(input, artifact);
  return success && [...before, ...after].every((result) => !hasFailed(result));
};

function keepFreshness({ args: { output }, targetPath, log }: CommandInput, all: Dict): void {
  const results = (all.results as readonly Dict[]).filter(({ status }) => status !== 'runtime error');
  const artifact = { ...all, results };
  if (typeof output === 'string' && output !== '')
    writeArtifact({ targetPath: path.resolve(path.dirname(output)) }, path.basename(output), artifact);
  else writeArtifact({ targetPath }, 'sources.json', artifact);
  log.fire({ name: 'FreshnessCheckComplete', code: 'Q051', level: 'info', msg: 'Done.' });
}

/** Without sources that can be judged no database is opened: the one of the profile need not be there. */
export function leaveFreshness(input: CommandInput): number {
  tellNothing(input.log);
  keepFreshness(input, freshnessArtifact(input.parsed, [], 0));
  return exitCodes.ok;
}

/** Whether an on-run-start that failed leaves everything else undone. */
const skipsNodes = ({ parsed }: RunSession): boolean => parsed.flags.SKIP_NODES_IF_ON_RUN_START_FAILS !== false;

const runsFreshnessHooks = ({ parsed }: RunSession): boolean =>
  parsed.flags.SOURCE_FRESHNESS_RUN_PROJECT_HOOKS !== false;
