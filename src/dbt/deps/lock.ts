/** package-lock.yml: the exact packages, and a hash of the list they were made from. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import { lockName } from '../project/installed.ts';
import { readYaml } from '../project/render.ts';
import { hashForm, type PackageSpec } from './specs.ts';

export interface PackageLock {
  readonly packages: readonly Dict[];
  readonly hash: string | undefined;
}

export const lockFile = (root: string): string => path.join(root, lockName);

export function readLock(root: string): PackageLock | undefined {
  const file = lockFile(root);
  if (!existsSync(file)) return undefined;
  const content = readYaml(readFileSync(file, 'utf8'), file);
  if (!isDict(content)) return undefined;
  const packages = Array.isArray(content.packages) ? content.packages.filter(isDict) : [];
  return { packages, hash: isText(content.sha1_hash) ? content.sha1_hash : undefined };
}

export function writeLock(root: string, packages: readonly Dict[], hash: string): void {
  const sorted = packages.map((entry) =>
    Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  writeFileSync(lockFile(root), stringify({ packages: sorted, sha1_hash: hash }, { indentSeq: true }));
}

export const listHash = (specs: readonly PackageSpec[]): string =>
  createHash('sha1')
    .update(
      specs
        .map((spec) => sortedJson(hashForm(spec)))
        .sort()
        .join('\n'),
    )
    .digest('hex');

/** JSON with sorted keys and a space after commas and colons, so that lists hash as elsewhere. */
function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(', ')}]`;
  if (!isDict(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}: ${sortedJson(value[key])}`);
  return `{${entries.join(', ')}}`;
}
