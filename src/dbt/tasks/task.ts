import { openChanges } from '../changed/changes.ts';
import type { EventLog } from '../events/events.ts';
import type { Dict } from '../manifest-types.ts';
import type { ParsedProject } from '../project-types.ts';
import { writeArtifact } from '../run/artifact.ts';
import { tellFailingRows } from '../run/failing-rows.ts';
import { hooksOf, runHooks } from '../run/hooks.ts';
import { countText } from '../run/lines.ts';
import type { NodeRunner } from '../run/node-runner.ts';
import { withTestEdges } from '../run/queue.ts';
import { hasFailed, isEphemeral, type NodeResult, nodeOf, runResults } from '../run/results.ts';
import { runNodes, skipNodes } from '../run/run-nodes.ts';
import { tellSamples } from '../run/seed-sample.ts';
import type { RunSession } from '../run/session.ts';
import { tellSummary } from '../run/summary.ts';
import { lookAhead } from './look-ahead.ts';
import { prepareCache, prepareSchemas } from './schemas.ts';

export interface TaskOptions {
  readonly runner: NodeRunner;
  /** Kinds that are run; what else is selected is left out. */
  readonly kinds: ReadonlySet<string>;
  /** Schemas are made first; on-run-start and on-run-end are run unless `hooks` says no. */
  readonly builds: boolean;
  readonly hooks?: boolean;
  /** Nodes run whatever became of those they refer to; ephemeral models are left alone. */
  readonly isUnordered?: boolean;
  /** What depends on what a test looks at waits for the test. */
  readonly testsFirst: boolean;
  /** Start, result and summary lines are told. */
  readonly lines: boolean;
  /** Of them the summary only. */
  readonly onlySummary?: boolean;
  readonly keepsEphemeral?: boolean;
  /** Nodes are bound first although nothing is built. */
  readonly looksAhead?: boolean;
  /** What came of it is told as an error of the command, and no artifact. */
  readonly leavesNoResults?: (results: readonly NodeResult[]) => boolean;
  readonly onResult?: (result: NodeResult) => void;
}

export interface TaskOutcome {
  readonly results: readonly NodeResult[];
  readonly success: boolean;
}

/** Runs the selected nodes of a session, with hooks around them, and writes run_results.json. */
export async function runTask(session: RunSession, options: TaskOptions): Promise<TaskOutcome> {
  const { log, parsed, flags } = session;
  const started = performance.now();
  const ids = idsToRun(parsed, session.selected, options);
  if (ids.length === 0) {
    tellNothing(log);
    writeResults(session, [], started);
    return { results: [], success: true };
  }
  log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
  log.fire({
    name: 'ConcurrencyLine',
    code: 'Q027',
    level: 'info',
    msg: `Concurrency: ${flags.threads} threads (target='${parsed.profile.targetName}')`,
    data: { num_threads: flags.threads, target_name: parsed.profile.targetName, node_count: ids.length },
  });
  log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
  if (options.builds) {
    await prepareSchemas(session, ids);
    session.changes = await openChanges(session, ids);
  }
  const results =
    options.builds && options.hooks !== false
      ? await withHooks(session, ids, options)
      : await runPlain(session, ids, options);
  await session.changes?.save();
  const seconds = (performance.now() - started) / 1000;
  const interrupted = session.signal?.aborted === true;
  if (options.lines) {
    tellSamples(session, results);
    log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
    tellSummary({ log, results, interrupted, ...(options.onlySummary === true ? {} : { seconds }) });
    tellFailingRows(session, results);
  }
  if (options.leavesNoResults?.(results) !== true) writeResults(session, results, started);
  return {
    results,
    success: !interrupted && results.every((result) => !hasFailed(result) && result.status !== 'skipped'),
  };
}

export type Choice = Pick<TaskOptions, 'kinds' | 'keepsEphemeral' | 'testsFirst'>;

/** What of the selected is run; unit tests are run with the models they test: alone they are nothing to build. */
export function idsToRun(
  { manifest }: ParsedProject,
  selected: readonly string[],
  { kinds, keepsEphemeral, testsFirst }: Choice,
): readonly string[] {
  const ids = selected.filter((id) => {
    const node = nodeOf(manifest, id);
    return node !== undefined && kinds.has(node.resource_type) && (keepsEphemeral === true || !isEphemeral(node));
  });
  return ids.every((id) => testsFirst && manifest.unit_tests[id] !== undefined) ? [] : ids;
}

export const tellNothing = (log: EventLog): void =>
  log.fire({
    name: 'NothingToDo',
    code: 'Q035',
    level: 'warn',
    msg: '[WARNING]: Nothing to do. Try checking your model configs and model specification args',
  });

/** Without hooks; only what compiles looks ahead. */
async function runPlain(session: RunSession, ids: readonly string[], options: TaskOptions): Promise<NodeResult[]> {
  if (options.looksAhead === true) {
    if (session.flags.validate) await prepareCache(session);
    await lookAhead(session, ids);
  }
  return run(session, ids, options);
}

async function withHooks(
  session: RunSession,
  ids: readonly string[],
  options: TaskOptions,
): Promise<readonly NodeResult[]> {
  const before = hooksOf(session, 'on-run-start').length > 0 ? await runHooks(session, 'on-run-start', []) : [];
  const broken = before.some(({ status }) => status === 'error');
  const skips = broken && session.parsed.flags.SKIP_NODES_IF_ON_RUN_START_FAILS !== false;
  if (!skips) await lookAhead(session, ids);
  const results = skips ? skipNodes(session, ids, options.lines) : await run(session, ids, options);
  if (hooksOf(session, 'on-run-end').length === 0) return [...before, ...results];
  session.log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
  const after = await runHooks(session, 'on-run-end', skips ? [] : results).catch((error: unknown) => {
    writeResults(session, [...before, ...results], performance.now());
    throw error;
  });
  return [...before, ...results, ...after];
}

function run(
  session: RunSession,
  ids: readonly string[],
  { runner, lines, onlySummary, testsFirst, isUnordered, keepsEphemeral, onResult }: TaskOptions,
): Promise<NodeResult[]> {
  const { manifest, graph } = session.parsed;
  const isTest = (id: string): boolean => manifest.nodes[id]?.resource_type === 'test';
  const isBuilt = (id: string): boolean => manifest.nodes[id] !== undefined && !isTest(id);
  const ordered = testsFirst ? withTestEdges(graph, { isTest, isBuilt }) : graph;
  const position = new Map(ordered.order.map((id, i) => [id, i]));
  const isPassed = (id: string): boolean => keepsEphemeral !== true && isEphemeral(nodeOf(manifest, id));
  const passing = isUnordered === true ? [] : session.selected.filter(isPassed);
  const sorted = [...ids, ...passing].sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0));
  return runNodes(session, {
    ids: sorted,
    graph: isUnordered === true ? { ...ordered, parents: new Map() } : ordered,
    passing: new Set(passing),
    unitTestsFirst: testsFirst,
    skipsOnSkipped: testsFirst,
    runner,
    lines: lines && onlySummary !== true,
    ...(onResult === undefined ? {} : { onResult }),
  });
}

/** Writes what came of a command; the manifest is its caller's to write. */
export function writeResults(
  session: Pick<RunSession, 'parsed' | 'flags' | 'targetPath' | 'results'>,
  results: readonly NodeResult[],
  started: number,
): void {
  session.results = results;
  if (!session.flags.writeJson) return;
  const { parsed, flags } = session;
  const { metadata } = parsed.manifest;
  const content = runResults({
    results: results.filter(({ node }) => !isEphemeral(node) || isChosen(flags.args)),
    elapsedTime: (performance.now() - started) / 1000,
    args: givenArgs(flags.args),
    metadata: {
      dbtVersion: metadata.dbt_version,
      invocationId: parsed.invocationId,
      invocationStartedAt: parsed.runStartedAt,
      env: metadata.env,
    },
  });
  writeArtifact(session, 'run_results.json', content);
}

/** Of ephemeral models results say something where a command was asked to compile or show what was chosen. */
const isChosen = ({ which, select }: Dict): boolean =>
  (which === 'compile' || which === 'show') && Array.isArray(select) && select.length > 0;

/** What a command was told, as results keep it: nothing that was left open. */
const givenArgs = (args: Dict): Dict => Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));

/** `Found 5 models, 3 seeds, ...`. */
export function foundText({ manifest }: ParsedProject): string {
  const counts = new Map<string, number>();
  const count = (kind: string, by = 1): void => void counts.set(kind, (counts.get(kind) ?? 0) + by);
  // A test of a disabled model stays in the manifest, turned off.
  for (const node of Object.values(manifest.nodes)) if (node.config.enabled !== false) count(node.resource_type);
  for (const [kind, members] of [
    ['source', manifest.sources],
    ['exposure', manifest.exposures],
    ['metric', manifest.metrics],
    ['macro', manifest.macros],
    ['group', manifest.groups],
    ['semantic_model', manifest.semantic_models],
    ['saved_query', manifest.saved_queries],
    ['unit_test', manifest.unit_tests],
  ] as const)
    count(kind, Object.keys(members).length);
  return countText(counts);
}
