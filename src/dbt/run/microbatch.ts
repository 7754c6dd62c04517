import { hostFunction, PyError, type Value } from '../../jinja/index.ts';
import { failureText } from '../context/run-errors.ts';
import { relationOfNode } from '../context/run-refs.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { type Batch, type BatchSize, batchId, batchName, batchSizeOf, planBatches, timeText } from './batches.ts';
import { compileNode } from './compile.ts';
import { relationText, statusLine } from './lines.ts';
import { materialize } from './materialize.ts';
import type { BatchResults } from './results.ts';
import { onConnection, type RunSession } from './session.ts';
import type { Clock, Outcome } from './timed.ts';

/** A model built window by window; with a strategy macro of the project's own it is built at once unless the flag says otherwise. */
export function isMicrobatch({ parsed }: RunSession, node: ManifestNode): boolean {
  if (node.resource_type !== 'model' || node.config.materialized !== 'incremental') return false;
  if (node.config.incremental_strategy !== 'microbatch') return false;
  const own = parsed.macros.find(parsed.project.name, 'get_incremental_microbatch_sql') !== undefined;
  return !own || parsed.flags.REQUIRE_BATCHED_EXECUTION_FOR_CUSTOM_MICROBATCH_STRATEGY !== false;
}

/** Windows left over from an earlier run, by node: what `retry` builds. */
export const retriedBatches = new WeakMap<ManifestNode, readonly Batch[]>();

interface MicrobatchRun {
  readonly thread: string;
  readonly clock: Clock;
}

export async function runMicrobatch(
  session: RunSession,
  node: ManifestNode,
  { thread, clock }: MicrobatchRun,
): Promise<Outcome> {
  const isIncremental = await existsAsTable(session, node);
  const size = batchSizeOf(node);
  const retried = retriedBatches.get(node);
  const batches =
    retried ??
    planBatches({
      model: node,
      isIncremental,
      eventTimeStart: session.flags.sample?.start ?? session.flags.eventTimeStart,
      eventTimeEnd: session.flags.sample?.end ?? session.flags.eventTimeEnd,
      now: session.parsed.runStartedAt,
    });
  clock.compiled();
  const results: { -readonly [K in keyof BatchResults]: [string, string][] } = { successful: [], failed: [] };
  let lastError: unknown;
  for (const [index, batch] of batches.entries()) {
    if (session.stopped) break;
    const window: [string, string] = [timeText(batch.start), timeText(batch.end)];
    if (index > 0 && results.successful.length === 0 && !isIncremental && retried === undefined) {
      results.failed.push(window); // the table was not made: later windows have nowhere to go
      continue;
    }
    const error = await runBatch(session, node, {
      batch,
      index,
      total: batches.length,
      size,
      thread,
      isIncremental: isIncremental || index > 0,
    });
    if (error === undefined) results.successful.push(window);
    else {
      results.failed.push(window);
      lastError = error;
    }
  }
  return outcomeOf(node, results, lastError);
}

function outcomeOf(node: ManifestNode, batchResults: BatchResults, error: unknown): Outcome {
  const { successful, failed } = batchResults;
  if (failed.length === 0) return { status: 'success', message: 'SUCCESS', failures: 0, batchResults };
  const text = error === undefined ? null : failureText(error, node);
  if (successful.length === 0)
    return { status: 'error', message: text ?? 'ERROR', failures: failed.length, batchResults };
  return {
    status: 'partial success',
    message: `PARTIAL SUCCESS (${successful.length}/${successful.length + failed.length})`,
    failures: failed.length,
    batchResults,
  };
}

const existsAsTable = (session: RunSession, node: ManifestNode): Promise<boolean> =>
  onConnection(session, node.unique_id, async (connect) => {
    const refresh = node.config.full_refresh ?? session.flags.fullRefresh;
    if (refresh === true) return false;
    const relation = relationOfNode(session, node);
    await session.cache.fill(await connect(), [{ database: node.database ?? '', schema: node.schema }]);
    return session.cache.find(relation)?.type === 'table';
  });

interface BatchRun {
  readonly batch: Batch;
  readonly index: number;
  readonly total: number;
  readonly size: BatchSize;
  readonly thread: string;
  readonly isIncremental: boolean;
}

/** Builds one window; the error when it failed. Only the first window runs pre-hooks, only the last post-hooks. */
async function runBatch(session: RunSession, node: ManifestNode, run: BatchRun): Promise<unknown> {
  const { batch, index, total, size, thread, isIncremental } = run;
  const name = batchName(batch, size);
  const what = `batch ${name} of ${relationText(node)}`;
  const tell = (text: string, status: string, seconds?: number): void =>
    session.log.fire({
      name: seconds === undefined ? 'LogStartBatch' : 'LogBatchResult',
      code: seconds === undefined ? 'Q047' : 'Q045',
      level: status === 'ERROR' ? 'error' : 'info',
      msg: statusLine({
        prefix: 'Batch ',
        text,
        status,
        index: index + 1,
        total,
        width: session.flags.printerWidth,
        ...(seconds === undefined ? {} : { seconds }),
      }),
      thread,
    });
  const copy: ManifestNode = {
    ...node,
    config: {
      ...node.config,
      ...(index === 0 ? {} : { 'pre-hook': [] }),
      ...(index === total - 1 ? {} : { 'post-hook': [] }),
    },
    batch: { id: batchId(batch, size), event_time_start: timeText(batch.start), event_time_end: timeText(batch.end) },
  };
  delete copy.compiled_code;
  copy.extra_ctes_injected = false;
  tell(`START ${what}`, 'RUN');
  const started = performance.now();
  const options = {
    thread,
    batch: name.replaceAll(':', '-'),
    window: { start: timeText(batch.start), end: timeText(batch.end) },
    ...(isIncremental ? { replacedMacros: incrementalMacros } : {}),
  };
  try {
    await onConnection(session, node.unique_id, async (connection) => {
      await compileNode(session, copy, { connection, ...options });
      await materialize(session, copy, { connection, ...options });
    });
    tell(`OK created ${what}`, 'OK', (performance.now() - started) / 1000);
    return undefined;
  } catch (error) {
    tell(`ERROR creating ${what}`, 'ERROR', (performance.now() - started) / 1000);
    session.log.fire({
      name: 'RunResultError',
      code: 'Z024',
      level: 'error',
      msg: `  ${failureText(error, node)}`,
      thread,
    });
    return error ?? new PyError('DbtRuntimeError', 'the batch failed');
  }
}

/** Every window but the first of a new table adds to what is there. */
const incrementalMacros: ReadonlyMap<string, Value> = new Map([
  ['is_incremental', hostFunction('is_incremental', () => true)],
  ['should_full_refresh', hostFunction('should_full_refresh', () => false)],
]);
