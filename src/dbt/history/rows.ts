import { createHash } from 'node:crypto';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import type { UpstreamColumn } from '../run/lineage.ts';
import type { NodeResult } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';
import type { HistoryRow, HistoryTable } from './tables.ts';

type Rows = readonly HistoryRow[];

/** One invocation as it ended. */
export interface Ending {
  readonly success: boolean;
  readonly elapsedSeconds: number;
}

export const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);

export function runRow(
  session: RunSession,
  { success, elapsedSeconds }: Ending,
  manifestHash: string | null,
): HistoryRow {
  const { parsed, flags, results } = session;
  return {
    invocation_id: parsed.invocationId,
    project: parsed.project.name,
    target: parsed.profile.targetName,
    command: flags.which,
    success,
    started_at: parsed.runStartedAt.toISOString(),
    elapsed_seconds: elapsedSeconds,
    node_count: results.length,
    args: JSON.stringify(flags.args),
    dbt_version: parsed.manifest.metadata.dbt_version,
    manifest_hash: manifestHash,
  };
}

export const resultRows = ({ parsed, results }: RunSession): Rows =>
  results.map((result) => ({ invocation_id: parsed.invocationId, ...resultRow(result) }));

function resultRow(result: NodeResult): HistoryRow {
  const { node, status, message, failures, adapterResponse, executionTime, timing, threadId } = result;
  const seconds = (name: 'compile' | 'execute'): number | null => {
    const step = timing.find((one) => one.name === name);
    return step === undefined ? null : (step.completedAt.getTime() - step.startedAt.getTime()) / 1000;
  };
  return {
    unique_id: node.unique_id,
    resource_type: node.resource_type,
    name: node.name,
    status,
    message,
    failures,
    rows_affected: adapterResponse?.rowsAffected ?? null,
    started_at: timing[0]?.startedAt.toISOString() ?? null,
    compile_seconds: seconds('compile'),
    execute_seconds: seconds('execute'),
    total_seconds: executionTime,
    thread: threadId,
    relation_name: (node as Partial<ManifestNode>).relation_name ?? null,
  };
}

/** From the content of sources.json. */
export function freshnessRows({ parsed, freshness }: RunSession): Rows {
  const list = (freshness?.results ?? []) as readonly Dict[];
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return list.map((one) => ({
    invocation_id: parsed.invocationId,
    unique_id: String(one.unique_id),
    status: String(one.status),
    max_loaded_at: text(one.max_loaded_at),
    snapshotted_at: text(one.snapshotted_at),
    age_seconds: typeof one.max_loaded_at_time_ago_in_s === 'number' ? one.max_loaded_at_time_ago_in_s : null,
    error: text(one.error),
  }));
}

interface Described {
  readonly unique_id: string;
  readonly columns: Readonly<
    Record<string, { readonly name: string; readonly data_type?: string | null; readonly description: string }>
  >;
}

/** What the project is: nodes, tests, documented columns and what depends on what. */
export function projectRows({ parsed }: RunSession): ReadonlyMap<HistoryTable, Rows> {
  const { manifest, graph, project } = parsed;
  const nodes = Object.values(manifest.nodes);
  const sources = Object.values(manifest.sources);
  const of = (row: HistoryRow): HistoryRow => ({ project: project.name, ...row });
  const columns = ([...nodes, ...sources] as readonly Described[]).flatMap(({ unique_id, columns }) =>
    Object.values(columns ?? {}).map((column) =>
      of({
        unique_id,
        column_name: column.name,
        data_type: column.data_type ?? null,
        description: column.description,
      }),
    ),
  );
  const edges = [...graph.parents].flatMap(([child_id, parents]) =>
    parents.map((parent_id) => of({ parent_id, child_id })),
  );
  const others = [...Object.values(manifest.exposures), ...Object.values(manifest.unit_tests)];
  return new Map<HistoryTable, Rows>([
    ['dbt_nodes', [...nodes, ...sources, ...others].map((node) => of(nodeRow(node as unknown as ManifestNode)))],
    ['dbt_tests', nodes.filter(({ resource_type }) => resource_type === 'test').map((node) => of(testRow(node)))],
    ['dbt_columns', columns],
    ['dbt_edges', edges],
  ]);
}

function nodeRow(node: ManifestNode): HistoryRow {
  const { unique_id, resource_type, name, package_name, original_file_path, config } = node;
  return {
    unique_id,
    resource_type,
    name,
    package: package_name,
    path: original_file_path,
    materialized: resource_type === 'model' ? config.materialized : null,
    relation_name: node.relation_name ?? null,
    tags: JSON.stringify(node.tags ?? []),
    group_name: node.group ?? null,
    access: node.access ?? null,
    description: node.description ?? null,
    checksum: node.checksum?.checksum ?? null,
  };
}

function testRow(node: ManifestNode): HistoryRow {
  return {
    unique_id: node.unique_id,
    test_name: node.test_metadata?.name ?? node.name,
    tested_id: node.attached_node ?? node.depends_on.nodes[0] ?? null,
    column_name: node.column_name ?? null,
    severity: String(node.config.severity ?? 'ERROR'),
  };
}

/** One row for each pair of columns; those that decide which rows there are belong to no column: `filter`. */
export function lineageRows({ parsed, lineage }: RunSession): Rows {
  if (lineage === undefined) return [];
  return [...lineage.nodes].flatMap(([unique_id, { columns, filters }]) => {
    const row = (column_name: string | null, { node, relation, column, kind }: UpstreamColumn & { kind: string }) => ({
      project: parsed.project.name,
      unique_id,
      column_name,
      upstream_id: node,
      upstream_relation: relation,
      upstream_column: column,
      kind,
    });
    return [
      ...columns.flatMap(({ name, upstream }) => upstream.map((one) => row(name, one))),
      ...filters.map((one) => row(null, { ...one, kind: 'filter' })),
    ];
  });
}
