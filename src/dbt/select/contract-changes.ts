/** What a change breaks for those who rely on an enforced contract. Of a versioned model it is an error, as in dbt. */
import { isDeepStrictEqual } from 'node:util';
import { DuckhouseError } from '../../errors.ts';
import type { DbtManifest, ManifestNode } from '../manifest-types.ts';
import type { ParseWarning } from '../project-types.ts';

const enforcing = new Set(['table', 'incremental']);
const enforces = ({ config }: ManifestNode): boolean => enforcing.has(config.materialized);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b));
const baseType = (type: string | null): string => (type ?? '').split('(')[0]?.trim().toLowerCase() ?? '';

export type Warn = (warning: ParseWarning) => void;

/** Tells when `now` breaks the contract that `old` had; throws when it has a version to keep it in. */
export function checkContract(old: ManifestNode, now: ManifestNode, warn: Warn): void {
  if (old.contract?.enforced !== true) return;
  const changes = breakingChanges(old, now);
  if (changes.length > 0) tell(now, changes, warn);
}

/** The same of models of an earlier manifest, whose contract was enforced, that are gone or disabled. */
export function checkRemovedContracts(manifest: DbtManifest, previous: DbtManifest, warn: Warn): void {
  for (const [id, old] of Object.entries(previous.nodes)) {
    const disabled = manifest.disabled[id]?.[0] as ManifestNode | undefined;
    if (old.resource_type !== 'model' || (disabled === undefined && manifest.nodes[id] !== undefined)) continue;
    const node = disabled ?? old;
    const isOver = node.deprecation_date ? new Date(node.deprecation_date) < new Date() : false;
    if (node.contract?.enforced !== true || isOver) continue;
    tell(node, [`Contracted model '${id}' was ${disabled === undefined ? 'deleted or renamed' : 'disabled'}.`], warn);
  }
}

function breakingChanges(old: ManifestNode, now: ManifestNode): string[] {
  const columns = Object.entries(old.columns).sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = columns.flatMap(([key, before]) => {
    const after = now.columns[key];
    return after === undefined ? [] : [{ key, before, after }];
  });
  const removed = columns.filter(([key]) => now.columns[key] === undefined).map(([, { name }]) => name);
  const retyped = kept
    .filter(({ before, after }) => baseType(before.data_type) !== baseType(after.data_type))
    .map(({ before, after }) => `${before.name} (${String(before.data_type)} -> ${String(after.data_type)})`);
  const unconstrained = enforces(old)
    ? kept.flatMap(({ key, before, after }) =>
        (before.constraints ?? [])
          .filter((one) => !(after.constraints ?? []).some((other) => same(one, other)))
          .map(({ name, type }) => `'${name ?? type}' constraint on column ${key}`),
      )
    : [];
  const freed = enforces(old)
    ? (old.constraints ?? [])
        .filter((one) => !(now.constraints ?? []).some((other) => same(one, other)))
        .map(({ name, type, columns: on }) => `'${name ?? type}' constraint on columns ${on.join(', ')}`)
    : [];
  const isConstrained = (old.constraints ?? []).length > 0 || columns.some(([, one]) => one.constraints?.length);
  const loosened = enforces(old) && !enforces(now) && isConstrained;
  return [
    ...(now.contract?.enforced === true ? [] : ['Contract enforcement was removed']),
    ...listed('Columns were removed', removed),
    ...listed('Columns with data_type changes', retyped),
    ...listed('Enforced column level constraints were removed', unconstrained),
    ...listed('Enforced model level constraints were removed', freed),
    ...listed(
      'Materialization changed with enforced constraints',
      loosened ? [`${old.config.materialized} -> ${now.config.materialized}`] : [],
    ),
  ];
}

const listed = (title: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : [`${title}: ${items.join('; ')}`];

function tell(node: ManifestNode, changes: readonly string[], warn: Warn): void {
  if ((node.version ?? null) !== null) throw broken(node, changes);
  const { name, original_file_path: path } = node;
  warn({
    name: 'UnversionedBreakingChange',
    message: `${name} (${path}), a model without versions, breaks its contract, compared with the state:\n  - ${changes.join('\n  - ')}`,
    data: { model_name: name, model_file_path: path, breaking_changes: [...changes] },
  });
}

const broken = (
  { unique_id: id, original_file_path: path }: ManifestNode,
  changes: readonly string[],
): DuckhouseError =>
  new DuckhouseError(
    'DataInvalid',
    `${id} (${path}) breaks its contract, compared with the state:\n  - ${changes.join('\n  - ')}`,
    { context: { node: id, path }, hint: 'make an additive change instead, or a new version of the model' },
  );
