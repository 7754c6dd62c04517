/** What names of resources must not be: shared by several kinds, or with spaces in them. */
import { DuckhouseError } from '../../errors.ts';
import type { ManifestNode } from '../manifest-types.ts';
import type { ParseState } from './state.ts';

export function checkNames(state: ParseState): void {
  checkSpaces(state, nodesWithSpaces(state), state.flags.REQUIRE_RESOURCE_NAMES_WITHOUT_SPACES !== false);
  const asked = state.flags.REQUIRE_SOURCE_AND_SEMANTIC_MODEL_NAMES_WITHOUT_SPACES === true;
  checkSpaces(state, othersWithSpaces(state), asked);
  checkShared(state);
}

type Places = ReadonlyMap<string, string>;

function nodesWithSpaces({ manifest }: ParseState): Places {
  const found = new Map<string, string>();
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as ManifestNode;
    if (node.name.includes(' ')) found.set(id, node.original_file_path);
  }
  return found;
}

function othersWithSpaces({ manifest }: ParseState): Places {
  const sources = Object.values(manifest.sources)
    .filter(({ source_name: name }) => name.includes(' '))
    .map((one) => [`source.${one.package_name}.${one.source_name}`, one.original_file_path] as const);
  const models = Object.values(manifest.semantic_models)
    .filter(({ name }) => name.includes(' '))
    .map((one) => [one.unique_id, one.original_file_path] as const);
  return new Map([...sources, ...models]);
}

function checkSpaces({ warn }: ParseState, found: Places, isRefused: boolean): void {
  const [first] = found;
  if (first === undefined) return;
  if (isRefused)
    throw new DuckhouseError(
      'DataInvalid',
      `names must not have spaces: ${[...found].map(([id, file]) => `'${id}' (${file})`).join(', ')}`,
      { context: { path: first[1] } },
    );
  warn({
    name: 'SpacesInResourceNameDeprecation',
    message: `there are spaces in the name of '${first[0]}' (${first[1]})`,
    data: { unique_id: first[0], level: 'warn' },
  });
  warn({
    name: 'ResourceNamesWithSpacesDeprecation',
    message: `${found.size} name${found.size === 1 ? ' has' : 's have'} spaces; such names will be refused`,
    data: { count_invalid_names: found.size, show_debug_hint: true, level: 'warn' },
  });
}

/** A model, a seed and a snapshot of one name. */
function checkShared({ manifest, warn, flags }: ParseState): void {
  const seen = new Map<string, ManifestNode>();
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as ManifestNode;
    if (!['model', 'seed', 'snapshot'].includes(node.resource_type) || (node.version ?? null) !== null) continue;
    const key = `${node.package_name}.${node.name}`;
    const other = seen.get(key);
    seen.set(key, node);
    if (other === undefined) continue;
    const message = `'${node.name}' is the name of ${other.unique_id} and of ${id}: give one of them another`;
    if (flags.REQUIRE_UNIQUE_PROJECT_RESOURCE_NAMES === true)
      throw new DuckhouseError('AlreadyExists', message, { context: { path: node.original_file_path } });
    warn({
      name: 'DuplicateNameDistinctNodeTypesDeprecation',
      message,
      data: {
        resource_name: node.name,
        package_name: node.package_name,
        unique_id1: other.unique_id,
        unique_id2: id,
      },
    });
  }
}
