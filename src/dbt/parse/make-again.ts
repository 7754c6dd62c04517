/** Makes the nodes again that files make or describe which have changed, with their tests, in a state without others. */
import type { DbtManifest, Dict, ManifestNode, NodeType } from '../manifest-types.ts';
import { entryOf } from '../plain.ts';
import type { FoundFile, PackageFiles } from './files.ts';
import type { WholeParse } from './last-parse.ts';
import { isSame } from './member-copies.ts';
import type { ParseMemo } from './memo.ts';
import { describe } from './models-yaml.ts';
import type { Remade, TestPlace } from './remade.ts';
import { type ChangedEntry, changedEntries, type DescribingKey, describingKeys, makesMore } from './schema-changes.ts';
import { entriesOf, type SchemaFile } from './schema-file.ts';
import { schemaOf } from './schema-files.ts';
import { readAnalysis, readModel, readSeed, readSingularTest, readSnapshotFile } from './sql-files.ts';
import type { ParseState } from './state.ts';

export interface Again {
  readonly state: ParseState;
  readonly memo: ParseMemo;
  readonly last: WholeParse;
  /** The tests of each node as the last parse left them. */
  readonly tests: TestsByNode;
}

type TestsByNode = ReadonlyMap<string, readonly ManifestNode[]>;

export interface MadeNode extends Remade {
  /** As the last parse left it. */
  readonly before: ManifestNode;
}

type NodeFiles = 'models' | 'seeds' | 'snapshots' | 'analyses' | 'singularTests';

const readers: Readonly<Record<NodeFiles, readonly [NodeType, (state: ParseState, file: FoundFile) => void]>> = {
  models: ['model', readModel],
  seeds: ['seed', readSeed],
  snapshots: ['snapshot', readSnapshotFile],
  analyses: ['analysis', readAnalysis],
  singularTests: ['test', readSingularTest],
};
const nodeFiles = Object.keys(readers) as NodeFiles[];

/** Undefined when the files may have done more than that. */
export function makeAgain(
  { state, memo, last }: Omit<Again, 'tests'>,
  changed: readonly FoundFile[],
): MadeNode[] | undefined {
  const again = { state, memo, last, tests: testsByNode(last.manifest) };
  const files = filesToRead(again, changed);
  if (files === undefined) return undefined;
  const made: MadeNode[] = [];
  for (const [file, kind] of files) {
    const node = makeNode(again, file, kind);
    if (node === undefined) return undefined;
    made.push(node);
  }
  return Object.keys(state.manifest.disabled).length === 0 ? made : undefined;
}

/** The files of all nodes that may be others, with their kinds. */
function filesToRead(again: Again, changed: readonly FoundFile[]): Map<FoundFile, NodeFiles> | undefined {
  const { last } = again;
  const read = new Map<FoundFile, NodeFiles>();
  for (const file of changed) {
    const found = last.files.get(file.packageName);
    if (found === undefined) return undefined;
    const kind = nodeFiles.find((one) => found[one].includes(file));
    if (kind !== undefined) read.set(file, kind);
    else {
      const described = found.schemas.includes(file) ? filesDescribed(again, file, found) : undefined;
      if (described === undefined) return undefined;
      for (const [one, key] of described) read.set(one, key);
    }
  }
  return read;
}

function filesDescribed(
  { state, memo, last }: Again,
  file: FoundFile,
  found: PackageFiles,
): [FoundFile, DescribingKey][] | undefined {
  const earlier = memo.lastOf<SchemaFile>('schema', file);
  const entries = changedEntries(earlier, schemaOf(state, file));
  const described = entries?.map(({ key, name }: ChangedEntry): [FoundFile, DescribingKey] | undefined => {
    const node = last.manifest.nodes[`${readers[key][0]}.${file.packageName}.${name}`];
    if (node === undefined || node.patch_path !== pathOf(file)) return undefined;
    const ofNode = found[key].find(({ original }) => original === node.original_file_path);
    return ofNode && [ofNode, key];
  });
  return described?.every((one) => one !== undefined) ? described : undefined;
}

const pathOf = ({ packageName, original }: FoundFile): string => `${packageName}://${original}`;

/** The node of a file that makes but one, with its properties. */
function makeNode(again: Again, file: FoundFile, kind: NodeFiles): MadeNode | undefined {
  const { state, memo, last } = again;
  const [type, read] = readers[kind];
  const earlier = memo.onlyNodeOf(type, file);
  const before = earlier && last.manifest.nodes[earlier.node.unique_id];
  if (earlier === undefined || before === undefined || before.original_file_path !== file.original) return undefined;
  if (before.raw_code !== earlier.node.raw_code) return undefined;
  read(state, file);
  const node = state.manifest.nodes[before.unique_id];
  if (node === undefined || memo.onlyNodeOf(type, file) === undefined) return undefined;
  const place = before.patch_path === null ? undefined : describeNode(again, before, kind);
  if (place === 'unknown' || !isAlike(before, node)) return undefined;
  const tests = testsByNode(state.manifest).get(before.unique_id) ?? [];
  return { before, testsBefore: again.tests.get(before.unique_id) ?? [], node, tests, place };
}

function testsByNode({ nodes }: DbtManifest): TestsByNode {
  const tests = new Map<string, ManifestNode[]>();
  for (const id in nodes) {
    const test = nodes[id] as ManifestNode;
    if (test.attached_node) entryOf(tests, test.attached_node, () => []).push(test);
  }
  return tests;
}

/** Lays properties on a node; says where its tests belong. */
function describeNode(again: Again, node: ManifestNode, kind: NodeFiles): TestPlace | undefined | 'unknown' {
  const { state, last, tests } = again;
  const key = describingKeys.find((one) => one === kind);
  const file = last.files.get(node.package_name)?.schemas.find((one) => pathOf(one) === node.patch_path);
  const schema = file && schemaOf(state, file);
  const found = schema && key && entriesOf(state, schema, key).find(({ entry }) => entry.name === node.name);
  if (schema === undefined || key === undefined || found === undefined || makesMore(found.entry)) return 'unknown';
  describe(state, schema, key, found);
  return testPlace(tests, schema, key, node);
}

/** Next to the tests of the entries before or behind that of a node. */
function testPlace(
  testsOf: TestsByNode,
  schema: SchemaFile,
  key: DescribingKey,
  node: ManifestNode,
): TestPlace | undefined {
  const entries = schema.content[key] as readonly Dict[];
  const at = entries.findIndex(({ name }) => name === node.name);
  const nextTo = (others: readonly Dict[], side: TestPlace['side']): TestPlace | undefined => {
    for (const entry of others) {
      if (makesMore(entry)) return undefined;
      const tests = testsOf.get(`${node.resource_type}.${node.package_name}.${String(entry.name)}`);
      const id = tests?.at(side === 'behind' ? -1 : 0)?.unique_id;
      if (id !== undefined) return { side, id };
    }
    return undefined;
  };
  return nextTo(entries.slice(0, at).reverse(), 'behind') ?? nextTo(entries.slice(at + 1), 'ahead');
}

/** What others see of a node. */
const seen = [
  'unique_id',
  'name',
  'fqn',
  'path',
  'original_file_path',
  'patch_path',
  'database',
  'schema',
  'alias',
  'relation_name',
  'access',
  'group',
  'version',
  'latest_version',
  'deprecation_date',
  'time_spine',
] as const;

const isAlike = (a: ManifestNode, b: ManifestNode): boolean => seen.every((key) => isSame(a[key], b[key]));
