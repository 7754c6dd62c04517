import path from 'node:path';
import type { Engine } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { PyError } from '../../jinja/index.ts';
import type { Language } from '../../messages/index.ts';
import { failureText } from '../context/template-errors.ts';
import type { EventLog } from '../events/events.ts';
import { writeHistory } from '../history/write.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import type { Env, ParsedProject } from '../project-types.ts';
import { writeArtifact } from '../run/artifact.ts';
import { runFlags } from '../run/flags.ts';
import { runHooks } from '../run/hooks.ts';
import { materialize } from '../run/materialize.ts';
import type { NodeRunner } from '../run/node-runner.ts';
import { hasFailed, type NodeResult } from '../run/results.ts';
import { buildNode } from '../run/run-nodes.ts';
import { onConnection, openSession, type RunFlags, type RunSession } from '../run/session.ts';
import { compileChecked, compileOnly, showNode, tellCompiled, tellTable } from '../run/show.ts';
import { tellProblem } from '../run/summary.ts';
import { timed } from '../run/timed.ts';
import { buildCatalog } from './catalog.ts';
import { checkFreshness, freshnessArtifact, hasFreshness } from './freshness.ts';
import { inlineNode } from './inline.ts';
import { runOperation, runStatement } from './operation.ts';
import { type EarlierRun, failedIds } from './retry.ts';
import { type Choice, foundText, idsToRun, runTask, type TaskOptions, tellNothing, writeResults } from './task.ts';

export interface CommandInput {
  readonly parsed: ParsedProject;
  readonly log: EventLog;
  readonly env: Env;
  /** Arguments by dbt's names, as run_results.json keeps them. */
  readonly args: Dict;
  /** Absolute. */
  readonly targetPath: string;
  readonly signal?: AbortSignal | undefined;
  readonly engine?: Engine | undefined;
  readonly language?: Language | undefined;
  /** The selected ids, in graph order, of the given kinds. */
  select(kinds: readonly string[]): readonly string[];
  /** The run that `retry` repeats; `args` are those of that run then. */
  readonly retried?: EarlierRun | undefined;
}

/** Exit codes of dbt. */
export const exitCodes = { ok: 0, failed: 1, error: 2 } as const;

/** Whether it went well, or the exit code. */
type Command = (session: RunSession, input: CommandInput) => Promise<boolean | number>;

/** Runs one command of dbt on a parsed project; resolves with its exit code. */
export async function runCommand(name: string, input: CommandInput): Promise<number> {
  const command = commands[name];
  if (command === undefined) throw new PyError('DbtRuntimeError', `no command ${name}`);
  const { parsed, log, env, engine, signal, targetPath, language, retried } = input;
  if ((name === 'source' || name === 'freshness') && retried === undefined) {
    const sources = input.select(['source']);
    if (!sources.some((id) => parsed.manifest.sources[id] !== undefined && hasFreshness(parsed.manifest.sources[id])))
      return leaveFreshness(input);
  }
  const flags = runFlags({ which: name, ...input.args }, parsed.profile.threads);
  const found = foundText(parsed);
  log.fire({
    name: 'FoundStats',
    code: 'W006',
    level: 'info',
    msg: `Found ${found}`,
    data: { stat_line: found },
  });
  const work = chosenWork(name, input);
  if (work === undefined) return leaveIdle(input, flags);
  const session = await openSession({ parsed, flags, env, log, engine, signal, targetPath, language });
  try {
    const started = performance.now();
    const outcome = await command(session, work);
    const ok = outcome === true || outcome === exitCodes.ok;
    await writeHistory(session, { success: ok, elapsedSeconds: (performance.now() - started) / 1000 });
    if (!ok) return outcome === exitCodes.error ? exitCodes.error : exitCodes.failed;
    return flags.warnError && session.warnings > 0 ? exitCodes.failed : exitCodes.ok;
  } finally {
    await session.close();
  }
}

/** The command with what it selects; undefined when that is nothing. */
function chosenWork(name: string, input: CommandInput): CommandInput | undefined {
  const choice = choices[name];
  const isInline = ['inline', 'inline_direct'].some((key) => typeof input.args[key] === 'string');
  if (choice === undefined || input.retried !== undefined || isInline) return input;
  const selected = input.select([...choice.kinds]);
  if (idsToRun(input.parsed, selected, choice).length === 0) return undefined;
  return { ...input, select: () => selected };
}

/** Where nothing is to be done no database is opened, nor made. */
function leaveIdle({ parsed, targetPath, log }: CommandInput, flags: RunFlags): number {
  tellNothing(log);
  writeResults({ parsed, flags, targetPath, results: [] }, [], performance.now());
  return exitCodes.ok;
}

const buildKinds = ['model', 'seed', 'snapshot', 'test', 'unit_test', 'exposure', 'saved_query', 'function'];
const compileKinds = ['model', 'seed', 'snapshot', 'test', 'analysis', 'operation', 'sql_operation', 'function'];

const choiceOf = (kinds: readonly string[], more: Partial<Choice> = {}): Choice => ({
  kinds: new Set(kinds),
  testsFirst: false,
  ...more,
});

const choices: Readonly<Record<string, Choice>> = {
  build: choiceOf(buildKinds, { testsFirst: true }),
  run: choiceOf(['model']),
  test: choiceOf(['test', 'unit_test']),
  seed: choiceOf(['seed']),
  snapshot: choiceOf(['snapshot']),
  clone: choiceOf(['model', 'seed', 'snapshot']),
  compile: choiceOf(compileKinds, { keepsEphemeral: true }),
};

function task(kinds: readonly string[], options: Partial<TaskOptions> = {}): Command {
  return async (session, input) => {
    session.selected = selection(session, input, kinds);
    const outcome = await runTask(session, {
      runner: buildNode,
      kinds: new Set(kinds),
      builds: true,
      testsFirst: false,
      lines: true,
      ...options,
    });
    return outcome.success;
  };
}

function selection(session: RunSession, input: CommandInput, kinds: readonly string[]): readonly string[] {
  if (input.retried === undefined) return input.select(kinds);
  const failed = new Set(failedIds(session, input.retried, session.flags.warnError));
  return session.parsed.graph.order.filter((id) => failed.has(id));
}

const cloneNode: NodeRunner = (session, node, thread) =>
  timed({ node, thread }, (clock) =>
    onConnection(session, node.unique_id, async (connection) => {
      clock.compiled();
      const options = { connection, thread, materialized: 'clone', mayDoNothing: true };
      const model = node as ManifestNode;
      const source = model.defer_relation?.relation_name;
      const copy = { ...model, ...(source ? { compiled_code: `select * from ${source}` } : {}) };
      const { response } = await materialize(session, copy, options);
      return { status: 'success', message: response.message, adapterResponse: response };
    }),
  );

const seed: Command = async (session, input) => {
  const shown: NodeResult[] = [];
  return task(['seed'], { onResult: (result) => void shown.push(result) })(session, input);
};

const isJson = ({ args }: RunFlags): boolean => args.output === 'json' || args.output_format === 'json';

const compile: Command = async (session, input) => {
  const inline = input.args.inline;
  if (typeof inline === 'string') {
    const [result] = await runInline(session, inline, compileOnly);
    if (result === undefined || hasFailed(result)) return exitCodes.error;
    tellCompiled(session, result, isJson(session.flags), true);
    return true;
  }
  const results: NodeResult[] = [];
  const ok = await task(compileKinds, {
    runner: compileChecked,
    builds: false,
    looksAhead: true,
    lines: false,
    keepsEphemeral: true,
    leavesNoResults: (all) => endOf(session, all) === exitCodes.error,
    onResult: (result) => void results.push(result),
  })(session, input);
  tellNamed(session, input, results);
  tellErrors(session, results);
  return ok === true || endOf(session, results);
};

function tellNamed(session: RunSession, input: CommandInput, results: readonly NodeResult[]): void {
  for (const result of results)
    if (!hasFailed(result) && isNamed(input, result.node.name))
      tellCompiled(session, result, isJson(session.flags), false);
}

/** What does not compile ends the command as an error; what compiles, but cannot run, fails it. */
const endOf = ({ problems }: RunSession, results: readonly NodeResult[]): number =>
  results.some((result) => hasFailed(result) && !problems.has(result.node.unique_id))
    ? exitCodes.error
    : exitCodes.failed;

function tellErrors({ log }: RunSession, results: readonly NodeResult[]): void {
  for (const { message } of results.filter(hasFailed))
    log.fire({ name: 'RunResultError', code: 'Z024', level: 'error', msg: message ?? '' });
}

async function runInline(session: RunSession, sql: string, runner: NodeRunner): Promise<NodeResult[]> {
  const started = performance.now();
  const node = inlineNode(session, sql);
  const result = await runner(session, node, 'MainThread');
  tellErrors(session, [result]);
  if (!hasFailed(result)) writeResults(session, [result], started);
  return [result];
}

const show: Command = async (session, input) => {
  const { inline, inline_direct: direct } = input.args;
  const json = isJson(session.flags);
  const text = typeof inline === 'string' ? inline : typeof direct === 'string' ? direct : undefined;
  if (text !== undefined) {
    const runner = showNode((node, table) => tellTable(session, node, table, json, true));
    const [result] = await runInline(session, text, runner);
    return result !== undefined && !hasFailed(result) ? exitCodes.ok : exitCodes.error;
  }
  if (![input.args.select, input.args.exclude].some(isList) && typeof input.args.selector !== 'string')
    throw usage('show needs --select or --inline');
  const results: NodeResult[] = [];
  const ok = await task(['model', 'seed', 'snapshot', 'test', 'analysis'], {
    runner: showNode((node, table) => {
      if (isAskedFor(session, input, node.name)) tellTable(session, node, table, json, false);
    }),
    builds: false,
    lines: false,
    keepsEphemeral: true,
    leavesNoResults: (all) => all.some(hasFailed),
    onResult: (result) => void results.push(result),
  })(session, input);
  tellErrors(session, results);
  return ok === true ? exitCodes.ok : exitCodes.error;
};

const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

const usage = (message: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { hint: 'see: duckhouse dbt --help' });

/** Of what `--select` finds only the nodes it names are shown, not their tests; all when it names none. */
function isAskedFor({ parsed, selected }: RunSession, input: CommandInput, name: string): boolean {
  return isNamed(input, name) || !selected.some((id) => isNamed(input, parsed.manifest.nodes[id]?.name ?? '\u0000'));
}

/** As dbt has it, of several words the first names what is told. */
const isNamed = ({ args }: CommandInput, name: string): boolean =>
  Array.isArray(args.select) && String(args.select[0] ?? '').includes(name);

const operation: Command = async (session, { args }) => {
  const started = performance.now();
  const { macro, sql } = args;
  const given = typeof args.args === 'object' && args.args !== null ? (args.args as Dict) : {};
  const isSql = typeof sql === 'string' && sql !== '';
  if (!isSql && typeof macro !== 'string') throw usage('run-operation needs the name of a macro, or --sql');
  if (isSql && typeof macro === 'string') throw usage('run-operation takes the name of a macro or --sql, not both');
  if (isSql && Object.keys(given).length > 0) throw usage('--args are of a macro: write them into --sql');
  try {
    const result = isSql ? await runStatement(session, sql) : await runOperation(session, String(macro), given);
    writeResults(session, [hasFailed(result) ? { ...result, failures: 1 } : result], started);
    return !hasFailed(result);
  } catch (error) {
    session.log.fire({
      name: 'RunningOperationCaughtError',
      code: 'Q001',
      level: 'error',
      msg: `[ERROR]: Encountered an error while running operation: ${failureText(error, undefined)}`,
    });
    return exitCodes.error;
  }
};

const freshness: Command = async (session, input) => {
  const ids =
    input.retried === undefined ? input.select(['source']) : failedIds(session, input.retried, session.flags.warnError);
  const hasHooks = ids.length > 0 && runsFreshnessHooks(session);
  const before = hasHooks ? await runHooks(session, 'on-run-start', []) : [];
  const { artifact, success, results } = await checkFreshness(
    session,
    ids,
    before.some(hasFailed) && skipsNodes(session),
  );
  session.freshness = artifact;
  session.results = results;
  const after = hasHooks ? await runHooks(session, 'on-run-end', results) : [];
  for (const hook of [...before, ...after].filter(hasFailed)) tellProblem(session.log, hook, 'error', false);
  keepFreshness(input, artifact);
  return success && [...before, ...after].every((result) => !hasFailed(result));
};

function keepFreshness({ args: { output }, targetPath, log }: CommandInput, all: Dict): void {
  const results = (all.results as readonly Dict[]).filter(({ status }) => status !== 'runtime error');
  const artifact = { ...all, results };
  if (typeof output === 'string' && output !== '')
    writeArtifact({ targetPath: path.resolve(path.dirname(output)) }, path.basename(output), artifact);
  else writeArtifact({ targetPath }, 'sources.json', artifact);
  log.fire({ name: 'FreshnessCheckComplete', code: 'Q051', level: 'info', msg: 'Done.' });
}

/** Without sources that can be judged no database is opened: the one of the profile need not be there. */
function leaveFreshness(input: CommandInput): number {
  tellNothing(input.log);
  keepFreshness(input, freshnessArtifact(input.parsed, [], 0));
  return exitCodes.ok;
}

/** Whether an on-run-start that failed leaves everything else undone. */
const skipsNodes = ({ parsed }: RunSession): boolean => parsed.flags.SKIP_NODES_IF_ON_RUN_START_FAILS !== false;

const runsFreshnessHooks = ({ parsed }: RunSession): boolean =>
  parsed.flags.SOURCE_FRESHNESS_RUN_PROJECT_HOOKS !== false;

const docsGenerate: Command = async (session, input) => {
  let compiled = true;
  if (input.args.compile !== false) {
    const results: NodeResult[] = [];
    const outcome = await task(compileKinds, {
      runner: compileOnly,
      builds: false,
      lines: false,
      keepsEphemeral: true,
      leavesNoResults: (all) => endOf(session, all) === exitCodes.error,
      onResult: (result) => void results.push(result),
    })(session, input);
    compiled = outcome === true;
    tellErrors(session, results);
    if (!compiled) {
      session.log.fire({
        name: 'CompileComplete',
        code: 'Q044',
        level: 'error',
        msg: 'compile failed, cannot generate docs',
      });
      return endOf(session, results);
    }
    tellNamed(session, input, results);
  } else session.selected = input.select(compileKinds);
  if (compiled && input.args.column_lineage !== false) {
    const { addLineage } = await import('../lineage/command.ts');
    await addLineage(session, session.selected);
  }
  session.log.fire({ name: 'BuildingCatalog', code: 'E044', level: 'info', msg: 'Building catalog' });
  const chosen = Array.isArray(input.args.select) && input.args.select.length > 0;
  const catalog =
    input.args.empty_catalog === true
      ? { ...(await buildCatalog(session, [])) }
      : await buildCatalog(session, chosen ? session.selected : undefined);
  writeArtifact(session, 'catalog.json', catalog);
  session.log.fire({
    name: 'CatalogWritten',
    code: 'E041',
    level: 'info',
    msg: `Catalog written to ${path.join(session.targetPath, 'catalog.json')}`,
  });
  return compiled;
};

/** Where columns come from: what the wanted nodes need is compiled too, nothing is made. */
const lineage: Command = async (session, input) => {
  const { macro } = input.args;
  const column = typeof macro === 'string' ? macro : undefined;
  const wanted = new Set(column === undefined ? input.select(['model', 'snapshot']) : ownersOf(session, column));
  const results: NodeResult[] = [];
  const compiled = await task(['model', 'snapshot'], {
    runner: compileOnly,
    builds: false,
    lines: false,
    onResult: (result) => void results.push(result),
  })(session, { ...input, select: () => withAncestors(session, wanted) });
  tellErrors(session, results);
  const { makeLineage, tellLineage } = await import('../lineage/command.ts');
  const found = await makeLineage(session, session.selected);
  tellLineage(session, found, { wanted, column, json: isJson(session.flags) });
  return compiled;
};

/** Ids of the models that `model.column` may mean; all when there is none of that name, for the error to know them. */
function ownersOf({ parsed: { manifest } }: RunSession, column: string): readonly string[] {
  const name = column.slice(0, column.lastIndexOf('.')).toLowerCase();
  const ids = Object.values(manifest.nodes).flatMap(({ unique_id, resource_type }) =>
    ['model', 'snapshot'].includes(resource_type) ? [unique_id] : [],
  );
  const found = ids.filter((id) => id.split('.').slice(2).join('.').toLowerCase() === name);
  return found.length > 0 ? found : ids;
}

function withAncestors({ parsed: { graph } }: RunSession, ids: Iterable<string>): readonly string[] {
  const all = new Set<string>();
  const stack = [...ids];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (all.has(id)) continue;
    all.add(id);
    stack.push(...(graph.parents.get(id) ?? []));
  }
  return graph.order.filter((id) => all.has(id));
}

const commands: Readonly<Record<string, Command>> = {
  lineage,
  build: task(buildKinds, { testsFirst: true }),
  run: task(['model']),
  test: task(['test', 'unit_test']),
  seed,
  snapshot: task(['snapshot']),
  clone: task(['model', 'seed', 'snapshot'], { runner: cloneNode, hooks: false, isUnordered: true }),
  compile,
  show,
  'run-operation': operation,
  freshness,
  source: freshness,
  generate: docsGenerate,
  docs: docsGenerate,
};
