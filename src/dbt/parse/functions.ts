/** Functions of the `functions` folders, and their properties in YAML. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, ManifestNode, SemanticNode } from '../manifest-types.ts';
import { addTo, isDict, isText } from '../plain.ts';
import { type FoundFile, readText, textChecksum } from './files.ts';
import { applyConfig, createFileNode, takeCaptured } from './nodes.ts';
import { configOf, patchPath } from './patches.ts';
import { quotingOf, renderRelation } from './relation-name.ts';
import { entriesOf, type SchemaFile } from './schema-file.ts';
import type { ParseState } from './state.ts';

type FunctionNode = ManifestNode & SemanticNode;

export function readFunction(state: ParseState, file: FoundFile): void {
  const text = readText(file);
  const node = createFileNode(state, file, {
    type: 'function',
    code: text,
    checksum: textChecksum(text),
    language: file.relative.endsWith('.py') ? 'python' : 'sql',
  }) as FunctionNode;
  node.returns = { data_type: 'INVALID_TYPE', description: null };
  node.arguments = [];
  node.overloads = [];
  const calls: Dict = {};
  if (node.language === 'sql') takeCaptured(node, state.renderer.captureNode(node, calls));
  state.calls.set(node, { calls });
  configure(state, node);
  keep(state, node);
}

function configure(state: ParseState, node: FunctionNode, config?: Dict): void {
  applyConfig(state, node, config);
  const { database, schema, alias } = node;
  node.relation_name = renderRelation({ database, schema, identifier: alias }, quotingOf(state.root.quoting));
}

function keep(state: ParseState, node: FunctionNode): void {
  const { functions, disabled } = state.manifest;
  if (!node.config.enabled) {
    addTo(disabled, node.unique_id, node);
    return;
  }
  const earlier = functions[node.unique_id];
  if (earlier !== undefined)
    throw new DuckhouseError(
      'AlreadyExists',
      `two functions are named '${node.name}': ${earlier.original_file_path} and ${node.original_file_path}`,
    );
  functions[node.unique_id] = node;
}

export function readFunctionProperties(state: ParseState, schema: SchemaFile): void {
  for (const { entry } of entriesOf(state, schema, 'functions')) {
    const node = state.manifest.functions[`function.${schema.file.packageName}.${entry.name}`] as
      | FunctionNode
      | undefined;
    if (node === undefined) {
      state.warn({
        name: 'NoNodeForYamlKey',
        message: `did not find a function named '${entry.name}', which ${schema.file.original} describes under 'functions'`,
      });
      continue;
    }
    const config = configOf(schema, entry);
    if (Object.keys(config).length > 0) configure(state, node, config);
    node.patch_path = patchPath(schema);
    node.description = isText(entry.description) ? entry.description : '';
    node.returns = { description: null, ...(isDict(entry.returns) ? entry.returns : { data_type: 'INVALID_TYPE' }) };
    node.arguments = (Array.isArray(entry.arguments) ? entry.arguments.filter(isDict) : []).map((one) => ({
      description: null,
      default_value: null,
      ...one,
    }));
  }
}
