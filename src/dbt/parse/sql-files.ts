/** Nodes that files make: models, snapshots, analyses, singular tests, seeds; hooks of dbt_project.yml; doc blocks. */

import { DuckhouseError } from '../../errors.ts';
import { extractBlocks } from '../../jinja/index.ts';
import type { Dict, ManifestNode, NodeType } from '../manifest-types.ts';
import { entryOf, pathParts, withoutExtension } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { addConfigCall } from './config-merge.ts';
import { type FoundFile, readText, seedChecksum, textChecksum } from './files.ts';
import { addNode, applyConfig, baseName, createNode, fqnOf, takeCaptured } from './nodes.ts';
import { pythonCalls } from './python-model.ts';
import type { ParseState } from './state.ts';
import { readStatic, type StaticOptions } from './static-calls.ts';
import { unrenderedCalls } from './unrendered-calls.ts';

export function readModel(state: ParseState, file: FoundFile): void {
  const text = readText(file);
  const python = file.relative.endsWith('.py');
  const name = baseName(file.relative);
  const node = createNode(state, {
    type: 'model',
    packageName: file.packageName,
    name,
    path: file.relative,
    original: file.original,
    fqn: fqnOf(file.packageName, file.relative, name),
    code: text,
    checksum: textChecksum(text),
    language: python ? 'python' : 'sql',
  });
  const source = python ? pythonCalls(text) : text;
  if (!readStatically(state, node, source)) render(state, node);
  finish(state, node);
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
  const found = readStatic(source, node.original_file_path, staticOptions(state, node.package_name));
  if (found === undefined) return false;
  const calls: Dict = {};
  const unrendered: Dict = {};
  for (const [key, value] of found.configs) {
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
  const plain =
    !found.usesVars && !found.usesIncremental && found.configs.every(([, value]) => typeof value !== 'number');
  if (found.configs.length > 0)
    state.calls.set(node, { calls, unrendered: plain ? unrendered : unrenderedCalls(source) });
  return true;
}

const isIncremental = 'macro.dbt.is_incremental';

function staticOptions(state: ParseState, packageName: string): StaticOptions {
  return entryOf(state.staticOptions, packageName, () => ({
    hasVar: state.vars(packageName).has,
    incremental: state.macros.resolve('is_incremental', packageName)?.unique_id === isIncremental,
  }));
}

function render(state: ParseState, node: ManifestNode): void {
  const calls: Dict = {};
  takeCaptured(node, state.renderer.captureNode(node, calls));
  state.calls.set(node, { calls, unrendered: unrenderedCalls(node.raw_code) });
}

function finish(state: ParseState, node: ManifestNode): void {
  applyConfig(state, node);
  addNode(state, node);
}

export function readSnapshotFile(state: ParseState, file: FoundFile): void {
  const text = readText(file);
  for (const block of extractBlocks(text, { path: file.original, allowed: snapshotBlocks })) {
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
    finish(state, node);
  }
}

export function readAnalysis(state: ParseState, file: FoundFile): void {
  readQuery(state, file, 'analysis', `analysis/${file.relative}`);
}

export function readSingularTest(state: ParseState, file: FoundFile): void {
  const name = baseName(file.relative);
  const folder = pathParts(file.relative).slice(0, -1);
  const node = readQuery(state, file, 'test', [...folder, `${name}.sql`].join('/'));
  state.singularTests.set(name, node);
}

function readQuery(state: ParseState, file: FoundFile, type: NodeType, path: string): ManifestNode {
  const text = readText(file);
  const name = baseName(file.relative);
  const node = createNode(state, {
    type,
    packageName: file.packageName,
    name,
    path,
    original: file.original,
    fqn: fqnOf(file.packageName, path, name),
    code: text,
    checksum: textChecksum(text),
  });
  render(state, node);
  finish(state, node);
  return node;
}

export function readSeed(state: ParseState, file: FoundFile): void {
  const name = baseName(file.relative);
  const limit = state.flags.MAXIMUM_SEED_SIZE_MIB;
  const node = createNode(state, {
    type: 'seed',
    packageName: file.packageName,
    name,
    path: file.relative,
    original: file.original,
    fqn: fqnOf(file.packageName, file.relative, name),
    code: '',
    checksum: seedChecksum(file, typeof limit === 'number' ? limit : 1),
  });
  finish(state, node);
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
      finish(state, node);
    }
}

export function readDocs(state: ParseState, file: FoundFile): void {
  const { manifest } = state;
  const text = readText(file);
  if (!text.includes('{%')) return;
  for (const { name = '', contents } of extractBlocks(text, { path: file.original, allowed: docsBlocks })) {
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
