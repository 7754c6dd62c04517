/** What a project says that is not so: versions it cannot run with, configs that reach nothing. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, GraphMember } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { isVersion, satisfies } from '../semver.ts';
import { dbtVersion } from '../version.ts';
import type { ParseState } from './state.ts';

export function checkVersion(project: DbtProject): void {
  const ranges = project.requireDbtVersion.flatMap((text) => text.split(',').map((part) => part.trim()));
  const broken = ranges.find((range) => isVersion(range) && !satisfies(dbtVersion, range));
  if (broken !== undefined)
    throw new DuckhouseError(
      'Unsupported',
      `project '${project.name}' requires dbt ${project.requireDbtVersion.join(', ')}; this behaves as dbt ${dbtVersion}`,
      { context: { name: project.name }, hint: 'to go on all the same: --no-version-check' },
    );
}

const treeOfNode: Readonly<Record<string, string>> = {
  model: 'models',
  seed: 'seeds',
  snapshot: 'snapshots',
  test: 'data_tests',
};

const sections = [
  'sources',
  'exposures',
  'functions',
  'metrics',
  'semantic_models',
  'saved_queries',
  'unit_tests',
] as const;

/** Entries of the root's trees that no resource is below; what is disabled counts for every tree. */
export function warnUnusedConfigs(state: ParseState): void {
  const { nodes, disabled } = state.manifest;
  const off = Object.values(disabled).flat();
  const unused: string[] = [];
  for (const [tree, configs] of Object.entries(state.root.trees)) {
    const section = sections.find((name) => name === tree);
    const members: readonly GraphMember[] =
      section === undefined
        ? Object.values(nodes).filter((node) => treeOfNode[node.resource_type] === tree)
        : Object.values(state.manifest[section]);
    const isUsed = (path: readonly string[]) => (member: GraphMember) =>
      path.every((part, index) => member.fqn[index] === part);
    for (const path of leafPaths(configs))
      if (path.length > 0 && !members.some(isUsed(path)) && !off.some(isUsed(path)))
        unused.push([tree, ...path].join('.'));
  }
  if (unused.length > 0)
    state.warn({
      name: 'UnusedResourceConfigPath',
      message: `configuration paths in dbt_project.yml reach no resource: ${unused.join(', ')}`,
    });
}

/** Paths to the entries that hold configs. */
function leafPaths(tree: Dict, path: readonly string[] = []): (readonly string[])[] {
  const entries = Object.entries(tree);
  const below = entries.filter(([key, value]) => isDict(value) && !key.startsWith('+'));
  const own = entries.length > below.length ? [path] : [];
  return [...own, ...below.flatMap(([key, value]) => leafPaths(value as Dict, [...path, key]))];
}
