import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DbtManifest, Dict } from '../../src/dbt/manifest-types.ts';
import { writeManifest } from '../../src/dbt/parse/manifest.ts';
import { readPreviousState } from '../../src/dbt/select/previous.ts';
import { parseArguments, runLs } from './ls.ts';
import { copyKitchenSink, kitchenSink, parse } from './project.ts';

const json = (name: string): unknown => JSON.parse(readFileSync(path.join(kitchenSink, name), 'utf8'));
const golden = json('golden/manifest.json') as DbtManifest;
const env = { TZ: 'UTC' };

const fields = [
  'resource_type',
  'package_name',
  'name',
  'alias',
  'database',
  'schema',
  'relation_name',
  'fqn',
  'path',
  'original_file_path',
  'patch_path',
  'checksum',
  'meta',
  'group',
  'access',
  'version',
  'latest_version',
  'description',
  'refs',
  'sources',
  'language',
  'column_name',
  'attached_node',
  'unrendered_config',
] as const;
const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

function differences(ours: Dict, theirs: Dict, keys: readonly string[]): string[] {
  return keys.filter((key) => {
    if (!(key in theirs) || (isEmpty(ours[key]) && isEmpty(theirs[key]))) return false;
    return JSON.stringify(plain(ours[key])) !== JSON.stringify(theirs[key]);
  });
}

test('every node of the kitchen sink is as real dbt makes it', () => {
  const { manifest } = parse(copyKitchenSink(), { profilesDir: 'profiles', env });
  assert.deepEqual(Object.keys(manifest.nodes).sort(), Object.keys(golden.nodes).sort());
  for (const [id, theirs] of Object.entries(golden.nodes)) {
    const ours = manifest.nodes[id] as unknown as Dict;
    assert.deepEqual(differences(ours, theirs as unknown as Dict, fields), [], id);
    assert.deepEqual(
      differences(ours.config as Dict, theirs.config, Object.keys(theirs.config)),
      [],
      `config of ${id}`,
    );
    const depends = (ours.depends_on as { nodes?: string[] }).nodes ?? [];
    assert.deepEqual([...depends].sort(), [...(theirs.depends_on?.nodes ?? [])].sort(), id);
  }
  for (const part of ['sources', 'exposures', 'unit_tests', 'groups'] as const)
    assert.deepEqual(Object.keys(manifest[part]).sort(), Object.keys(golden[part]).sort(), part);
  assert.deepEqual(manifest.selectors, golden.selectors);
});

test('checksums of unit tests are those that other implementations compute', () => {
  const { manifest } = parse(copyKitchenSink(), { profilesDir: 'profiles', env });
  for (const [id, { checksum }] of Object.entries(golden.unit_tests))
    assert.equal(manifest.unit_tests[id]?.checksum, checksum, id);
});

interface Step {
  readonly select?: Readonly<Record<string, readonly string[]>>;
  readonly replace?: readonly [string, string, string];
  readonly write?: readonly [string, string];
}
const steps = json('steps.json') as readonly Step[];
const wanted = new Map(
  (json('golden/selections.json') as { rows: { name: string; ids: string[] | null }[] }).rows.map(({ name, ids }) => [
    name,
    ids,
  ]),
);

test('selections without a state give what real dbt gives', () => {
  const folder = copyKitchenSink();
  const parsed = parse(folder, { profilesDir: 'profiles', env });
  const selections = Object.entries(steps.find(({ select }) => select !== undefined)?.select ?? {});
  assert.equal(selections.length, 82);
  for (const [name, words] of selections)
    assert.deepEqual(runLs(parsed, parseArguments(words), undefined), wanted.get(name), `${name} ${words.join(' ')}`);
});

test('selections by state give what real dbt gives', () => {
  const folder = copyKitchenSink();
  const before = parse(folder, { profilesDir: 'profiles', env });
  mkdirSync(path.join(folder, 'state'));
  writeManifest(before.manifest, path.join(folder, 'state'));
  for (const { replace, write } of steps) {
    if (replace !== undefined) {
      const file = path.join(folder, replace[0]);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(replace[1], replace[2]));
    }
    if (write !== undefined) writeFileSync(path.join(folder, write[0]), write[1]);
  }
  const parsed = parse(folder, { profilesDir: 'profiles', env });
  const selections = Object.entries(steps.filter(({ select }) => select !== undefined).at(-1)?.select ?? {});
  assert.equal(selections.length, 9);
  const previous = readPreviousState('state', path.join(folder, 'target'), folder);
  for (const [name, words] of selections) {
    const expected = wanted.get(name);
    if (words.some((word) => word.includes('result:'))) continue; // these need the results of a run
    assert.deepEqual(runLs(parsed, parseArguments(words), previous), expected, `${name} ${words.join(' ')}`);
  }
});
