import type { ResultTable } from '../adapter/table.ts';
import type { DbtManifest, Dict, ExposureNode, ManifestNode, UnitTestNode } from '../manifest-types.ts';

export type ResultStatus =
  | 'success'
  | 'error'
  | 'skipped'
  | 'partial success'
  | 'no-op'
  | 'reused'
  | 'pass'
  | 'warn'
  | 'fail'
  | 'runtime error';

export type RunNode = ManifestNode | UnitTestNode | ExposureNode;

export interface Timing {
  readonly name: 'compile' | 'execute';
  readonly startedAt: Date;
  readonly completedAt: Date;
}

export interface AdapterResponse {
  readonly message: string;
  readonly code: string | null;
  readonly rowsAffected: number | null;
}

/** Windows of a microbatch model that were built, and those that were not: `[start, end]` texts. */
export interface BatchResults {
  readonly successful: (readonly [string, string | null])[];
  readonly failed: (readonly [string, string | null])[];
}

/** What came of one node. */
export interface NodeResult {
  readonly node: RunNode;
  readonly status: ResultStatus;
  readonly message: string | null;
  readonly failures: number | null;
  readonly timing: readonly Timing[];
  readonly threadId: string;
  readonly executionTime: number;
  readonly adapterResponse: AdapterResponse | null;
  readonly batchResults: BatchResults | null;
  /** First rows that a test found, when they were asked for. */
  readonly failingRows?: ResultTable | undefined;
  /** A seed's rows, when they were asked for. */
  readonly table?: ResultTable | undefined;
  /** The error behind `error`; its own text is `message`. */
  readonly error?: unknown;
}

const failedStatuses: ReadonlySet<ResultStatus> = new Set(['error', 'fail', 'runtime error', 'partial success']);

export const hasFailed = ({ status }: NodeResult): boolean => failedStatuses.has(status);

/** The text of unit tests that were compiled: it belongs to their results, not to the manifest. */
export const compiledUnitTests = new WeakMap<RunNode, string>();

/** Time as run results write it. */
const instant = (time: Date): string => time.toISOString().replace('Z', '000Z');

/** One entry of run_results.json, and of `results` in on-run-end hooks. */
export function resultEntry(result: NodeResult): Dict {
  const { node, status, message, failures, timing, threadId, executionTime, adapterResponse, batchResults } = result;
  const compiled = node as Partial<ManifestNode>;
  const isSql = 'raw_code' in node && node.resource_type !== 'seed';
  const testCode = compiledUnitTests.get(node);
  return {
    status,
    timing: timing.map(({ name, startedAt, completedAt }) => ({
      name,
      started_at: instant(startedAt),
      completed_at: instant(completedAt),
    })),
    thread_id: threadId,
    execution_time: executionTime,
    adapter_response: adapterResponse === null ? {} : responseEntry(adapterResponse),
    message,
    failures,
    unique_id: node.unique_id,
    compiled: isSql ? compiled.compiled === true : testCode === undefined ? null : true,
    compiled_code: isSql ? (compiled.compiled_code ?? null) : (testCode ?? null),
    relation_name: isSql ? (compiled.relation_name ?? null) : null,
    batch_results: batchResults === null ? null : batchEntry(batchResults),
    overload_results: null,
  };
}

const batchEntry = ({ successful, failed }: BatchResults): Dict => ({
  successful: successful.map(windowEntry),
  failed: failed.map(windowEntry),
});

const windowEntry = (window: readonly [string, string | null]): (string | null)[] =>
  window.map((time) => time?.replace(' ', 'T') ?? null);

export const responseEntry = ({ message, code, rowsAffected }: AdapterResponse): Dict => ({
  _message: message,
  ...(code === null ? {} : { code }),
  ...(rowsAffected === null ? {} : { rows_affected: rowsAffected }),
});

export interface ArtifactMetadata {
  readonly dbtVersion: string;
  readonly invocationId: string;
  readonly invocationStartedAt: Date;
  readonly env: Dict<string>;
}

export function artifactMetadata(
  schema: string,
  { dbtVersion, invocationId, invocationStartedAt, env }: ArtifactMetadata,
): Dict {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: dbtVersion,
    generated_at: instant(new Date()),
    invocation_id: invocationId,
    invocation_started_at: instant(invocationStartedAt),
    env,
  };
}

export interface RunResultsParts {
  readonly results: readonly NodeResult[];
  readonly metadata: ArtifactMetadata;
  readonly elapsedTime: number;
  readonly args: Dict;
}

/** run_results.json, version 6. */
export const runResults = ({ results, metadata, elapsedTime, args }: RunResultsParts): Dict => ({
  metadata: artifactMetadata('run-results/v6', metadata),
  results: results.map(resultEntry),
  elapsed_time: elapsedTime,
  args,
});

/** The node of an id, whatever its kind. */
export function nodeOf(manifest: DbtManifest, id: string): RunNode | undefined {
  return (
    manifest.nodes[id] ??
    manifest.unit_tests[id] ??
    manifest.exposures[id] ??
    (manifest.saved_queries[id] as unknown as ExposureNode | undefined) ??
    (manifest.functions[id] as unknown as ManifestNode | undefined)
  );
}

export const isEphemeral = (node: RunNode | undefined): boolean =>
  node?.resource_type === 'model' && (node as ManifestNode).config.materialized === 'ephemeral';
