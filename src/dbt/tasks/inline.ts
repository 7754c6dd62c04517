import type { ManifestNode, NodeConfig } from '../manifest-types.ts';
import { createNode } from '../parse/nodes.ts';
import type { RunSession } from '../run/session.ts';

const config = (): NodeConfig => ({
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
});

/** A node for a text of the command line: it may refer to everything. */
export function inlineNode({ parsed }: RunSession, sql: string, name = 'inline_query'): ManifestNode {
  const { project, profile, projects } = parsed;
  const node = createNode(
    { profile, projects, now: Date.now() / 1000 },
    {
      type: 'sql_operation',
      packageName: project.name,
      name,
      path: `sql/${name}`,
      original: 'from remote system.sql',
      fqn: [project.name, 'sql', name],
      code: sql,
      checksum: { name: 'sha256', checksum: '' },
    },
  );
  return { ...node, config: config() };
}
