import { buildProject, readProjectText } from '../project/project.ts';
import { earlyRenderer, readYaml } from '../project/render.ts';
import type { DbtProject } from '../project-types.ts';
import type { CommandContext } from './context.ts';

/** The project's own file, for commands that need neither profile nor packages. */
export function ownProject({ projectDir, parseFlags, invocationId, startedAt }: CommandContext): DbtProject {
  const render = earlyRenderer(
    {
      env: parseFlags.env,
      vars: parseFlags.vars ?? {},
      flags: {},
      secrets: false,
      lenient: true,
      invocationId,
      runStartedAt: startedAt,
    },
    'dbt_project.yml',
  );
  return buildProject(readProjectText(projectDir, readYaml), render, parseFlags);
}
