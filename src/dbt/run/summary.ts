import { failureText } from '../context/template-errors.ts';
import type { DbtEvent, EventLog } from '../events/events.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { elapsedText, finishedText, runName, tally } from './lines.ts';
import { nodeInfo } from './node-info.ts';
import { hasFailed, type NodeResult } from './results.ts';

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

export interface SummaryParts {
  readonly log: EventLog;
  /** Nodes and hooks, in the order they ended. */
  readonly results: readonly NodeResult[];
  /** Without them the line of what was finished is not told. */
  readonly seconds?: number;
  readonly interrupted: boolean;
}

/** The lines after a run: what was finished, every error and warning again, and the counts. */
export function tellSummary({ log, results, seconds, interrupted }: SummaryParts): void {
  const info = (msg: string, name = 'Formatting', code = 'Z017', data = {}): void =>
    log.fire({ name, code, level: 'info', msg, data });
  if (seconds !== undefined) tellFinished(log, results, seconds);
  const errors = results.filter(isError);
  const partial = results.filter(({ status }) => status === 'partial success');
  const warnings = results.filter(({ status }) => status === 'warn');
  info('');
  const message = endMessage(errors.length, partial.length, warnings.length, interrupted);
  log.fire({
    name: 'EndOfRunSummary',
    code: 'Z030',
    level: 'info',
    msg: message,
    data: {
      num_errors: errors.length,
      num_partial_success: partial.length,
      num_warnings: warnings.length,
      keyboard_interrupt: interrupted,
    },
  });
  for (const result of errors) tellProblem(log, result, 'error');
  for (const result of warnings) tellProblem(log, result, 'warn');
  info('');
  const stats = tally(results);
  const { pass, warn, error, skip, noop, reused, total } = stats;
  info(
    `Done. PASS=${pass} WARN=${warn} ERROR=${error} SKIP=${skip} NO-OP=${noop} REUSED=${reused} TOTAL=${total}`,
    'StatsLine',
    'Z023',
    { stats },
  );
}

export const tellFinished = (log: EventLog, results: readonly NodeResult[], seconds: number): void =>
  log.fire({
    name: 'FinishedRunningStats',
    code: 'E047',
    level: 'info',
    msg: `Finished running ${finishedText(results)}${elapsedText(seconds)} (${seconds.toFixed(2)}s).`,
    data: { stat_line: finishedText(results), execution: elapsedText(seconds), execution_time: seconds },
  });

/** A node that an ephemeral model kept from running counts as an error. */
const isError = (result: NodeResult): boolean =>
  result.status === 'skipped'
    ? result.message !== null && result.node.resource_type !== 'exposure'
    : hasFailed(result) && result.status !== 'partial success';

function endMessage(errors: number, partial: number, warnings: number, interrupted: boolean): string {
  if (interrupted) return 'Exited because of keyboard interrupt';
  if (errors === 0 && partial > 0)
    return `Completed with ${plural(partial, 'partial success', 'partial successes')} and ${plural(warnings, 'warning', 'warnings')}`;
  if (errors > 0)
    return `Completed with ${plural(errors, 'error', 'errors')}, ${plural(partial, 'partial success', 'partial successes')}, and ${plural(warnings, 'warning', 'warnings')}:`;
  return warnings > 0 ? `Completed with ${plural(warnings, 'warning', 'warnings')}:` : 'Completed successfully';
}

/** Tells what is wrong with a node, in the summary or, with what it keeps from running, without a line before. */
export function tellProblem(
  log: EventLog,
  { node, message, error, status }: NodeResult,
  level: 'error' | 'warn',
  apart = true,
): void {
  // One that was skipped told why when it was.
  if (status === 'skipped') return;
  const info = nodeInfo(node, 'None', '', '');
  const fire = (event: Pick<DbtEvent, 'name' | 'code' | 'level' | 'msg' | 'data'>): void =>
    log.fire({ ...event, data: { ...event.data, node_info: info } });
  const blank = (): void => log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
  const isError = level === 'error';
  if (apart) blank();
  fire({
    name: isError ? 'RunResultFailure' : 'RunResultWarning',
    code: isError ? 'Z022' : 'Z021',
    level,
    msg: `${isError ? '[ERROR]' : '[WARNING]'}: in ${node.resource_type} ${runName(node)} (${node.original_file_path})`,
    data: { node_name: node.name, path: node.original_file_path, resource_type: node.resource_type },
  });
  const text = message ?? (error === undefined ? 'Status: error' : failureText(error, node));
  fire({
    name: isError ? 'RunResultError' : 'RunResultWarningMessage',
    code: 'Z024',
    level,
    msg: `${!isError && message !== null ? '[WARNING]:' : ' '} ${text}`,
    data: { msg: text },
  });
  const { compiled_path: compiled, relation_name: relation, config } = node as Partial<ManifestNode>;
  if (compiled !== undefined && compiled !== null) {
    blank();
    const msg = `  compiled code at ${compiled}`;
    fire({ name: 'SQLCompiledPath', code: 'Z026', level: 'info', msg, data: { path: compiled } });
  }
  if (node.resource_type === 'test' && relation && config?.store_failures === true) {
    const query = `select * from ${relation}`;
    const rule = '-'.repeat(query.length);
    blank();
    const msg = `  See test failures:\n  ${rule}\n  ${query}\n  ${rule}`;
    fire({ name: 'CheckNodeTestFailure', code: 'Z027', level: 'info', msg, data: { relation_name: relation } });
  }
}
