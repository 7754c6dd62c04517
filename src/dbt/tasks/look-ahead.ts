import { failureText } from '../context/template-errors.ts';
import type { CheckOutcome } from '../run/problem.ts';
import { nodeOf } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';

/**
 * Binds what will run, where `--validate` or the command asks for it, and tells what cannot; those nodes run
 * like any other when their turn comes. Nothing is stopped by a check that fails itself.
 */
export async function lookAhead(session: RunSession, ids: readonly string[]): Promise<void> {
  const { flags, log, text } = session;
  // One query alone is told wrong as soon as it runs.
  if (!flags.validate || (ids.length < 2 && flags.args.validate !== true)) return;
  const started = performance.now();
  const { problems, checked, total } = await check(session, ids);
  session.problems = problems;
  const elapsed = (performance.now() - started) / 1000;
  const isTold = problems.size > 0 || flags.args.validate === true;
  log.fire({
    name: 'NodesValidated',
    level: problems.size > 0 ? 'error' : isTold ? 'info' : 'debug',
    msg: text('dbt.validated', { checked, total, count: problems.size, seconds: elapsed.toFixed(2) }),
    data: { checked, total, problems: problems.size, elapsed },
  });
  for (const [id, { place, reason, message }] of problems) {
    const node = nodeOf(session.parsed.manifest, id);
    log.fire({
      name: 'NodeProblem',
      level: 'error',
      msg: `  ${place}: ${reason}`,
      data: { unique_id: id, node_name: node?.name ?? '', place, reason, message },
    });
  }
  if (isTold) log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
}

async function check(session: RunSession, ids: readonly string[]): Promise<CheckOutcome> {
  const { checkNodes } = await import('../check/check.ts');
  try {
    return await checkNodes(session, ids);
  } catch (error) {
    if (session.signal?.aborted !== true)
      session.log.fire({ name: 'ValidationFailed', level: 'debug', msg: failureText(error, undefined) });
    return { problems: new Map(), checked: 0, total: 0 };
  }
}
