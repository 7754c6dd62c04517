import { DuckhouseError } from '../../errors.ts';
import type { Dict, ExposureNode, GroupNode, Owner, RefArgs } from '../manifest-types.ts';
import { addTo, isDict, isText, pathParts, withoutExtension } from '../plain.ts';
import { textsOf } from './columns.ts';
import { badShape, entriesOf, type SchemaEntry, type SchemaFile } from './schema-file.ts';
import type { ParseState } from './state.ts';
import { staticReference } from './static-ref.ts';

export const schemaFqn = (schema: SchemaFile, ...names: readonly string[]): string[] => [
  schema.file.packageName,
  ...pathParts(withoutExtension(schema.file.relative)).slice(0, -1),
  ...names,
];

const exposureTypes = ['dashboard', 'notebook', 'analysis', 'ml', 'application'];

export function readExposures(state: ParseState, schema: SchemaFile): void {
  for (const { entry } of entriesOf(state, schema, 'exposures')) {
    const exposure = exposureOf(state, schema, entry);
    const { manifest } = state;
    if (exposure.config.enabled === false) {
      addTo(manifest.disabled, exposure.unique_id, exposure);
      continue;
    }
    const earlier = manifest.exposures[exposure.unique_id];
    if (earlier !== undefined)
      throw new DuckhouseError(
        'AlreadyExists',
        `exposure '${entry.name}' is described twice: in ${earlier.original_file_path} and in ${schema.file.original}`,
      );
    manifest.exposures[exposure.unique_id] = exposure;
  }
}

const dictOf = (value: unknown): Dict => (isDict(value) ? value : {});

/** Tags and meta at the head of a project's exposures, which each of its exposures adds to. */
const everyExposure = ({ projects }: ParseState, packageName: string): Dict =>
  dictOf(projects.get(packageName)?.trees.exposures);

function exposureOf(state: ParseState, schema: SchemaFile, entry: SchemaEntry): ExposureNode {
  const { file } = schema;
  const uniqueId = `exposure.${file.packageName}.${entry.name}`;
  if (!exposureTypes.includes(entry.type as string))
    throw badShape(
      file,
      `type '${String(entry.type)}' of exposure '${entry.name}' is not one of ${exposureTypes.join(', ')}`,
    );
  if (!isDict(entry.owner)) throw badShape(file, `exposure '${entry.name}' needs an owner with a name or an email`);
  if (/[^\w-]/.test(entry.name))
    state.warn({
      name: 'ExposureNameDeprecation',
      message: `${file.original}: name of exposure '${entry.name}' should hold letters, digits, underscores and hyphens only; 'label' may hold any text`,
      data: { exposure: entry.name },
    });
  const fqn = schemaFqn(schema, entry.name);
  const request = {
    type: 'exposure',
    packageName: file.packageName,
    fqn,
    patch: isDict(entry.config) ? entry.config : {},
  } as const;
  const config = state.configs.build(request, { unique_id: uniqueId, original_file_path: file.original });
  const { tags: commonTags, meta: commonMeta } = everyExposure(state, file.packageName);
  const tags = [...new Set([...textsOf(commonTags), ...textsOf(entry.tags), ...textsOf(config.tags)])].sort();
  const meta = { ...dictOf(commonMeta), ...dictOf(entry.meta), ...(config.meta as Dict) };
  return {
    name: entry.name,
    resource_type: 'exposure',
    package_name: file.packageName,
    path: file.relative,
    original_file_path: file.original,
    unique_id: uniqueId,
    fqn,
    type: entry.type as string,
    owner: ownerOf(entry.owner),
    description: isText(entry.description) ? entry.description : '',
    label: (entry.label as string | undefined) ?? null,
    maturity: (entry.maturity as string | undefined) ?? null,
    meta,
    tags,
    config: { ...config, tags, meta },
    unrendered_config: state.configs.unrendered(request),
    url: (entry.url as string | undefined) ?? null,
    depends_on: { macros: [], nodes: [] },
    ...referencesOf(schema, entry),
    created_at: state.now,
  };
}

const ownerOf = (owner: Dict): Owner => ({ email: null, name: null, ...owner }) as Owner;

function referencesOf(schema: SchemaFile, entry: SchemaEntry): Pick<ExposureNode, 'refs' | 'sources' | 'metrics'> {
  const refs: RefArgs[] = [];
  const sources: string[][] = [];
  const metrics: string[][] = [];
  for (const text of textsOf(entry.depends_on)) {
    const metric = /^\s*metric\s*\(\s*(['"])(.+?)\1\s*(?:,\s*(['"])(.+?)\3\s*)?\)\s*$/.exec(text);
    const found = metric === null ? staticReference(text) : undefined;
    if (metric !== null)
      metrics.push(metric[4] === undefined ? [metric[2] as string] : [metric[2] as string, metric[4]]);
    else if (found?.ref !== undefined) refs.push(found.ref);
    else if (found?.source !== undefined) sources.push(found.source);
    else if (!/^\s*[a-z_][\w.]*\s*$/i.test(text))
      // a plain name means nothing, as in dbt
      throw badShape(
        schema.file,
        `exposure '${entry.name}' depends on '${text}', which is no ref(...), source(...) or metric(...)`,
      );
  }
  return { refs, sources, metrics };
}

function withoutHooks({ 'pre-hook': _pre, 'post-hook': _post, ...config }: Dict): Dict {
  return config;
}

export function readGroups(state: ParseState, schema: SchemaFile): void {
  for (const { entry } of entriesOf(state, schema, 'groups')) {
    const { file } = schema;
    if (!isDict(entry.owner)) throw badShape(file, `group '${entry.name}' needs an owner with a name or an email`);
    const uniqueId = `group.${file.packageName}.${entry.name}`;
    const earlier = state.manifest.groups[uniqueId];
    if (earlier !== undefined)
      throw new DuckhouseError(
        'AlreadyExists',
        `group '${entry.name}' is described twice: in ${earlier.original_file_path} and in ${file.original}`,
      );
    const request = {
      type: 'group',
      packageName: file.packageName,
      fqn: schemaFqn(schema, entry.name),
      patch: isDict(entry.config) ? entry.config : {},
    } as const;
    const group: GroupNode = {
      name: entry.name,
      resource_type: 'group',
      package_name: file.packageName,
      path: file.relative,
      original_file_path: file.original,
      unique_id: uniqueId,
      owner: ownerOf(entry.owner),
      description: (entry.description as string | undefined) ?? null,
      config: withoutHooks({ ...state.configs.fromTrees(request), ...request.patch }),
    };
    state.manifest.groups[uniqueId] = group;
  }
}
