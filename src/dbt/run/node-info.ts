import type { ManifestNode } from '../manifest-types.ts';
import type { RunNode } from './results.ts';

/** What orchestrators read of a node in every event. */
export function nodeInfo(node: RunNode, status: string, started: string, finished: string): Record<string, unknown> {
  const { config, alias, database, schema, relation_name, checksum, path } = node as Partial<ManifestNode>;
  return {
    materialized: config?.materialized ?? '',
    meta: config?.meta ?? {},
    node_checksum: typeof checksum === 'object' ? checksum.checksum : '',
    node_finished_at: finished,
    node_name: node.name,
    node_path: path ?? '',
    node_relation: {
      alias: alias ?? '',
      database: database ?? '',
      relation_name: relation_name ?? '',
      schema: schema ?? '',
    },
    node_started_at: started,
    node_status: status,
    resource_type: node.resource_type,
    unique_id: node.unique_id,
  };
}
