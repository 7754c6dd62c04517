/** `var(...)`: the command line, then the root project's own and package-scoped vars, then those of the package. */
import type { VarLookup } from '../context/var.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';

export function createVars(cli: Readonly<Dict>, root: DbtProject, project: DbtProject): VarLookup {
  const levels: readonly Readonly<Dict>[] = [
    cli,
    ...scopes(root, project.name),
    ...(root === project ? [] : scopes(project, project.name)),
  ];
  const levelOf = (name: string): Readonly<Dict> | undefined => levels.find((level) => Object.hasOwn(level, name));
  return {
    has: (name) => levelOf(name) !== undefined,
    get: (name) => levelOf(name)?.[name],
    all: () => Object.assign({}, ...[...levels].reverse()) as Dict,
  };
}

/** Vars of a project as a package sees them: those under the package's name before those for all. */
function scopes({ vars }: DbtProject, packageName: string): readonly Readonly<Dict>[] {
  const own = vars[packageName];
  return isDict(own) ? [own, vars] : [vars];
}
