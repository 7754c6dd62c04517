import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { type Batch, parseTime } from '../run/batches.ts';
import { retriedBatches } from '../run/microbatch.ts';
import type { RunSession } from '../run/session.ts';

interface EarlierResult {
  readonly unique_id: string;
  readonly status: string;
  readonly batch_results?: { readonly failed?: readonly (readonly [string, string])[] } | null;
}

/** The run that `retry` repeats. */
export interface EarlierRun {
  readonly which: string;
  readonly args: Dict;
  readonly results: readonly EarlierResult[];
}

const retryable = new Set(['error', 'fail', 'skipped', 'runtime error', 'partial success']);
const repeatable = new Set([
  'build',
  'clone',
  'compile',
  'docs',
  'generate',
  'run',
  'run-operation',
  'seed',
  'snapshot',
  'source',
  'test',
]);
/** Arguments of the earlier run that belong to its place, not to what it did. */
const placeBound = new Set([
  'log_path',
  'output_path',
  'profiles_dir',
  'project_dir',
  'defer_state',
  'deprecated_state',
  'target_path',
  'warn_error',
  'state',
  'invocation_command',
]);

const readResults = (file: string): { args: Dict; results: EarlierResult[] } => JSON.parse(readFileSync(file, 'utf8'));

/** Reads run_results.json of a folder. NotFound when nothing was run before. */
export function readEarlierRun(folder: string): EarlierRun {
  const file = path.join(folder, 'run_results.json');
  const { args, results } = existsSync(file) ? readResults(file) : { args: {}, results: [] };
  if (results.length === 0)
    throw new DuckhouseError('NotFound', `could not find previous run in '${folder}' target directory`, {
      id: 'dbt-no-earlier-run',
      context: { folder },
      hint: 'run a command such as dbt build first',
    });
  const which = String(args.which ?? '');
  if (!repeatable.has(which)) throw new DuckhouseError('InvalidArgument', `retry cannot repeat the command '${which}'`);
  return { which, args: Object.fromEntries(Object.entries(args).filter(([name]) => !placeBound.has(name))), results };
}

export const isDone = ({ which, results }: EarlierRun): boolean =>
  which === 'run-operation' && !results.some(({ status }) => retryable.has(status));

/** What failed or was skipped; hooks are run anyway. Windows of microbatch models that failed are the only ones built again. */
export function failedIds(session: RunSession, { results }: EarlierRun, warnError: boolean): string[] {
  const { manifest, graph } = session.parsed;
  return results.flatMap(({ unique_id: id, status, batch_results }) => {
    if (!retryable.has(status) && !(warnError && status === 'warn')) return [];
    if (id.startsWith('operation.')) return [];
    if (!graph.parents.has(id))
      throw new DuckhouseError('NotFound', `retry: ${id} is no longer there, or disabled`, { context: { node: id } });
    const failed = batch_results?.failed ?? [];
    const node = manifest.nodes[id];
    if (failed.length > 0 && node !== undefined) retriedBatches.set(node, failed.map(toBatch));
    return [id];
  });
}

const toBatch = ([start, end]: readonly [string, string]): Batch => ({ start: parseTime(start), end: parseTime(end) });
