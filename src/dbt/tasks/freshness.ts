/** `source freshness`: how old sources are, and `sources.json`. */
import type { Dict, SourceNode } from '../manifest-types.ts';
import type { ParsedProject } from '../project-types.ts';
import { runQueue } from '../run/queue.ts';
import { artifactMetadata, type NodeResult, type RunNode, responseEntry } from '../run/results.ts';
import { tellSkip } from '../run/run-nodes.ts';
import type { RunSession } from '../run/session.ts';
import { tellFinished } from '../run/summary.ts';
import { tellResult, tellStart } from './freshness-lines.ts';
import { type FreshnessResult, hasFreshness, measureFreshness } from './freshness-read.ts';

export interface FreshnessOutcome {
  /** The content of sources.json, with errors, which the file leaves out. */
  readonly artifact: Dict;
  readonly success: boolean;
  /** As hooks at the end see them. */
  readonly results: readonly NodeResult[];
}

/** Reads how old the newest row of each source is; those that are skipped are told, and have no result. */
export async function checkFreshness(
  session: RunSession,
  ids: readonly string[],
  isSkipped = false,
): Promise<FreshnessOutcome> {
  const { manifest } = session.parsed;
  const started = performance.now();
  const sources = ids
    .flatMap((id) => (manifest.sources[id] === undefined ? [] : [manifest.sources[id]]))
    .filter(hasFreshness)
    .sort((a, b) => (a.unique_id < b.unique_id ? -1 : 1));
  const results: FreshnessResult[] = [];
  const total = sources.length;
  if (isSkipped)
    for (const [i, source] of sources.entries())
      tellSkip(session, source as unknown as RunNode, { index: i + 1, total, thread: 'main' });
  await runQueue({
    ids: isSkipped ? [] : sources.map(({ unique_id }) => unique_id),
    parentsOf: new Map(),
    threads: session.flags.threads,
    stopped: () => session.stopped || session.signal?.aborted === true,
    async run(id, thread) {
      const source = manifest.sources[id] as SourceNode;
      const index = sources.indexOf(source) + 1;
      tellStart(session, { source, text: 'START freshness of', status: 'RUN', index, total, thread });
      const result = await measureFreshness(session, source, thread);
      results.push(result);
      tellResult(session, result, { index, total, thread });
      return undefined;
    },
  });
  const taken = (performance.now() - started) / 1000;
  if (results.length > 0) tellEnd(session, results, taken);
  return {
    success: results.every(({ status }) => status !== 'error' && status !== 'runtime error'),
    results: results.map(hookResult),
    artifact: freshnessArtifact(session.parsed, results, taken),
  };
}

/** The content of sources.json. */
export function freshnessArtifact(
  { manifest: { metadata }, invocationId, runStartedAt }: ParsedProject,
  results: readonly FreshnessResult[],
  seconds: number,
): Dict {
  return {
    metadata: artifactMetadata('sources/v3', {
      dbtVersion: metadata.dbt_version,
      invocationId,
      invocationStartedAt: runStartedAt,
      env: metadata.env,
    }),
    results: results.map(entry),
    elapsed_time: seconds,
  };
}

const hookResult = ({ source, status, startedAt, completedAt, thread, error }: FreshnessResult): NodeResult => ({
  node: source as unknown as RunNode,
  status: status === 'runtime error' ? 'runtime error' : status,
  message: error ?? null,
  failures: null,
  timing: [{ name: 'execute', startedAt, completedAt }],
  threadId: thread,
  executionTime: (completedAt.getTime() - startedAt.getTime()) / 1000,
  adapterResponse: null,
  batchResults: null,
});

const instant = (time: Date): string => time.toISOString().replace('Z', '000Z');

function entry({
  source,
  status,
  maxLoadedAt,
  snapshottedAt,
  error,
  startedAt,
  completedAt,
  thread,
  times,
  response,
}: FreshnessResult): Dict {
  if (maxLoadedAt === undefined || snapshottedAt === undefined)
    return { unique_id: source.unique_id, error: error ?? null, status };
  return {
    unique_id: source.unique_id,
    max_loaded_at: times?.[0] ?? instant(maxLoadedAt),
    snapshotted_at: times?.[1] ?? instant(snapshottedAt),
    max_loaded_at_time_ago_in_s: (snapshottedAt.getTime() - maxLoadedAt.getTime()) / 1000,
    status,
    criteria: source.freshness,
    adapter_response: response === undefined ? {} : responseEntry(response),
    timing: [
      { name: 'compile', started_at: instant(startedAt), completed_at: instant(startedAt) },
      { name: 'execute', started_at: instant(startedAt), completed_at: instant(completedAt) },
    ],
    thread_id: thread,
    execution_time: (completedAt.getTime() - startedAt.getTime()) / 1000,
  };
}

/** The last lines: what was looked at, then each error. */
function tellEnd({ log }: RunSession, results: readonly FreshnessResult[], seconds: number): void {
  log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
  tellFinished(log, results.map(hookResult), seconds);
  for (const { error } of results)
    if (error !== undefined) log.fire({ name: 'RunResultError', code: 'Z024', level: 'error', msg: `  ${error}` });
}
