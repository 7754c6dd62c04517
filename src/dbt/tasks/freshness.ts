import { fromJs, PyDateTime, PyDict, PyError, type Value } from '../../jinja/index.ts';
import { RelationObject } from '../adapter/relation-object.ts';
import { TableObject } from '../adapter/table-object.ts';
import { failureText } from '../context/template-errors.ts';
import type { Dict, FreshnessThreshold, FreshnessTime, SourceNode } from '../manifest-types.ts';
import type { ParsedProject } from '../project-types.ts';
import { createNodeContext } from '../run/context/node-context.ts';
import { relationOfSource } from '../run/context/refs.ts';
import { statusLine } from '../run/lines.ts';
import { responseOf } from '../run/materialize.ts';
import { runQueue } from '../run/queue.ts';
import {
  type AdapterResponse,
  artifactMetadata,
  type NodeResult,
  type RunNode,
  responseEntry,
} from '../run/results.ts';
import { tellSkip } from '../run/run-nodes.ts';
import { onConnection, type RunSession } from '../run/session.ts';
import { tellFinished } from '../run/summary.ts';
import { inlineNode } from './inline.ts';

type FreshnessStatus = 'pass' | 'warn' | 'error' | 'runtime error';

interface FreshnessResult {
  readonly source: SourceNode;
  readonly status: FreshnessStatus;
  readonly maxLoadedAt?: Date;
  readonly snapshottedAt?: Date;
  /** The times as the database has them, to the microsecond. */
  readonly times?: readonly [string, string];
  readonly response?: AdapterResponse;
  readonly error?: string;
  readonly startedAt: Date;
  readonly completedAt: Date;
  readonly thread: string;
}

/** Sources whose freshness can be told: a loaded-at column or query, and a threshold. */
export const hasFreshness = ({ freshness }: SourceNode): boolean =>
  freshness !== null && (isThreshold(freshness.warn_after) || isThreshold(freshness.error_after));

const isThreshold = (time: FreshnessTime | null): boolean =>
  time !== null && time !== undefined && Number(time.count) > 0 && time.period !== null;

const seconds: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

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
      tell(session, { source, text: 'START freshness of', status: 'RUN', index, total, thread });
      const result = await measure(session, source, thread);
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

async function measure(session: RunSession, source: SourceNode, thread: string): Promise<FreshnessResult> {
  const startedAt = new Date();
  const base = { source, startedAt, thread };
  try {
    const { maxLoadedAt, snapshottedAt, ...rest } = await readFreshness(session, source);
    const age = (snapshottedAt.getTime() - maxLoadedAt.getTime()) / 1000;
    return {
      ...base,
      status: judge(source.freshness as FreshnessThreshold, age),
      maxLoadedAt,
      snapshottedAt,
      ...rest,
      completedAt: new Date(),
    };
  } catch (error) {
    return { ...base, status: 'runtime error', error: failureText(error, source), completedAt: new Date() };
  }
}

function judge({ warn_after, error_after }: FreshnessThreshold, age: number): FreshnessStatus {
  const exceeds = (time: FreshnessTime | null): boolean =>
    isThreshold(time) && age > Number(time?.count) * (seconds[String(time?.period)] ?? 0);
  if (exceeds(error_after)) return 'error';
  return exceeds(warn_after) ? 'warn' : 'pass';
}

type Read = Required<Pick<FreshnessResult, 'maxLoadedAt' | 'snapshottedAt' | 'times' | 'response'>>;

function readFreshness(session: RunSession, source: SourceNode): Promise<Read> {
  return onConnection(session, source.unique_id, async (connection) => {
    const node = {
      ...inlineNode(session, '', source.name),
      package_name: source.package_name,
      resource_type: 'operation' as const,
    };
    const relation = new RelationObject(relationOfSource(source));
    const extra = new Map<string, Value>([
      ['model', fromJs(source)],
      ['this', relation],
    ]);
    const { macros, render } = createNodeContext({ session, node, connection, extra });
    const own = (source.loaded_at_query ?? '') !== '';
    if (!own && !source.loaded_at_field)
      throw new PyError(
        'DbtRuntimeError',
        `freshness of '${source.source_name}.${source.name}' needs a loaded_at_field or a loaded_at_query: DuckDB does not know when a table was changed`,
      );
    const name = own ? 'collect_freshness_custom_sql' : 'collect_freshness';
    const macro = session.parsed.macros.resolve(name, source.package_name);
    if (macro === undefined) throw new PyError('CompilationError', `macro ${name} is missing`);
    const filter = source.freshness?.filter ?? null;
    const label = { path: source.original_file_path, name: source.name };
    const args: Value[] = own
      ? [relation, await render(source.loaded_at_query ?? '', label)]
      : [relation, source.loaded_at_field, filter];
    const value = await macros.run(macro, args, new Map());
    const table = value instanceof PyDict ? value.get('table') : value;
    if (!(table instanceof TableObject) || table.table.rows.length !== 1)
      throw new PyError(
        'DbtRuntimeError',
        `Got an invalid result from "${name}" macro: ${value instanceof TableObject ? `${value.table.rows.length} rows` : 'no table'}`,
      );
    const [loaded, now] = table.table.rows[0] as readonly Value[];
    const maxLoadedAt = loaded === null ? new Date(0) : timeOf(loaded, 'max_loaded_at');
    const snapshottedAt = timeOf(now, 'snapshotted_at');
    return {
      maxLoadedAt,
      snapshottedAt,
      times: [zonedText(loaded, maxLoadedAt), zonedText(now, snapshottedAt)],
      response: responseOf(value instanceof PyDict ? (value.get('response') ?? null) : null),
    };
  });
}

/** A time read from the source; dates count from midnight, UTC. */
function timeOf(value: Value | undefined, what: string): Date {
  if (value instanceof PyDateTime) return new Date(isoText(value.str()));
  const text =
    value === null || value === undefined
      ? ''
      : String(typeof value === 'object' && 'str' in value ? value.str() : value);
  const time = new Date(isoText(text));
  if (Number.isNaN(time.getTime())) throw new PyError('DbtRuntimeError', `${what} is no time: ${text || 'NULL'}`);
  return time;
}

const isoText = (text: string): string => {
  const iso = text.trim().replace(' ', 'T');
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/.test(iso.slice(10));
  return iso.length === 10 ? `${iso}T00:00:00Z` : zoned ? iso : `${iso}Z`;
};

/** As Python writes a moment of UTC: microseconds only where there are some. */
function zonedText(value: Value | undefined, time: Date): string {
  const micros = value instanceof PyDateTime ? value.utc : BigInt(time.getTime()) * 1000n;
  const text = new Date(Number(micros / 1000n)).toISOString().slice(0, 19);
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return `${text}${rest === 0n ? '' : `.${String(rest).padStart(6, '0')}`}+00:00`;
}

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

interface FreshnessLine {
  readonly source: SourceNode;
  readonly text: string;
  readonly status: string;
  readonly index: number;
  readonly total: number;
  readonly thread: string;
}

function tell({ log, flags }: RunSession, { source, text, status, index, total, thread }: FreshnessLine): void {
  log.fire({
    name: 'LogStartLine',
    code: 'Q011',
    level: 'info',
    msg: statusLine({
      text: `${text} ${source.source_name}.${source.name}`,
      status,
      index,
      total,
      width: flags.printerWidth,
    }),
    data: { description: `freshness of ${source.source_name}.${source.name}`, index, total },
    thread,
  });
}

const words: Readonly<Record<FreshnessStatus, readonly [string, string, 'info' | 'warn' | 'error']>> = {
  pass: ['PASS freshness of', 'PASS', 'info'],
  warn: ['WARN freshness of', 'WARN', 'warn'],
  error: ['ERROR STALE freshness of', 'ERROR STALE', 'error'],
  'runtime error': ['ERROR freshness of', 'ERROR', 'error'],
};

function tellResult(
  { log, flags }: RunSession,
  result: FreshnessResult,
  place: { index: number; total: number; thread: string },
): void {
  const [text, status, level] = words[result.status];
  const { source, startedAt, completedAt } = result;
  log.fire({
    name: 'LogFreshnessResult',
    code: 'Q018',
    level,
    msg: statusLine({
      text: `${text} ${source.source_name}.${source.name}`,
      status,
      index: place.index,
      total: place.total,
      seconds: (completedAt.getTime() - startedAt.getTime()) / 1000,
      width: flags.printerWidth,
    }),
    data: {
      status: result.status,
      source_name: source.source_name,
      table_name: source.name,
      index: place.index,
      total: place.total,
    },
    thread: place.thread,
  });
}

/** The last lines: what was looked at, then each error. */
function tellEnd({ log }: RunSession, results: readonly FreshnessResult[], seconds: number): void {
  log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
  tellFinished(log, results.map(hookResult), seconds);
  for (const { error } of results)
    if (error !== undefined) log.fire({ name: 'RunResultError', code: 'Z024', level: 'error', msg: `  ${error}` });
}
