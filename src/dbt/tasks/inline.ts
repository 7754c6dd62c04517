import type { ManifestNode, NodeConfig } from '../manifest-types.ts';
import { createConfigBuilder } from '../parse/config.ts';
import { createNode } from '../parse/nodes.ts';
import type { RunSession } from '../run/session.ts';

/** A node for a text of the command line, configured as a model in a folder `sql` would be: it may refer to everything. */
export function inlineNode({ parsed }: RunSession, sql: string, name = 'inline_query'): ManifestNode {
  const { project, profile, projects } = parsed;
  const fqn = [project.name, 'sql', name];
  const request = { type: 'sql_operation' as const, packageName: project.name, fqn };
  const node = createNode(
    { profile, projects, now: Date.now() / 1000 },
    {
      ...request,
      name,
      path: `sql/${name}`,
      original: 'from remote system.sql',
      code: sql,
      checksum: { name: 'sha256', checksum: '' },
    },
  );
  const config = createConfigBuilder(project, projects).build(request, node) as NodeConfig;
  return { ...node, config };
}
