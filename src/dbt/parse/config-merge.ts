import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, listOf, own, put, typeName } from '../plain.ts';
import type { ConfigKind } from './config-kinds.ts';

const hookNames: Readonly<Record<string, string>> = { pre_hook: 'pre-hook', post_hook: 'post-hook' };

/** `partial` laid over `base`, key by key, as the kind of resource combines them. Neither is changed. */
export function mergeConfig(kind: ConfigKind, base: Readonly<Dict>, partial: Readonly<Dict>): Dict {
  const merged: Dict = { ...base };
  for (const [name, value] of Object.entries(partial)) {
    const key = own(hookNames, name) ?? name;
    put(merged, key, mergeValue(kind, key, own(merged, key), value));
  }
  return merged;
}

function mergeValue(kind: ConfigKind, key: string, earlier: unknown, value: unknown): unknown {
  switch (kind.merge[key]) {
    case 'append':
      return [...listOf(earlier ?? []), ...listOf(value)];
    case 'update':
      if (key === 'latest_version_pointer' && typeof value === 'boolean')
        return { ...dictOf(key, earlier), enabled: value };
      return { ...dictOf(key, earlier), ...dictOf(key, value) };
    case 'dictKeyAppend':
      return appendKeys(dictOf(key, earlier), dictOf(key, value));
    default:
      return value;
  }
}

function dictOf(key: string, value: unknown): Dict {
  if (isDict(value)) return value;
  throw new DuckhouseError(
    'DataInvalid',
    `config '${key}' must be a dictionary, not a ${typeName(value)}: ${JSON.stringify(value)}`,
    { context: { key }, hint: `in dbt_project.yml a dictionary config is written with a plus sign: +${key}` },
  );
}

/** `grants`: a key replaces the list of a privilege, `+key` adds to it. */
function appendKeys(base: Dict, over: Dict): Dict {
  const merged: Dict = Object.fromEntries(Object.entries(base).map(([key, value]) => [key, listOf(value)]));
  for (const [name, value] of Object.entries(over)) {
    const key = name.replace(/^\++/, '');
    const earlier = merged[key];
    merged[key] = name !== key && earlier !== undefined ? [...listOf(earlier), ...listOf(value)] : listOf(value);
  }
  return merged;
}

const appended = new Set(['pre-hook', 'pre_hook', 'post-hook', 'post_hook', 'tags', 'packages']);
const updated = new Set(['quoting', 'column_types', 'meta', 'docs', 'contract']);

/** Adds the keywords of one `config()` call to those of the calls before it in the same file. */
export function addConfigCall(calls: Dict, call: Readonly<Dict>): void {
  if (Object.keys(calls).length === 0) {
    Object.assign(calls, call);
    return;
  }
  for (const [key, value] of Object.entries(call)) {
    const earlier = calls[key];
    if (appended.has(key)) calls[key] = earlier === undefined ? listOf(value) : [...listOf(earlier), ...listOf(value)];
    else if (updated.has(key))
      calls[key] = isDict(earlier) ? { ...earlier, ...dictOf(key, value) } : dictOf(key, value);
    else if (key === 'grants' && isDict(earlier)) calls[key] = addGrants(earlier, dictOf(key, value));
    else put(calls, key, value);
  }
}

/** The `+` of a key stays: how it combines with other levels is decided later. */
function addGrants(earlier: Dict, value: Dict): Dict {
  const merged: Dict = Object.fromEntries(Object.entries(earlier).map(([key, item]) => [key, listOf(item)]));
  for (const [key, item] of Object.entries(value))
    merged[key] =
      key.startsWith('+') && merged[key] !== undefined ? [...listOf(merged[key]), ...listOf(item)] : listOf(item);
  return merged;
}
