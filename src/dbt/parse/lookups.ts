/** Finds nodes by the names that `ref`, `source` and `doc` use. */

import { DuckhouseError } from '../../errors.ts';
import type { BaseResource, DocNode, GraphMember, ManifestNode, NodeType, SourceNode } from '../manifest-types.ts';

/** Resources by name, then by package. Most names mean one resource only: those need no map of their own. */
export class NameIndex<T extends BaseResource> {
  readonly #byName = new Map<string, T | Map<string, T>>();

  set(name: string, resource: T): void {
    const known = this.#byName.get(name);
    if (known === undefined) this.#byName.set(name, resource);
    else if (known instanceof Map) known.set(resource.package_name, resource);
    else if (known.package_name === resource.package_name) this.#byName.set(name, resource);
    else
      this.#byName.set(
        name,
        new Map([
          [known.package_name, known],
          [resource.package_name, resource],
        ]),
      );
  }

  delete(name: string, resource: T): void {
    const known = this.#byName.get(name);
    if (known === resource) this.#byName.delete(name);
    else if (known instanceof Map && known.get(resource.package_name) === resource) {
      known.delete(resource.package_name);
      if (known.size === 0) this.#byName.delete(name);
    }
  }

  /** Without a package the name must be unique among packages. */
  find(name: string, packageName: string | null): T | undefined {
    const known = this.#byName.get(name);
    if (known === undefined) return undefined;
    if (!(known instanceof Map)) return packageName === null || known.package_name === packageName ? known : undefined;
    if (packageName !== null) return known.get(packageName);
    if (known.size > 1) throw ambiguous(name, [...known.values()]);
    return known.values().next().value;
  }

  /** The one resource of a name that no other package has: wherever it is looked for, it is found. */
  only(name: string): T | undefined {
    const known = this.#byName.get(name);
    return known instanceof Map ? undefined : known;
  }

  get names(): Iterable<string> {
    return this.#byName.keys();
  }
}

const ambiguous = (name: string, found: readonly BaseResource[]): DuckhouseError =>
  new DuckhouseError(
    'DataInvalid',
    `ref('${name}') is ambiguous: ${found.map(({ unique_id, original_file_path }) => `${unique_id} (${original_file_path})`).join(', ')}`,
    { context: { name }, hint: `name the package: ref('${found[0]?.package_name}', '${name}')` },
  );

const refable: ReadonlySet<NodeType> = new Set(['model', 'seed', 'snapshot']);
export const isRefable = (node: { readonly resource_type: NodeType }): boolean => refable.has(node.resource_type);

const versioned = (name: string, version: string | number): string => `${name}.v${version}`;

export class RefIndex {
  readonly #index = new NameIndex<ManifestNode>();

  add(node: ManifestNode): void {
    if (!isRefable(node)) return;
    const { version = null, latest_version: latest } = node;
    if (version === null) this.#index.set(node.name, node);
    else {
      this.#index.set(versioned(node.name, version), node);
      if (String(version) === String(latest)) this.#index.set(node.name, node);
    }
  }

  remove(node: ManifestNode): void {
    this.#index.delete(node.name, node);
    if (node.version !== null && node.version !== undefined)
      this.#index.delete(versioned(node.name, node.version), node);
  }

  find(name: string, packageName: string | null, version: string | number | null): ManifestNode | undefined {
    return this.#index.find(version === null ? name : versioned(name, version), packageName);
  }

  only(name: string): ManifestNode | undefined {
    return this.#index.only(name);
  }

  get names(): Iterable<string> {
    return this.#index.names;
  }
}

/** Where an unqualified name is looked for, in order; null = anywhere. */
export function searchOrder(
  rootName: string,
  nodePackage: string,
  target: string | null,
  nodePackageFirst: boolean,
): readonly (string | null)[] {
  if (target !== null) return [target];
  if (rootName === nodePackage) return [rootName, null];
  return nodePackageFirst ? [nodePackage, rootName, null] : [rootName, nodePackage, null];
}

/** Disabled resources by name; several files may hold disabled resources of one name. */
export class DisabledIndex {
  readonly #byName = new Map<string, GraphMember[]>();

  constructor(disabled: Readonly<Record<string, readonly GraphMember[]>>) {
    for (const members of Object.values(disabled))
      for (const member of members) {
        this.#add(disabledName(member), member);
        const version = 'version' in member ? (member.version as string | number | null) : null;
        if (version !== null && version !== undefined) this.#add(versioned(member.name, version), member);
      }
  }

  #add(name: string, member: GraphMember): void {
    const members = this.#byName.get(name);
    if (members === undefined) this.#byName.set(name, [member]);
    else members.push(member);
  }

  find(name: string, packageName: string | null, types?: readonly NodeType[]): readonly GraphMember[] {
    return (this.#byName.get(name) ?? []).filter(
      (member) =>
        (packageName === null || member.package_name === packageName) &&
        (types === undefined || types.includes(member.resource_type)),
    );
  }

  findVersion(name: string, packageName: string | null, version: string | number | null): GraphMember | undefined {
    return this.find(version === null ? name : versioned(name, version), packageName)[0];
  }
}

const disabledName = (member: GraphMember): string =>
  member.resource_type === 'source' ? `${(member as SourceNode).source_name}.${member.name}` : member.name;

/** The doc block that `name` means in a package: its own first, then the root's, then any. */
export function findDoc(
  docs: NameIndex<DocNode>,
  rootName: string,
  nodePackage: string,
  packageName: string | null,
  name: string,
): DocNode | undefined {
  for (const candidate of searchOrder(rootName, nodePackage, packageName, false)) {
    const found = docs.find(name, candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}
