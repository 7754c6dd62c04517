/** `debug`: looks at the project's file, its profile, git and the connection, whatever else is wrong. */
import { isDuckhouseError } from '../../errors.ts';
import { switchArg } from '../args.ts';
import { loadRoot } from '../project/load.ts';
import { profileFiles } from '../project/profile.ts';
import type { CommandInput } from '../tasks/command.ts';
import { dbtVersion } from '../version.ts';
import type { CommandContext, DbtCommand } from './context.ts';
import { ownProject } from './own-project.ts';
import { checkServed } from './run.ts';

type Tell = (line: string) => void;

export const debugCommand: DbtCommand = async (context) => {
  const { args, log, host } = context;
  const tell: Tell = (line) => log.fire({ name: 'DebugCmdOut', code: 'Z047', level: 'info', msg: line });
  if (switchArg(args, 'config_dir')) {
    tell(`profiles.yml is looked for in: ${profilePlaces(context).join(', ')}`);
    return 0;
  }
  const { checkConnection, checkGit } = await import('../tasks/debug.ts');
  const hasOnlyConnection = switchArg(args, 'connection');
  if (!hasOnlyConnection) tell(`dbt version: ${dbtVersion}`);
  const root = checkFiles(context, tell);
  const failed: string[] = root === undefined ? ['the configuration'] : [];
  if (!hasOnlyConnection && !checkGit(tell)) failed.push('git');
  if (root === undefined) tell('Connection test skipped since the configuration cannot be read');
  else {
    checkServed(context, { profile: root.profile, project: root.root });
    const engine = host.engine as CommandInput['engine'];
    const isOpen = await checkConnection(
      { profile: root.profile, project: root.root, engine, signal: host.signal },
      tell,
    );
    if (!isOpen) failed.push('the connection');
  }
  tell('');
  tell(failed.length === 0 ? 'All checks passed!' : `Not all checks passed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
};

const profilePlaces = ({ parseFlags, projectDir, host }: CommandContext): string[] =>
  profileFiles({
    projectDir,
    cwd: host.cwd,
    env: host.env,
    workspace: host.workspace,
    home: host.env.HOME ?? host.env.USERPROFILE,
    profilesDir: parseFlags.profilesDir,
    profile: undefined,
  });

/** Tells how the two files are; the project and its profile when both can be read. */
function checkFiles(context: CommandContext, tell: Tell): ReturnType<typeof loadRoot> | undefined {
  const { parseFlags, projectDir, invocationId, startedAt } = context;
  const project = attempt(() => ownProject(context));
  const loaded = attempt(() => loadRoot(parseFlags, { invocationId, runStartedAt: startedAt }));
  tell(`dbt_project.yml: ${project.problem === undefined ? '[OK found and valid]' : '[ERROR]'} ${projectDir}`);
  if (project.problem !== undefined) tell(`  ${project.problem}`);
  const profile = loaded.made?.profile;
  if (profile !== undefined)
    tell(`profiles.yml: [OK found and valid] ${profile.path}, profile ${profile.name}, target ${profile.targetName}`);
  else if (project.problem === undefined) {
    tell('profiles.yml: [ERROR]');
    tell(`  ${loaded.problem}`);
  }
  return loaded.made;
}

function attempt<T>(make: () => T): { readonly made?: T; readonly problem?: string } {
  try {
    return { made: make() };
  } catch (error) {
    if (!isDuckhouseError(error)) throw error;
    return { problem: error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}` };
  }
}
