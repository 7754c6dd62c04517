/** Commands that need a database: the project is parsed, deferred and selected here, the run room does the rest. */
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { type DbtArgs, listArg, switchArg, textArg } from '../args.ts';
import type { Dict } from '../manifest-types.ts';
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
  defer(context, parsed);
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
    select: (kinds) => context.select(parsed, wantedKinds(args, kinds)),
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

function defer({ args, targetPath, projectDir }: CommandContext, parsed: ParsedProject): void {
  if (!switchArg(args, 'defer') && args.command !== 'clone') return;
  const folder = textArg(args, 'defer_state') ?? textArg(args, 'state');
  if (folder === undefined)
    throw new DuckhouseError(
      'InvalidArgument',
      '--defer needs the manifest of an earlier run: give its folder with --state or --defer-state',
    );
  const { manifest } = readPreviousState(folder, targetPath(parsed), projectDir);
  if (manifest === undefined)
    throw new DuckhouseError(
      'NotFound',
      `no manifest.json in ${path.resolve(projectDir, folder)}, which --defer needs`,
      { context: { path: folder } },
    );
  applyDefer(parsed, manifest);
}

/** Repeats the run whose results are in the target folder, or in that of `--state`, for what did not succeed. */
export const retryCommand: DbtCommand = async (context) => {
  const { readEarlierRun } = await import('../tasks/retry.ts');
  const { args, projectDir } = context;
  const folder = textArg(args, 'state') ?? textArg(args, 'target_path') ?? 'target';
  const earlier = readEarlierRun(path.resolve(projectDir, folder));
  const given = Object.fromEntries([...args.explicit].map((name) => [name, args.values[name]]));
  const values: Dict = { ...args.values, ...earlier.args, ...given };
  const { macro } = earlier.args;
  const words = typeof macro === 'string' ? [macro] : [];
  return runNamed(earlier.which, context.withArgs({ ...args, values, words }), earlier);
};
