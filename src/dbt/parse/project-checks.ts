/** What a project says that is not so: versions it cannot run with, configs that reach nothing. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
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

const typesOfTree: Readonly<Record<string, readonly string[]>> = {
  models: ['model', 'analysis', 'operation'],
  seeds: ['seed'],
  snapshots: ['snapshot'],
  sources: ['source'],
  data_tests: ['test'],
};

/** Entries of the root's trees that no resource is below. */
export function warnUnusedConfigs(state: ParseState): void {
  const fqns = resourceNames(state);
  const unused: string[] = [];
  for (const [tree, types] of Object.entries(typesOfTree)) {
    const names = types.flatMap((type) => fqns.get(type) ?? []);
    for (const path of leafPaths(state.root.trees[tree] ?? {}))
      if (path.length > 0 && !names.some((fqn) => path.every((part, index) => fqn[index] === part)))
        unused.push([tree, ...path].join('.'));
  }
  if (unused.length > 0)
    state.warn({
      name: 'UnusedResourceConfigPath',
      message: `configuration paths in dbt_project.yml reach no resource: ${unused.join(', ')}`,
    });
}

function resourceNames({ manifest }: ParseState): Map<string, (readonly string[])[]> {
  const found = new Map<string, (readonly string[])[]>();
  const add = (type: string, fqn: readonly string[]): void => {
    const list = found.get(type);
    if (list === undefined) found.set(type, [fqn]);
    else list.push(fqn);
  };
  for (const id in manifest.nodes) {
    const { resource_type: type, fqn } = manifest.nodes[id] as ManifestNode;
    add(type, fqn);
  }
  for (const source of Object.values(manifest.sources)) add('source', source.fqn);
  for (const member of Object.values(manifest.disabled).flat()) add(member.resource_type, member.fqn);
  return found;
}

/** Paths to the entries that hold configs. */
function leafPaths(tree: Dict, path: readonly string[] = []): (readonly string[])[] {
  const entries = Object.entries(tree);
  const below = entries.filter(([key, value]) => isDict(value) && !key.startsWith('+'));
  const own = entries.length > below.length ? [path] : [];
  return [...own, ...below.flatMap(([key, value]) => leafPaths(value as Dict, [...path, key]))];
}
