/** `models:`, `seeds:`, `snapshots:`, `analyses:`, `macros:` and `data_tests:` of a YAML file. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import { isDict, isText, pathParts, withoutExtension } from '../plain.ts';
import { textChecksum } from './files.ts';
import { addTestsOf, type TestTarget, testsOf } from './generic-tests.ts';
import { argumentProblems } from './macro-arguments.ts';
import { addDisabled, addEnabled, addNode, applyConfig, createNode } from './nodes.ts';
import { applyPatch, configOf, mergedConfig, patchFor, patchPath, patchVersion } from './patches.ts';
import { entriesOf, type SchemaEntry, type SchemaFile } from './schema-file.ts';
import { readModelSemantics } from './semantic.ts';
import type { ParseState } from './state.ts';
import { staticReference } from './static-ref.ts';

const dictsOf = (value: unknown): Dict[] => (Array.isArray(value) ? value.filter(isDict) : []);

const targetOf = (schema: SchemaFile, key: string, entry: Dict, version?: string | number): TestTarget => ({
  schema,
  key,
  name: String(entry.name),
  version,
  quoteColumns: entry.quote_columns === true,
  tags: [],
});

export function readModels(state: ParseState, schema: SchemaFile): void {
  for (const { raw, entry } of entriesOf(state, schema, 'models')) {
    const versions = dictsOf(entry.versions);
    if (versions.length > 0) {
      readVersions(state, schema, { raw, entry }, versions);
      continue;
    }
    describe(state, schema, 'models', { raw, entry });
    if (!('semantic_model' in entry) && !('metrics' in entry)) continue;
    const node = state.refs.find(entry.name, schema.file.packageName, null);
    if (node !== undefined) readModelSemantics(state, schema, entry, node);
  }
}

/** Properties and tests of a node, made or remembered. */
export function describe(
  state: ParseState,
  schema: SchemaFile,
  key: 'models' | 'seeds' | 'snapshots',
  found: { readonly raw: Dict; readonly entry: SchemaEntry },
): void {
  const { entry } = found;
  const make = (): ManifestNode[] => {
    applyPatch(state, patchFor(schema, key, found));
    const target = targetOf(schema, key, entry);
    return addTestsOf(state, target, dictsOf(entry.columns), testsOf(target, entry));
  };
  const node = state.memo && state.refs.find(entry.name, schema.file.packageName, null);
  if (node === undefined) {
    make();
    return;
  }
  const known = state.memo?.described(node, entry, make);
  if (known === undefined) return;
  Object.assign(node, known.node);
  for (const test of known.tests) addNode(state, { ...test });
}

type Version = string | number;

/** Versions compare as numbers when both are, else as text. */
const compareVersions = (a: Version, b: Version): number => {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
};

const versionOf = (value: unknown): Version =>
  typeof value === 'number' ? value : typeof value === 'object' ? Number(JSON.stringify(value)) : String(value);

function readVersions(
  state: ParseState,
  schema: SchemaFile,
  { raw, entry }: { readonly raw: Dict; readonly entry: SchemaEntry },
  versions: readonly Dict[],
): void {
  const written = dictsOf(raw.versions);
  const all = versions.map(({ v }) => versionOf(v));
  const latest =
    entry.latest_version === undefined || entry.latest_version === null
      ? ([...all].sort(compareVersions).at(-1) as Version)
      : versionOf(entry.latest_version);
  const config = configOf(schema, entry);
  for (const [index, version] of versions.entries()) {
    const v = all[index] as Version;
    const node = takeVersion(state, schema, entry.name, v, version, latest);
    if (node === undefined) continue;
    patchVersion(state, node, {
      schema,
      key: 'models',
      name: entry.name,
      entry: {
        ...entry,
        description: version.description || entry.description,
        constraints:
          Array.isArray(version.constraints) && version.constraints.length > 0
            ? version.constraints
            : entry.constraints,
        deprecation_date: version.deprecation_date,
      },
      config: mergedConfig(
        mergedConfig(config, version.config),
        version.access === undefined ? {} : { access: version.access },
      ),
      rawConfig: isDict(written[index]?.config) ? (written[index].config as Dict) : {},
      version: v,
      latestVersion: latest,
      columns: versionColumns(entry, version),
    });
    if (node.config.enabled) addEnabled(state, node);
    else addDisabled(state, node);
  }
  for (const [index, version] of versions.entries()) {
    const target = targetOf(schema, 'models', entry, all[index]);
    const own = Array.isArray(version.data_tests ?? version.tests);
    addTestsOf(
      state,
      target,
      versionColumns(entry, version),
      testsOf(target, own ? { ...version, name: entry.name } : entry),
    );
  }
}

/** Takes the node out of the manifest under its old name, to be put back under its versioned one. */
function takeVersion(
  state: ParseState,
  schema: SchemaFile,
  name: string,
  v: Version,
  version: Dict,
  latest: Version,
): ManifestNode | undefined {
  const { packageName } = schema.file;
  const fileName = isText(version.defined_in) ? version.defined_in : `${name}_v${v}`;
  const enabled =
    state.refs.find(fileName, packageName, null) ??
    (String(v) === String(latest) ? state.refs.find(name, packageName, null) : undefined);
  const node = enabled ?? (state.disabled.find(fileName, null, ['model'])[0] as ManifestNode | undefined);
  if (node === undefined) {
    state.warn({
      name: 'NoNodeForYamlKey',
      message: `did not find a model file '${fileName}' for version ${v} of '${name}', described in ${schema.file.original}`,
    });
    return undefined;
  }
  if (node.resource_type !== 'model')
    throw new DuckhouseError(
      'DataInvalid',
      `${schema.file.original}: version ${v} of model '${name}' is found as a ${node.resource_type} (${node.original_file_path})`,
      { context: { path: schema.file.original }, hint: 'give one of the two another name' },
    );
  if (enabled !== undefined) {
    delete state.manifest.nodes[node.unique_id];
    state.refs.remove(node);
  } else delete state.manifest.disabled[node.unique_id];
  node.unique_id = `model.${packageName}.${name}.v${v}`;
  node.fqn = [...node.fqn.slice(0, -1), name, `v${v}`];
  return node;
}

/** The model's columns that the version includes, then its own. */
function versionColumns(entry: Dict, version: Dict): Dict[] {
  const written = dictsOf(version.columns);
  const filters = written.filter((column) => 'include' in column);
  if (filters.length > 1)
    throw new DuckhouseError(
      'DataInvalid',
      `a version of '${String(entry.name)}' has more than one include/exclude entry`,
    );
  const { include = '*', exclude = [] } = filters[0] ?? {};
  const all = include === '*' || include === 'all';
  const included = dictsOf(entry.columns).filter(
    ({ name }) => (all || (include as unknown[]).includes(name)) && !(exclude as unknown[]).includes(name),
  );
  return [...included, ...written.filter((column) => !('include' in column))];
}

export function readSeeds(state: ParseState, schema: SchemaFile): void {
  for (const found of entriesOf(state, schema, 'seeds')) describe(state, schema, 'seeds', found);
}

export function readSnapshots(state: ParseState, schema: SchemaFile): void {
  const entries = entriesOf(state, schema, 'snapshots');
  for (const { raw, entry } of entries) if (isText(raw.relation)) addYamlSnapshot(state, schema, entry, raw.relation);
  for (const found of entries) describe(state, schema, 'snapshots', found);
}

/** A snapshot of a whole relation needs no SQL file. */
function addYamlSnapshot(state: ParseState, schema: SchemaFile, entry: SchemaEntry, relation: string): void {
  const { file } = schema;
  const found = staticReference(relation);
  if (found === undefined)
    throw new DuckhouseError(
      'DataInvalid',
      `${file.original}: 'relation' of snapshot '${entry.name}' must be ref(...) or source(...), not ${relation}`,
      {
        context: { path: file.original },
      },
    );
  const node = createNode(state, {
    type: 'snapshot',
    packageName: file.packageName,
    name: entry.name,
    path: `${entry.name}.sql`,
    original: file.original,
    fqn: [file.packageName, ...pathParts(withoutExtension(file.relative)).slice(0, -1), entry.name],
    code: `select * from {{ ${relation} }}`,
    checksum: textChecksum(schema.text),
  });
  if (found.ref !== undefined) node.refs.push(found.ref);
  else node.sources.push(found.source as string[]);
  applyConfig(state, node);
  addEnabled(state, node);
}

export function readAnalyses(state: ParseState, schema: SchemaFile): void {
  for (const found of entriesOf(state, schema, 'analyses')) applyPatch(state, patchFor(schema, 'analyses', found));
}

export function readSingularTests(state: ParseState, schema: SchemaFile): void {
  for (const [index, found] of entriesOf(state, schema, 'data_tests').entries()) {
    if (found.entry.name === undefined) {
      const message = `${schema.file.original}: entry ${index + 1} of 'data_tests' has no name; it and what follows are left out`;
      state.warn({ name: 'Note', message });
      return;
    }
    applyPatch(state, patchFor(schema, 'data_tests', found));
  }
}

export function readMacros(state: ParseState, schema: SchemaFile): void {
  for (const { entry } of entriesOf(state, schema, 'macros')) {
    const macro = state.manifest.macros[`macro.${schema.file.packageName}.${entry.name}`];
    if (macro === undefined) {
      state.warn({
        name: 'MacroNotFoundForPatch',
        message: `did not find a macro named '${entry.name}', described in ${schema.file.original}`,
      });
      continue;
    }
    if (macro.patch_path !== null)
      throw new DuckhouseError(
        'AlreadyExists',
        `macro '${macro.name}' is described twice: in ${macro.patch_path.split('://')[1]} and in ${schema.file.original}`,
      );
    const config = isDict(entry.config) ? entry.config : {};
    const meta = { ...(isDict(entry.meta) ? entry.meta : {}), ...(isDict(config.meta) ? config.meta : {}) };
    const docs = {
      show: true,
      node_color: null,
      ...(isDict(entry.docs) ? entry.docs : {}),
      ...(isDict(config.docs) ? config.docs : {}),
    };
    macro.patch_path = patchPath(schema);
    macro.description = isText(entry.description) ? entry.description : '';
    macro.meta = meta;
    macro.docs = docs;
    macro.config = { meta, docs };
    const described = dictsOf(entry.arguments);
    for (const message of argumentProblems(macro, described))
      state.warn({ name: 'InvalidMacroAnnotation', message: `${schema.file.original}: ${message}` });
    if (described.length > 0)
      macro.arguments = described.map(({ name, type = null, description = '' }) => ({
        name: String(name),
        type: type as string | null,
        description: String(description ?? ''),
      }));
  }
}
