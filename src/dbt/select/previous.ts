/** Reads the artifacts that `--state` names. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { DbtManifest, DeferRelation, Json, ManifestNode } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import type { ParsedProject, PreviousState } from '../project-types.ts';
import { unrenderedCalls } from '../unrendered-calls.ts';
import { dbtVersion } from '../version.ts';

/** `folder` holds manifest.json and may hold run_results.json and sources.json; a relative one is below the project. */
export function readPreviousState(folder: string, targetFolder: string, projectRoot: string): PreviousState {
  const place = path.resolve(projectRoot, folder);
  const manifest = readArtifact(place, 'manifest', manifestVersions);
  return {
    manifest: manifest === undefined ? undefined : ofToday(manifest as unknown as DbtManifest),
    runResults: readArtifact(place, 'run_results', [6, 5, 4]),
    sources: readArtifact(place, 'sources', [3]),
    currentSources: readArtifact(targetFolder, 'sources', [3]),
    projectRoot,
  };
}

/** Other versions of dbt wrote the configs of a file otherwise: they are read from its text again, as dbt does. */
function ofToday(manifest: DbtManifest): DbtManifest {
  const { dbt_version: version } = manifest.metadata as { readonly dbt_version?: string };
  if (version === undefined || version === dbtVersion) return manifest;
  for (const node of Object.values(manifest.nodes)) {
    const { raw_code: code, unrendered_config: config } = node;
    if (code && config && Object.keys(config).length > 0 && !isSimpleTest(node))
      Object.assign(config, unrenderedCalls(code));
  }
  return manifest;
}

const isSimpleTest = ({ resource_type: type, depends_on: { macros } }: ManifestNode): boolean =>
  type === 'test' && macros.length === 1 && /^macro\.dbt\.test_(not_null|unique)$/.test(macros[0] ?? '');

/** Those that dbt upgrades while it reads them. */
const manifestVersions = [12, 11, 10, 9, 8, 7, 6, 5, 4];

function readArtifact(folder: string, name: string, versions: readonly number[]): Json | undefined {
  const file = path.join(folder, `${name}.json`);
  const content: unknown = readJson(file);
  if (content === undefined) return undefined;
  const metadata = isDict(content) && isDict(content.metadata) ? content.metadata : {};
  const schema = metadata.dbt_schema_version;
  const known = versions.map((version) => `/${name.replace('_', '-')}/v${version}.json`);
  if (isDict(content) && isText(schema) && known.some((end) => schema.endsWith(end))) return content as Json;
  throw new DuckhouseError(
    'DataInvalid',
    `${file} ${isText(schema) ? `has the schema ${schema}` : 'does not say its schema'}, none of ${versions.map((version) => `v${version}`).join(', ')} of ${name}`,
    { context: { path: file }, hint: 'write it anew with a version of dbt of today' },
  );
}

function readJson(file: string): Json | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Json;
  } catch (cause) {
    throw new DuckhouseError('DataInvalid', `${file} is no JSON: ${(cause as Error).message}`, {
      cause,
      context: { path: file },
    });
  }
}

/** Gives every node the relation it had in the deferred manifest; how a run uses it is the run's matter. */
export function applyDefer({ manifest }: ParsedProject, deferred: DbtManifest): void {
  for (const node of Object.values(manifest.nodes)) {
    const other = deferred.nodes[node.unique_id];
    if (other !== undefined && deferrable.has(node.resource_type) && other.resource_type === node.resource_type)
      node.defer_relation = deferRelation(other);
  }
}

const deferrable = new Set(['model', 'seed', 'snapshot']);

const deferRelation = (node: ManifestNode): DeferRelation => ({
  database: node.database,
  schema: node.schema,
  alias: node.alias,
  relation_name: node.relation_name,
  resource_type: node.resource_type,
  name: node.name,
  description: node.description,
  compiled_code: node.compiled_code ?? null,
  meta: node.meta,
  tags: node.tags,
  config: node.config,
});
