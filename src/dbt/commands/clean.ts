import { existsSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { switchArg } from '../args.ts';
import { allSourcePaths } from '../parse/files.ts';
import { isWithin } from '../within.ts';
import type { CommandContext } from './context.ts';
import { ownProject } from './own-project.ts';

/** Removes the folders that `clean-targets` names; never what holds sources, nothing outside the project unless asked. */
export async function cleanCommand(context: CommandContext): Promise<number> {
  const { args, log, projectDir } = context;
  const project = ownProject(context);
  const root = realpathSync(projectDir);
  const kept = new Set(allSourcePaths(project).map((folder) => path.resolve(root, folder)));
  if (project.cleanTargets.includes('dbt_modules') && !project.cleanTargets.includes(project.packagesInstallPath))
    context.warn({
      name: 'PackageInstallPathDeprecation',
      message: `clean-targets names 'dbt_modules', but packages are in '${project.packagesInstallPath}' now`,
      data: {},
    });
  for (const target of project.cleanTargets) {
    const folder = path.resolve(root, target);
    const holds =
      [...kept].find((one) => one === folder || one.startsWith(`${folder}${path.sep}`)) ??
      (root === folder || root.startsWith(`${folder}${path.sep}`) ? root : undefined);
    if (holds !== undefined)
      throw new DuckhouseError('InvalidArgument', `clean-targets names '${target}', which holds ${holds}`, {
        hint: 'remove it from clean-targets in dbt_project.yml',
      });
    if (
      switchArg(args, 'clean_project_files_only') &&
      !(folder.startsWith(`${root}${path.sep}`) && isWithin(root, path.dirname(folder)))
    )
      throw new DuckhouseError('InvalidArgument', `clean-targets names '${target}', which is outside the project`, {
        hint: 'to remove it all the same: --no-clean-project-files-only',
      });
    log.fire({ name: 'CheckCleanPath', code: 'Z012', level: 'info', msg: `Checking ${folder}/*` });
    if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
    log.fire({ name: 'ConfirmCleanPath', code: 'Z013', level: 'info', msg: `Cleaned ${folder}/*` });
  }
  log.fire({ name: 'FinishedCleanPaths', code: 'Z015', level: 'info', msg: 'Finished cleaning all paths.' });
  return 0;
}
