/** Commands that need a database: the project is parsed, deferred and selected here, the run room does the rest. */
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { type DbtArgs, listArg, switchArg, textArg } from '../args.ts';
import type { Dict } from '../manifest-types.ts';
import { loadRoot } from '../project/load.ts';
import type { ParsedProject } from '../project-types.ts';
import { applyDefer, readPreviousState } from '../select/previous.ts';
import type { CommandInput } from '../tasks/command.ts';
import type { EarlierRun } from '../tasks/retry.ts';
import type { CommandContext, DbtCommand } from './context.ts';
import { DatabaseElsewhere } from './elsewhere.ts';

export const runCommandNamed =
  (name: string): DbtCommand =>
  (context) =>
    runNamed(name, context, undefined);

async function runNamed(name: string, context: CommandContext, retried: EarlierRun | undefined): Promise<number> {
  const { runCommand } = await import('../tasks/commands.ts');
  const { args, host, log } = context;
  const parsed = context.parse();
  checkServed(context, parsed);
  if (name === 'freshness') warnOfHooks(context, parsed);
  const undeferred = defer(context, parsed);
  const select = (kinds: readonly string[]): readonly string[] => context.select(parsed, wantedKinds(args, kinds));
  const targetPath = context.targetPath(parsed);
  const input: CommandInput = {
    parsed,
    log,
    env: host.env,
    args: runArgs(args),
    targetPath,
    signal: host.signal,
    engine: host.engine as CommandInput['engine'],
    language: host.language,
    select: (kinds) => {
      const ids = select(kinds);
      if (undeferred !== undefined && ids.length > 0) throw undeferred;
      return ids;
    },
    retried,
  };
  const code = await runCommand(name, input);
  // Compiled code belongs to the manifest too; documentation that could not be made leaves what is there.
  if (name !== 'docs' || code === 0) context.keepManifest(parsed);
  return code;
}

/** By the project's own choice, which will end, its hooks are not run. */
function warnOfHooks({ warn }: CommandContext, { flags, manifest }: ParsedProject): void {
  if (flags.SOURCE_FRESHNESS_RUN_PROJECT_HOOKS !== false) return;
  if (Object.values(manifest.nodes).some((node) => node.resource_type === 'operation'))
    warn({
      name: 'SourceFreshnessProjectHooksNotRun',
      message: 'source freshness leaves out on-run-start and on-run-end: source_freshness_run_project_hooks is false',
      data: {},
    });
}

/** Beside an open database only projects of that database can run. */
export function checkServed(
  { host }: CommandContext,
  { profile, project }: Pick<ParsedProject, 'profile' | 'project'>,
): void {
  if (host.isServed === undefined) return;
  const given = String(profile.credentials.path ?? ':memory:');
  const file = path.resolve(project.root, given);
  if (given === ':memory:' || !host.isServed(file)) throw new DatabaseElsewhere(given);
}

const runArgs = ({ values, words }: DbtArgs): Dict => ({
  ...values,
  ...(words[0] === undefined ? {} : { macro: words[0] }),
});

function wantedKinds(args: DbtArgs, kinds: readonly string[]): readonly string[] {
  const given = listArg(args, 'resource_types')?.filter((type) => type !== 'all' && type !== 'default');
  const without = listArg(args, 'exclude_resource_types') ?? [];
  const wanted = given === undefined || given.length === 0 ? kinds : kinds.filter((kind) => given.includes(kind));
  return wanted.filter((kind) => !without.includes(kind));
}

/** Defers to the state that is named; where one is needed and none is named, it gives the error of what would use it. */
function defer({ args, targetPath, projectDir }: CommandContext, parsed: ParsedProject): DuckhouseError | undefined {
  if (!switchArg(args, 'defer') && args.command !== 'clone') return undefined;
  const folder = textArg(args, 'defer_state') ?? textArg(args, 'state');
  if (folder === undefined) {
    const missing = new DuckhouseError(
      'InvalidArgument',
      '--defer needs the manifest of an earlier run: give its folder with --state or --defer-state',
    );
    if (args.command === 'clone') return missing;
    throw missing;
  }
  const { manifest } = readPreviousState(folder, targetPath(parsed), projectDir);
  if (manifest === undefined)
    throw new DuckhouseError(
      'NotFound',
      `no manifest.json in ${path.resolve(projectDir, folder)}, which --defer needs`,
      { context: { path: folder } },
    );
  applyDefer(parsed, manifest);
  return undefined;
}

/** What was run and where stays as it was, whatever the command line of `retry` says; dbt has it so. */
const repeated = new Set(['target', 'profile', 'full_refresh', 'fail_fast']);

/** Repeats the run whose results are in the target folder, or in that of `--state`, for what did not succeed. */
export const retryCommand: DbtCommand = async (context) => {
  const { isDone, readEarlierRun } = await import('../tasks/retry.ts');
  const { args, projectDir, parseFlags, invocationId, startedAt } = context;
  const folder = textArg(args, 'state') ?? textArg(args, 'target_path') ?? 'target';
  // A profile or target that is not there is an error nevertheless.
  loadRoot(parseFlags, { invocationId, runStartedAt: startedAt });
  const earlier = readEarlierRun(path.resolve(projectDir, folder));
  if (isDone(earlier)) return 0;
  const own = [...args.explicit].filter((name) => !repeated.has(name));
  const given = Object.fromEntries(own.map((name) => [name, args.values[name]]));
  const unset = Object.fromEntries([...repeated].map((name) => [name, null]));
  const values: Dict = { ...args.values, ...unset, ...earlier.args, ...given };
  const { macro } = earlier.args;
  const words = typeof macro === 'string' ? [macro] : [];
  return runNamed(earlier.which, context.withArgs({ ...args, values, words }), earlier);
};
