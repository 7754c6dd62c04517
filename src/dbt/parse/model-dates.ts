/** Warnings of models whose end is announced: of each model that is past it, and of who still refers to it. */
import type { ManifestNode } from '../manifest-types.ts';
import type { ParseState } from './state.ts';

export function warnDeprecatedModels(state: ParseState, now: Date): void {
  const { nodes } = state.manifest;
  const announced = new Set<string>();
  for (const id in nodes) {
    const node = nodes[id] as ManifestNode;
    if (!node.deprecation_date) continue;
    announced.add(id);
    if (isPast(node, now))
      state.warn({
        name: 'DeprecatedModel',
        message: `Model ${versionedName(node)} has passed its deprecation date of ${node.deprecation_date}. This model should be disabled or removed.`,
      });
  }
  if (announced.size === 0) return;
  for (const id in nodes) {
    const node = nodes[id] as ManifestNode;
    if (node.resource_type === 'model')
      for (const parent of node.depends_on.nodes)
        if (announced.has(parent)) warnReference(state, { node, parent: nodes[parent] as ManifestNode, now });
  }
}

interface Reference {
  readonly node: ManifestNode;
  readonly parent: ManifestNode;
  readonly now: Date;
}

function warnReference(state: ParseState, { node, parent, now }: Reference): void {
  const name = versionedName(parent);
  const past = isPast(parent, now);
  const when = past
    ? `which was deprecated on '${parent.deprecation_date}'`
    : `which is slated for deprecation on '${parent.deprecation_date}'`;
  const { version, latest_version: latest } = parent;
  const newer = isSet(version) && isSet(latest) && String(version) !== String(latest);
  const advice = newer
    ? ` A new version of '${parent.name}' is available. Use it: {{ ref('${parent.package_name}', '${parent.name}', v='${latest}') }}.`
    : '';
  state.warn({
    name: past ? 'DeprecatedReference' : 'UpcomingReferenceDeprecation',
    message: `While compiling '${node.name}': Found a reference to ${name}, ${when}.${advice}`,
  });
}

const isSet = (value: unknown): boolean => value !== null && value !== undefined;

const isPast = ({ deprecation_date: date }: ManifestNode, now: Date): boolean =>
  new Date(String(date)).getTime() <= now.getTime();

export const versionedName = ({ name, version }: Pick<ManifestNode, 'name' | 'version'>): string =>
  isSet(version) ? `${name}.v${version}` : name;
