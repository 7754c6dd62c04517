import type { ManifestNode } from '../manifest-types.ts';
import type { RunSession } from '../run/session.ts';

/** A node for a text of the command line: it may refer to everything. */
export function inlineNode({ parsed }: RunSession, sql: string, name = 'inline_query'): ManifestNode {
  const { project, profile } = parsed;
  return {
    database: profile.database,
    schema: profile.schema,
    name,
    resource_type: 'sql_operation',
    package_name: project.name,
    path: `sql/${name}`,
    original_file_path: 'from remote system.sql',
    unique_id: `sql_operation.${project.name}.${name}`,
    fqn: [project.name, 'sql', name],
    alias: name,
    checksum: { name: 'sha256', checksum: '' },
    config: {
      enabled: true,
      materialized: 'view',
      alias: null,
      schema: null,
      database: null,
      tags: [],
      meta: {},
      group: null,
      'pre-hook': [],
      'post-hook': [],
    },
    tags: [],
    description: '',
    columns: {},
    meta: {},
    group: null,
    docs: { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    unrendered_config: {},
    created_at: Date.now() / 1000,
    relation_name: null,
    raw_code: sql,
    doc_blocks: [],
    language: 'sql',
    refs: [],
    sources: [],
    metrics: [],
    functions: [],
    depends_on: { macros: [], nodes: [] },
    compiled_path: null,
    contract: { enforced: false, alias_types: true, checksum: null },
  };
}
