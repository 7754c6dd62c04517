import type { Engine } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import type { Language } from '../../messages/index.ts';
import type { EventLog } from '../events/events.ts';
import type { Dict } from '../manifest-types.ts';
import type { Env, ParsedProject } from '../project-types.ts';
import { hasFailed, type NodeResult } from '../run/results.ts';
import { buildNode } from '../run/run-nodes.ts';
import type { RunFlags, RunSession } from '../run/session.ts';
import { type EarlierRun, failedIds } from './retry.ts';
import { runTask, type TaskOptions } from './task.ts';

export interface CommandInput {
  readonly parsed: ParsedProject;
  readonly log: EventLog;
  readonly env: Env;
  /** Arguments by dbt's names, as run_results.json keeps them. */
  readonly args: Dict;
  /** Absolute. */
  readonly targetPath: string;
  readonly signal?: AbortSignal | undefined;
  readonly engine?: Engine | undefined;
  readonly language?: Language | undefined;
  /** The selected ids, in graph order, of the given kinds. */
  select(kinds: readonly string[]): readonly string[];
  /** The run that `retry` repeats; `args` are those of that run then. */
  readonly retried?: EarlierRun | undefined;
}

/** Exit codes of dbt. */
export const exitCodes = { ok: 0, failed: 1, error: 2 } as const;

/** Whether it went well, or the exit code. */
export type Command = (session: RunSession, input: CommandInput) => Promise<boolean | number>;

export function task(kinds: readonly string[], options: Partial<TaskOptions> = {}): Command {
  return async (session, input) => {
    session.selected = selection(session, input, kinds);
    const outcome = await runTask(session, {
      runner: buildNode,
      kinds: new Set(kinds),
      builds: true,
      testsFirst: false,
      lines: true,
      ...options,
    });
    return outcome.success;
  };
}

function selection(session: RunSession, input: CommandInput, kinds: readonly string[]): readonly string[] {
  if (input.retried === undefined) return input.select(kinds);
  const failed = new Set(failedIds(session, input.retried, session.flags.warnError));
  return session.parsed.graph.order.filter((id) => failed.has(id));
}

export const isJson = ({ args }: RunFlags): boolean => args.output === 'json' || args.output_format === 'json';

export const usage = (message: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { hint: 'see: duckhouse dbt --help' });

/** What does not compile ends the command as an error; what compiles, but cannot run, fails it. */
export const endOf = ({ problems }: RunSession, results: readonly NodeResult[]): number =>
  results.some((result) => hasFailed(result) && !problems.has(result.node.unique_id))
    ? exitCodes.error
    : exitCodes.failed;

export function tellErrors({ log }: RunSession, results: readonly NodeResult[]): void {
  for (const { message } of results.filter(hasFailed))
    log.fire({ name: 'RunResultError', code: 'Z024', level: 'error', msg: message ?? '' });
}
