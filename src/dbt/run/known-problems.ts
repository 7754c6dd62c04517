import { isDuckhouseError } from '../../errors.ts';
import { PyError } from '../../jinja/index.ts';
import type { CheckOutcome } from '../check/problem.ts';
import { failureText } from '../context/run-errors.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { nodeOf } from './results.ts';
import type { RunSession } from './session.ts';

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

/** What DuckDB says of a text it does not take. */
const refusals: ReadonlySet<unknown> = new Set(['Binder', 'Catalog', 'Parser']);

/** Runs a node like any other; if DuckDB does not take its text, as was told, the error says where it comes from. */
export async function withPlace<T>(session: RunSession, node: ManifestNode, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const problem = session.problems.get(node.unique_id);
    if (problem === undefined || !isDuckhouseError(error) || !refusals.has(error.context.errorType)) throw error;
    const { kind, context, message } = error;
    throw new PyError('DbtRuntimeError', `${message}\n\nat ${problem.place}`, { kind, context, cause: error });
  }
}

/** The error of a node that cannot run. */
export const knownProblem = ({ problems }: RunSession, node: ManifestNode): PyError =>
  new PyError('DbtRuntimeError', problems.get(node.unique_id)?.message ?? '');
