import type { ExposureNode, ManifestNode, UnitTestNode } from '../manifest-types.ts';
import type { DbtGraph } from '../project-types.ts';
import { describeNode, describeResult, relationText, statusLine } from './lines.ts';
import { nodeInfo } from './node-info.ts';
import { contractGraph, runQueue } from './queue.ts';
import { hasFailed, type NodeResult, nodeOf, type RunNode } from './results.ts';
import { runModel } from './run-node.ts';
import type { RunSession } from './session.ts';
import { runTest } from './test-node.ts';
import { timed } from './timed.ts';
import { runUnitTest } from './unit-test.ts';

export type NodeRunner = (session: RunSession, node: RunNode, thread: string) => Promise<NodeResult>;

/** Runs a node as its kind is run by `build`. */
export const buildNode: NodeRunner = (session, node, thread) => {
  switch (node.resource_type) {
    case 'test':
      return runTest(session, node as ManifestNode, thread);
    case 'unit_test':
      return runUnitTest(session, node as UnitTestNode, thread);
    case 'exposure':
    case 'saved_query':
      return timed({ node: node as ExposureNode, thread }, () =>
        Promise.resolve({ status: 'no-op', message: 'NO-OP', failures: 0 }),
      );
    default:
      return runModel(session, node as ManifestNode, thread);
  }
};

export interface RunNodesOptions {
  /** Ids to run, ephemeral models left out. */
  readonly ids: readonly string[];
  readonly graph: DbtGraph;
  readonly runner: NodeRunner;
  /** Start and result lines are told; compiling tells none. */
  readonly lines: boolean;
  readonly onResult?: (result: NodeResult) => void;
}

/** Runs nodes in the order of their dependencies; what depends on a failed one is skipped. */
export async function runNodes(
  session: RunSession,
  { ids, graph, runner, lines, onResult }: RunNodesOptions,
): Promise<NodeResult[]> {
  const { manifest } = session.parsed;
  const index = new Map(ids.map((id, i) => [id, i + 1]));
  const results: NodeResult[] = [];
  const add = (result: NodeResult): void => {
    results.push(result);
    onResult?.(result);
  };
  const abort = (): void => {
    session.stopped = true;
  };
  session.signal?.addEventListener('abort', abort, { once: true });
  const unstarted = await runQueue({
    ids,
    parentsOf: contractGraph(graph, ids),
    threads: session.flags.threads,
    stopped: () => session.stopped || session.signal?.aborted === true,
    async run(id, thread, cause) {
      const node = nodeOf(manifest, id) as RunNode;
      const place = { index: index.get(id) as number, total: ids.length, thread };
      if (cause !== undefined) {
        const result = skipped(node, thread);
        add(result);
        if (lines) tellSkip(session, node, place);
        return true;
      }
      if (lines) tellStart(session, node, place);
      session.busy++;
      const result = await runner(session, node, thread).finally(() => session.busy--);
      add(result);
      if (lines) tellResult(session, result, place);
      const failed = hasFailed(result);
      if (failed && session.flags.failFast) session.stopped = true;
      return !failed;
    },
  });
  session.signal?.removeEventListener('abort', abort);
  const failFast = session.flags.failFast && results.some(hasFailed);
  if (failFast)
    for (const id of unstarted)
      add({ ...skipped(nodeOf(manifest, id) as RunNode, 'main'), message: 'Skipping due to fail_fast' });
  return results;
}

/** Reports nodes that will not run, in their order. */
export function skipNodes(session: RunSession, ids: readonly string[], lines: boolean): NodeResult[] {
  return ids.map((id, index) => {
    const node = nodeOf(session.parsed.manifest, id) as RunNode;
    if (lines) tellSkip(session, node, { index: index + 1, total: ids.length, thread: 'main' });
    return skipped(node, 'main');
  });
}

const skipped = (node: RunNode, thread: string): NodeResult => ({
  node,
  status: 'skipped',
  message: null,
  failures: null,
  timing: [],
  threadId: thread,
  executionTime: 0,
  adapterResponse: null,
  batchResults: null,
});

interface Place {
  readonly index: number;
  readonly total: number;
  readonly thread: string;
}

const clock = (time: Date | undefined): string => (time === undefined ? '' : time.toISOString().replace('Z', '000'));

function tellStart({ log, flags }: RunSession, node: RunNode, { index, total, thread }: Place): void {
  if (node.resource_type === 'exposure' || node.resource_type === 'saved_query') return;
  const description = describeNode(node);
  log.fire({
    name: 'LogStartLine',
    code: 'Q011',
    level: 'info',
    msg: statusLine({ text: `START ${description}`, status: 'RUN', index, total, width: flags.printerWidth }),
    data: { description, index, total, node_info: nodeInfo(node, 'started', clock(new Date()), '') },
    thread,
  });
}

function tellResult({ log, flags }: RunSession, result: NodeResult, { index, total, thread }: Place): void {
  const { text, status, level, event } = describeResult(result);
  log.fire({
    ...event,
    level,
    msg: statusLine({ text, status, index, total, seconds: result.executionTime, width: flags.printerWidth }),
    data: {
      ...kindData(result),
      description: describeNode(result.node),
      name: result.node.name,
      index,
      total,
      num_models: total,
      num_failures: result.failures ?? 0,
      status: hasFailed(result) || ownStatus.has(result.node.resource_type) ? result.status : status,
      execution_time: result.executionTime,
      node_info: nodeInfo(
        result.node,
        result.status,
        clock(result.timing[0]?.startedAt),
        clock(result.timing.at(-1)?.completedAt),
      ),
    },
    thread,
  });
}

/** Kinds whose events have the status itself, not the words for it. */
const ownStatus: ReadonlySet<string> = new Set(['test', 'unit_test', 'seed']);

/** What the events of one kind of node say beside what all do. */
function kindData({ node, message }: NodeResult): Record<string, unknown> {
  const { alias, schema, attached_node } = node as Partial<ManifestNode>;
  if (node.resource_type === 'seed') return { relation: alias, schema, result_message: message ?? '' };
  return node.resource_type === 'test' ? { attached_node: attached_node ?? '' } : {};
}

function tellSkip({ log, flags }: RunSession, node: RunNode, { index, total, thread }: Place): void {
  const relation = ['model', 'seed', 'snapshot'].includes(node.resource_type);
  const what = relation ? `relation ${relationText(node as ManifestNode)}` : `${node.resource_type} ${node.name}`;
  log.fire({
    name: 'SkippingDetails',
    code: 'Q034',
    level: 'info',
    msg: statusLine({ text: `SKIP ${what}`, status: 'SKIP', index, total, width: flags.printerWidth }),
    data: {
      resource_type: node.resource_type,
      schema: (node as Partial<ManifestNode>).schema ?? '',
      node_name: node.name,
      index,
      total,
      node_info: nodeInfo(node, 'skipped', '', ''),
    },
    thread,
  });
}
