/** Reads the artifacts that `--state` names. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { DbtManifest, DeferRelation, Json, ManifestNode } from '../manifest-types.ts';
import type { ParsedProject, PreviousState } from '../project-types.ts';

/** `folder` holds manifest.json and may hold run_results.json and sources.json; a relative one is below the project. */
export function readPreviousState(folder: string, targetFolder: string, projectRoot: string): PreviousState {
  const place = path.resolve(projectRoot, folder);
  const manifest = readJson(path.join(place, 'manifest.json'));
  return {
    manifest: manifest as unknown as DbtManifest | undefined,
    runResults: readJson(path.join(place, 'run_results.json')),
    sources: readJson(path.join(place, 'sources.json')),
    currentSources: readJson(path.join(targetFolder, 'sources.json')),
    projectRoot,
  };
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
