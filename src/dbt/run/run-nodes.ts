import type { ExposureNode, ManifestNode, UnitTestNode } from '../manifest-types.ts';
import type { DbtGraph } from '../project-types.ts';
import { describeNode, describeResult, relationText, statusLine } from './lines.ts';
import { nodeInfo } from './node-info.ts';
import type { NodeRunner } from './node-runner.ts';
import { contractGraph, runQueue } from './queue.ts';
import { hasFailed, type NodeResult, nodeOf, type RunNode } from './results.ts';
import { runModel } from './run-node.ts';
import type { RunSession } from './session.ts';
import { compileOnly } from './show.ts';
import { tellProblem } from './summary.ts';
import { runTest } from './test-node.ts';
import { timed } from './timed.ts';
import { runUnitTest } from './unit-test.ts';

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
  /** Ids to run, parents before children. */
  readonly ids: readonly string[];
  /** Those of them that only have a turn: ephemeral models. */
  readonly passing?: ReadonlySet<string>;
  /** Unit tests are run right before the model they test, and not without it. */
  readonly unitTestsFirst?: boolean;
  /** What depends on a skipped node is skipped because of it, not because of what failed before. */
  readonly skipsOnSkipped?: boolean;
  readonly graph: DbtGraph;
  readonly runner: NodeRunner;
  /** Start and result lines are told; compiling tells none. */
  readonly lines: boolean;
  readonly onResult?: (result: NodeResult) => void;
}

/** Runs nodes in the order of their dependencies; what depends on a failed one is skipped. */
export async function runNodes(session: RunSession, options: RunNodesOptions): Promise<NodeResult[]> {
  const { ids, graph, onResult } = options;
  const { manifest } = session.parsed;
  const none: ReadonlySet<string> = new Set();
  const { passing = none } = options;
  const testsOf = options.unitTestsFirst === true ? unitTestsOf(session, ids) : new Map<string, string[]>();
  const results: NodeResult[] = [];
  const add = (result: NodeResult): void => {
    results.push(result);
    onResult?.(result);
  };
  const numbers = new Map<string, number>();
  const number = (id: string): void => void numbers.set(id, numbers.size + 1);
  const total = ids.length - passing.size;
  const runOne = (id: string, thread: string, cause: Cause | undefined): Promise<Cause | undefined> => {
    const place = { index: numbers.get(id) ?? 0, total, thread };
    return runNode(session, { ...options, id, place, cause, add, isPassing: passing.has(id) });
  };
  /** A model after its unit tests, each numbered as it begins. */
  const runTested = async (id: string, thread: string, cause: Cause | undefined): Promise<Cause | undefined> => {
    let found = cause;
    for (const test of testsOf.get(id) ?? []) {
      if (session.signal?.aborted === true) return undefined;
      if (!numbers.has(test)) number(test);
      found = (await runOne(test, thread, found)) ?? found;
    }
    number(id);
    return runOne(id, thread, found);
  };
  const abort = (): void => {
    session.stopped = true;
  };
  session.signal?.addEventListener('abort', abort, { once: true });
  const queued = options.unitTestsFirst === true ? ids.filter((id) => manifest.unit_tests[id] === undefined) : ids;
  const unstarted = await runQueue<Cause>({
    ids: queued,
    parentsOf: contractGraph(graph, queued),
    threads: session.flags.threads,
    stopped: () => session.stopped || session.signal?.aborted === true,
    queued(id, atOnce) {
      const [first] = testsOf.get(id) ?? [];
      if (first !== undefined && atOnce) number(first);
      else if (first === undefined && !passing.has(id)) number(id);
    },
    run: (id, thread, cause) => (testsOf.has(id) ? runTested : runOne)(id, thread, cause),
  });
  session.signal?.removeEventListener('abort', abort);
  const failFast = session.flags.failFast && results.some(hasFailed);
  if (failFast)
    for (const id of unstarted)
      if (!passing.has(id))
        add({ ...skipped(nodeOf(manifest, id) as RunNode, 'main'), message: 'Skipping due to fail_fast' });
  return results;
}

/** The selected unit tests of each selected model. */
function unitTestsOf({ parsed: { manifest } }: RunSession, ids: readonly string[]): Map<string, string[]> {
  const selected = new Set(ids);
  const found = new Map<string, string[]>();
  // In the order they are written in.
  for (const id of Object.keys(manifest.unit_tests).filter((one) => selected.has(one))) {
    const test = manifest.unit_tests[id];
    const model = test?.tested_node_unique_id ?? test?.depends_on.nodes[0];
    if (model === undefined || !selected.has(model)) continue;
    const tests = found.get(model);
    if (tests === undefined) found.set(model, [id]);
    else tests.push(id);
  }
  return found;
}

/** Why what depends on a node is skipped: it failed, was skipped, or is an ephemeral model that did. */
type Cause = { readonly ephemeral?: NodeResult };

interface OneNode extends Pick<RunNodesOptions, 'runner' | 'lines' | 'skipsOnSkipped'> {
  readonly id: string;
  readonly place: Place;
  readonly cause: Cause | undefined;
  readonly add: (result: NodeResult) => void;
  /** An ephemeral model: compiled, and not told of. */
  readonly isPassing: boolean;
}

/** Runs or skips one node. Resolves with a cause for its children to be skipped. */
async function runNode(session: RunSession, one: OneNode): Promise<Cause | undefined> {
  const { id, place, cause, runner, lines, add, isPassing } = one;
  const node = nodeOf(session.parsed.manifest, id) as RunNode;
  if (cause !== undefined) {
    const result = skippedBy(node, place.thread, cause);
    if (isPassing) return { ephemeral: result };
    add(result);
    if (lines) tellSkip(session, node, place, cause.ephemeral);
    return one.skipsOnSkipped === true ? {} : cause;
  }
  if (isPassing) {
    const result = await compileOnly(session, node, place.thread);
    return hasFailed(result) ? { ephemeral: result } : undefined;
  }
  if (lines) tellStart(session, node, place);
  session.busy++;
  const result = await runner(session, node, place.thread).finally(() => session.busy--);
  add(result);
  if (lines) tellResult(session, result, place);
  const failed = hasFailed(result);
  if (failed && session.flags.failFast) session.stopped = true;
  return failed && !goesOn(node) ? {} : undefined;
}

/** What depends on a model with `on_error: continue` runs although it failed. */
const goesOn = ({ resource_type, config }: RunNode): boolean =>
  resource_type === 'model' && (config as ManifestNode['config']).on_error === 'continue';

/** A node that an ephemeral model keeps from running says so. */
function skippedBy(node: RunNode, thread: string, { ephemeral }: Cause): NodeResult {
  const result = skipped(node, thread);
  if (ephemeral === undefined) return result;
  const [id, cause] = [node.unique_id, ephemeral.node.unique_id];
  const message = `Compilation Error in ${id}, caused by compilation error in referenced ephemeral model ${cause}`;
  return { ...result, message };
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

export function tellSkip(
  session: RunSession,
  node: RunNode,
  { index, total, thread }: Place,
  ephemeral?: NodeResult,
): void {
  const { log, flags } = session;
  if (ephemeral !== undefined) {
    const { schema = '' } = node as Partial<ManifestNode>;
    const { name: relation } = node;
    const { status } = ephemeral;
    const text = `SKIP relation ${schema}.${relation} due to ephemeral model status '${status}'`;
    log.fire({
      name: 'LogSkipBecauseError',
      code: 'Z034',
      level: 'info',
      msg: statusLine({ text, status: 'ERROR SKIP', index, total, width: flags.printerWidth }),
      data: { schema, relation, index, total, status },
      thread,
    });
    if (hasFailed(ephemeral)) tellProblem(log, ephemeral, 'error', false);
    return;
  }
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
