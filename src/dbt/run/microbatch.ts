import { PyError, type Value } from '../../jinja/index.ts';
import { fillCache } from '../adapter/relation-methods.ts';
import { momentValue } from '../context/dates.ts';
import { failureText } from '../context/template-errors.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { type Batch, type BatchSize, batchId, batchName, batchSizeOf, planBatches, timeText } from './batches.ts';
import { compileNode } from './compile.ts';
import { createNodeContext } from './context/node-context.ts';
import { relationOfNode } from './context/refs.ts';
import { pointToLatest } from './latest-version.ts';
import { relationText, statusLine } from './lines.ts';
import { materialize } from './materialize.ts';
import { nodeInfo } from './node-info.ts';
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
  const run = { batches, size, thread, isIncremental };
  const outcome = outcomeOf(node, batches, await runBatches(session, node, run));
  if (outcome.status === 'success')
    await onConnection(session, node.unique_id, (connection) =>
      pointToLatest(session, node, { connection, thread }, relationOfNode(session, node)),
    );
  return outcome;
}

interface BatchesRun {
  readonly batches: readonly Batch[];
  readonly size: BatchSize;
  readonly thread: string;
  readonly isIncremental: boolean;
}

/** Of a window that was not begun. */
const notRun = Symbol('not run');

/**
 * The first window runs alone, and when it fails the others do not run; the last one runs when all others have ended.
 * Those between run on threads that have nothing else to do, where that is allowed. Resolves with the error of each
 * window that failed.
 */
async function runBatches(session: RunSession, node: ManifestNode, run: BatchesRun): Promise<Map<number, unknown>> {
  const { batches, isIncremental } = run;
  const last = batches.length - 1;
  const errors = new Map<number, unknown>();
  const one = async (index: number, thread = run.thread): Promise<void> => {
    const batch = batches[index] as Batch;
    const place = { ...run, batch, index, total: batches.length, thread, isIncremental: isIncremental || index > 0 };
    const isSkipped = index > 0 && errors.has(0);
    if (isSkipped) tellSkipped(session, node, place);
    if (isSkipped || session.stopped) return void errors.set(index, notRun);
    const error = await runBatch(session, node, place);
    if (error !== undefined) errors.set(index, error);
  };
  await one(0);
  const isConcurrent = mayRunBeside(node) && !errors.has(0);
  const beside = new Set<Promise<void>>();
  for (let index = 1; index < last; index++) {
    if (!isConcurrent || session.busy >= session.flags.threads) {
      await one(index);
      continue;
    }
    session.busy++;
    const work = one(index, `${run.thread.replace(')', '')}, window ${index + 1})`).finally(() => {
      session.busy--;
      beside.delete(work);
    });
    beside.add(work);
  }
  await Promise.all(beside);
  if (last > 0) await one(last);
  return errors;
}

/** Windows of a model that reads what it has built so far follow one another, unless the model says otherwise. */
function mayRunBeside({ config, raw_code }: ManifestNode): boolean {
  if (typeof config.concurrent_batches === 'boolean') return config.concurrent_batches;
  const code = raw_code.replace(/\{#[\s\S]*?#\}/g, '');
  return ![...code.matchAll(/\{[{%]([\s\S]*?)[%}]\}/g)].some(([, inside = '']) => /(?<![.\w'"])this\b/.test(inside));
}

function outcomeOf(node: ManifestNode, batches: readonly Batch[], errors: ReadonlyMap<number, unknown>): Outcome {
  const windows = (isFailed: boolean): [string, string][] =>
    batches
      .filter((_, index) => errors.has(index) === isFailed)
      .map(({ start, end }) => [isoText(start), isoText(end)]);
  const batchResults: BatchResults = { successful: windows(false), failed: windows(true) };
  const { successful, failed } = batchResults;
  if (failed.length === 0) return { status: 'success', message: 'SUCCESS', failures: 0, batchResults };
  if (successful.length > 0)
    return {
      status: 'partial success',
      message: `PARTIAL SUCCESS (${successful.length}/${successful.length + failed.length})`,
      failures: 0,
      batchResults,
    };
  const error = [...errors.values()].find((one) => one !== notRun);
  return {
    status: 'error',
    message: error === undefined ? 'ERROR' : failureText(error, node),
    failures: 0,
    batchResults,
  };
}

/** As artifacts hold the time. */
const isoText = (time: Date): string => timeText(time).replace(' ', 'T');

const existsAsTable = (session: RunSession, node: ManifestNode): Promise<boolean> =>
  onConnection(session, node.unique_id, async (connect) => {
    const refresh = node.config.full_refresh ?? session.flags.fullRefresh;
    if (refresh === true) return false;
    const relation = relationOfNode(session, node);
    const { adapter } = createNodeContext({ session, node, connection: connect });
    await fillCache(adapter, [{ database: node.database ?? '', schema: node.schema }]);
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

const describeBatch = (node: ManifestNode, { batch, size }: BatchRun): string =>
  `batch ${batchName(batch, size)} of ${relationText(node)}`;

interface BatchLine {
  readonly run: BatchRun;
  readonly text: string;
  readonly status: string;
  readonly seconds?: number | undefined;
}

function tellBatch({ log, flags }: RunSession, node: ManifestNode, { run, text, status, seconds }: BatchLine): void {
  const { index, total, thread } = run;
  const isStart = seconds === undefined;
  const place = { prefix: 'Batch ', text, status, index: index + 1, total, width: flags.printerWidth };
  log.fire({
    name: isStart ? 'LogStartBatch' : 'LogBatchResult',
    code: isStart ? 'Q045' : 'Q046',
    level: status === 'ERROR' ? 'error' : 'info',
    msg: statusLine({ ...place, ...(isStart ? {} : { seconds }) }),
    data: {
      description: describeBatch(node, run),
      batch_index: index + 1,
      total_batches: total,
      ...(isStart ? {} : { status: status === 'OK' ? status : status.toLowerCase(), execution_time: seconds }),
      node_info: nodeInfo(node, isStart ? 'started' : status.toLowerCase(), '', ''),
    },
    thread,
  });
}

const tellSkipped = (session: RunSession, node: ManifestNode, run: BatchRun): void =>
  tellBatch(session, node, { run, text: `SKIP ${describeBatch(node, run)}`, status: 'SKIPPED', seconds: 0 });

/** Builds one window; the error when it failed. Only the first window runs pre-hooks, only the last post-hooks. */
async function runBatch(session: RunSession, node: ManifestNode, run: BatchRun): Promise<unknown> {
  const { batch, index, total, size, thread, isIncremental } = run;
  const name = batchName(batch, size);
  const what = describeBatch(node, run);
  const tell = (text: string, status: string, seconds?: number): void =>
    tellBatch(session, node, { run, text, status, seconds });
  const [start, end] = [momentValue(batch.start), momentValue(batch.end)];
  const copy: ManifestNode = {
    ...node,
    config: {
      ...node.config,
      // Names from before there was `model.batch`, which strategies of projects still read.
      __dbt_internal_microbatch_event_time_start: start,
      __dbt_internal_microbatch_event_time_end: end,
      ...(index === 0 ? {} : { 'pre-hook': [] }),
      ...(index === total - 1 ? {} : { 'post-hook': [] }),
    },
    batch: {
      id: batchId(batch, size),
      event_time_start: start,
      event_time_end: end,
    },
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
  ['is_incremental', true],
  ['should_full_refresh', false],
]);
