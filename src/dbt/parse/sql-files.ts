/** Nodes that files make: models, snapshots, analyses, singular tests, seeds; hooks of dbt_project.yml; doc blocks. */

import { DuckhouseError } from '../../errors.ts';
import { extractBlocks } from '../../jinja/index.ts';
import { mayHaveExpressions, type VarLookup } from '../context/var.ts';
import type { Dict, ManifestNode, NodeType } from '../manifest-types.ts';
import { entryOf, isText, pathParts, withoutExtension } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { areSimpleCalls, unrenderedCalls } from '../unrendered-calls.ts';
import { addConfigCall } from './config-merge.ts';
import { type FoundFile, readText, seedChecksum, textChecksum } from './files.ts';
import type { KeptNode } from './memo.ts';
import { addNode, applyConfig, baseName, createFileNode, createNode, takeCaptured } from './nodes.ts';
import { pythonCalls } from './python-model.ts';
import type { ParseState } from './state.ts';
import { rawConfigs, readStatic, type StaticOptions } from './static-calls.ts';

type MakeNodes = (state: ParseState, file: FoundFile) => readonly ManifestNode[];

/** Nodes of a file, made or remembered. */
function nodesOf(state: ParseState, kind: NodeType, file: FoundFile, make: MakeNodes): readonly KeptNode[] {
  const keep = (node: ManifestNode): KeptNode => ({ node, calls: state.calls.get(node) });
  return state.memo === undefined
    ? make(state, file).map(keep)
    : state.memo.nodesOf(kind, file, (found) => make(state, found).map(keep));
}

/** They go into the manifest. */
function addNodesOf(state: ParseState, kind: NodeType, file: FoundFile, make: MakeNodes): readonly ManifestNode[] {
  return nodesOf(state, kind, file, make).map(({ node, calls }) => {
    if (calls !== undefined) state.calls.set(node, calls);
    addNode(state, node);
    return node;
  });
}

export const readModel = (state: ParseState, file: FoundFile): void => void addNodesOf(state, 'model', file, modelsOf);

function modelsOf(state: ParseState, file: FoundFile): ManifestNode[] {
  const text = readText(file);
  const python = file.relative.endsWith('.py');
  const node = createFileNode(state, file, {
    type: 'model',
    code: text,
    checksum: textChecksum(text),
    language: python ? 'python' : 'sql',
  });
  const source = python ? pythonCalls(text) : text;
  if (!readStatically(state, node, source)) render(state, node);
  applyConfig(state, node);
  return [node];
}

const snapshotBlocks = new Set(['snapshot']);
const docsBlocks = new Set(['docs']);
const overridable = ['ref', 'source', 'config'] as const;

/** Literal `ref`, `source` and `config` are read off the text; everything else is rendered. */
function readStatically(state: ParseState, node: ManifestNode, source: string): boolean {
  const overridden = overridable.some(
    (name) => state.macros.find(node.package_name, name) ?? state.macros.find(state.root.name, name),
  );
  if (overridden) return false;
  if (!source.includes('{')) return true;
  const options = staticOptions(state, node.package_name);
  const found = readStatic(source, node.original_file_path, options);
  if (found === undefined) return false;
  const isSimple = !found.usesVars && !found.usesIncremental && areSimpleCalls(source);
  const isRaw = isSimple && found.configs.length > 0 && source.includes('\\');
  const configs = isRaw ? rawConfigs(source, node.original_file_path, options) : found.configs;
  const calls: Dict = {};
  const unrendered: Dict = {};
  for (const [key, value] of configs) {
    addConfigCall(calls, { [key]: value });
    unrendered[key] = value;
  }
  node.refs.push(...found.refs);
  // Sources are a set here, as for all who read models without rendering them.
  const seen = new Set(node.sources.map((pair) => pair.join('.')));
  for (const pair of found.sources) {
    if (seen.has(pair.join('.'))) continue;
    seen.add(pair.join('.'));
    node.sources.push(pair);
  }
  if (found.usesIncremental) node.depends_on.macros.push(isIncremental);
  if (found.configs.length === 0) return true;
  if (isSimple) state.calls.set(node, { calls, unrendered, patched: calls });
  else state.calls.set(node, { calls, unrendered: node.language === 'python' ? unrendered : unrenderedCalls(source) });
  return true;
}

const plainVars =
  (vars: VarLookup) =>
  (name: string, hasDefault: boolean): boolean => {
    if (!vars.has(name)) return hasDefault;
    const value = vars.get(name);
    return !isText(value) || !mayHaveExpressions(value);
  };

const isIncremental = 'macro.dbt.is_incremental';

function staticOptions(state: ParseState, packageName: string): StaticOptions {
  return entryOf(state.staticOptions, packageName, () => ({
    isPlainVar: plainVars(state.vars(packageName)),
    incremental: state.macros.resolve('is_incremental', packageName)?.unique_id === isIncremental,
  }));
}

function render(state: ParseState, node: ManifestNode): void {
  const calls: Dict = {};
  takeCaptured(node, state.renderer.captureNode(node, calls));
  state.calls.set(node, { calls, unrendered: unrenderedCalls(node.raw_code) });
}

export const readSnapshotFile = (state: ParseState, file: FoundFile): void =>
  void addNodesOf(state, 'snapshot', file, snapshotsOf);

function snapshotsOf(state: ParseState, file: FoundFile): ManifestNode[] {
  const text = readText(file);
  return extractBlocks(text, { path: file.original, allowed: snapshotBlocks }).map((block) => {
    const name = block.name ?? baseName(file.relative);
    const node = createNode(state, {
      type: 'snapshot',
      packageName: file.packageName,
      name,
      path: file.relative,
      original: file.original,
      fqn: [file.packageName, ...pathParts(withoutExtension(file.relative)), name],
      code: block.contents,
      checksum: textChecksum(text),
    });
    render(state, node);
    applyConfig(state, node);
    return node;
  });
}

export const readAnalysis = (state: ParseState, file: FoundFile): void =>
  void addNodesOf(state, 'analysis', file, (_, found) => [
    queryOf(state, found, 'analysis', `analysis/${file.relative}`),
  ]);

export function readSingularTest(state: ParseState, file: FoundFile): void {
  const name = baseName(file.relative);
  const folder = pathParts(file.relative).slice(0, -1);
  const nodes = addNodesOf(state, 'test', file, (_, found) => [
    queryOf(state, found, 'test', [...folder, `${name}.sql`].join('/')),
  ]);
  for (const node of nodes) state.singularTests.set(name, node);
}

function queryOf(state: ParseState, file: FoundFile, type: NodeType, path: string): ManifestNode {
  const text = readText(file);
  const node = createFileNode(state, file, { type, path, code: text, checksum: textChecksum(text) });
  render(state, node);
  applyConfig(state, node);
  return node;
}

export const readSeed = (state: ParseState, file: FoundFile): void => void addNodesOf(state, 'seed', file, seedsOf);

function seedsOf(state: ParseState, file: FoundFile): ManifestNode[] {
  const limit = state.flags.MAXIMUM_SEED_SIZE_MIB;
  const node = createFileNode(state, file, {
    type: 'seed',
    code: '',
    checksum: seedChecksum(file, typeof limit === 'number' ? limit : 1),
  });
  applyConfig(state, node);
  return [node];
}

export function readHooks(state: ParseState, project: DbtProject, projectText: string): void {
  for (const [when, hooks] of [
    ['on-run-start', project.onRunStart],
    ['on-run-end', project.onRunEnd],
  ] as const)
    for (const [index, code] of hooks.entries()) {
      const name = `${project.name}-${when}-${index}`;
      const node = createNode(state, {
        type: 'operation',
        packageName: project.name,
        name,
        path: `hooks/${name}.sql`,
        original: './dbt_project.yml',
        fqn: [project.name, 'hooks', name],
        code,
        checksum: textChecksum(projectText),
        tags: [when],
      });
      node.index = index;
      render(state, node);
      applyConfig(state, node);
      addNode(state, node);
    }
}

export function readDocs(state: ParseState, file: FoundFile): void {
  const { manifest, memo } = state;
  const blocks = memo === undefined ? docBlocksOf(file) : memo.ofFile('doc', file, docBlocksOf);
  for (const { name, contents } of blocks) {
    const uniqueId = `doc.${file.packageName}.${name}`;
    const earlier = manifest.docs[uniqueId];
    if (earlier !== undefined)
      throw new DuckhouseError(
        'AlreadyExists',
        `doc block '${name}' is written twice: in ${earlier.original_file_path} and in ${file.original}`,
        {
          context: { path: file.original },
        },
      );
    const doc = {
      name,
      resource_type: 'doc' as const,
      package_name: file.packageName,
      path: file.relative,
      original_file_path: file.original,
      unique_id: uniqueId,
      block_contents: state.renderer.docText(contents, file.packageName, uniqueId).trim(),
    };
    manifest.docs[uniqueId] = doc;
    state.docs.set(name, doc);
  }
}

interface DocBlock {
  readonly name: string;
  readonly contents: string;
}

function docBlocksOf(file: FoundFile): DocBlock[] {
  const text = readText(file);
  if (!text.includes('{%')) return [];
  return extractBlocks(text, { path: file.original, allowed: docsBlocks }).map(({ name = '', contents }) => ({
    name,
    contents,
  }));
}
