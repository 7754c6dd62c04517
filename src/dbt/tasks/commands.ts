import { PyError } from '../../jinja/index.ts';
import { writeHistory } from '../history/write.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { runFlags } from '../run/flags.ts';
import { materialize } from '../run/materialize.ts';
import type { NodeRunner } from '../run/node-runner.ts';
import { onConnection, openSession, type RunFlags } from '../run/session.ts';
import { tellSummary } from '../run/summary.ts';
import { timed } from '../run/timed.ts';
import { type Command, type CommandInput, exitCodes, task } from './command.ts';
import { compile } from './compile-command.ts';
import { docsGenerate } from './docs-command.ts';

import { freshness, leaveFreshness } from './freshness-command.ts';
import { hasFreshness } from './freshness-read.ts';
import { buildKinds, choices } from './kinds.ts';
import { lineage } from './lineage-command.ts';
import { operation } from './operation-command.ts';
import { show } from './show-command.ts';
import { foundText, idsToRun, tellNothing, writeResults } from './task.ts';

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
  if (work === undefined) return leaveIdle(name, input, flags);
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
function leaveIdle(name: string, { parsed, targetPath, log }: CommandInput, flags: RunFlags): number {
  tellNothing(log);
  if (name === 'clone') {
    log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
    tellSummary({ log, results: [], interrupted: false });
  }
  writeResults({ parsed, flags, targetPath, results: [] }, [], performance.now());
  return exitCodes.ok;
}

const cloneNode: NodeRunner = (session, node, thread) =>
  timed({ node, thread }, (clock) =>
    onConnection(session, node.unique_id, async (connection) => {
      clock.compiled();
      const model = node as ManifestNode;
      const sql = `select * from ${model.defer_relation?.relation_name ?? ''}`;
      const extra = new Map(['sql', 'compiled_code'].map((name) => [name, sql] as const));
      const options = { connection, thread, materialized: 'clone', mayDoNothing: true, extra };
      const { response } = await materialize(session, model, options);
      return { status: 'success', message: response.message, adapterResponse: response };
    }),
  );

const commands: Readonly<Record<string, Command>> = {
  lineage,
  build: task(buildKinds, { testsFirst: true }),
  run: task(['model']),
  test: task(['test', 'unit_test']),
  seed: task(['seed']),
  snapshot: task(['snapshot']),
  clone: task(['model', 'seed', 'snapshot'], { runner: cloneNode, hooks: false, isUnordered: true, onlySummary: true }),
  compile,
  show,
  'run-operation': operation,
  freshness,
  source: freshness,
  generate: docsGenerate,
  docs: docsGenerate,
};
