/** How old the newest row of a source is, and what its thresholds say of that. */
import { fromJs, PyDateTime, PyDict, PyError, type Value } from '../../jinja/index.ts';
import { RelationObject } from '../adapter/relation-object.ts';
import { TableObject } from '../adapter/table-object.ts';
import { failureText } from '../context/template-errors.ts';
import type { FreshnessThreshold, FreshnessTime, SourceNode } from '../manifest-types.ts';
import { pluginOf } from '../parse/source-relation.ts';
import { createNodeContext } from '../run/context/node-context.ts';
import { relationOfSource } from '../run/context/refs.ts';
import { responseOf } from '../run/materialize.ts';
import { loadSource } from '../run/plugins.ts';
import type { AdapterResponse } from '../run/results.ts';
import { onConnection, type RunSession } from '../run/session.ts';
import { inlineNode } from './inline.ts';

export type FreshnessStatus = 'pass' | 'warn' | 'error' | 'runtime error';

export interface FreshnessResult {
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

export async function measureFreshness(
  session: RunSession,
  source: SourceNode,
  thread: string,
): Promise<FreshnessResult> {
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
    if (pluginOf(source) !== undefined) await loadSource(session, source);
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
