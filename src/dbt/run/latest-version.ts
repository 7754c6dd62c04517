/** The view under a versioned model's own name that shows its latest version, for models that ask for it. */
import { PyError, str } from '../../jinja/index.ts';
import type { Relation } from '../adapter/relation.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import { createNodeContext, type NodeContextOptions } from './context/node-context.ts';
import { materialize } from './materialize.ts';
import type { RunSession } from './session.ts';

type Options = Omit<NodeContextOptions, 'session' | 'node'>;

/** Makes the view over `relation`, which the model has just become. */
export async function pointToLatest(
  session: RunSession,
  node: ManifestNode,
  options: Options,
  relation: Relation | undefined,
): Promise<void> {
  if (relation === undefined || !isPointedTo(session, node)) return;
  const alias = await aliasOf(session, node, options);
  if (alias.toLowerCase() === relation.identifier?.toLowerCase())
    throw new PyError(
      'DbtRuntimeError',
      `Cannot create latest version pointer: the latest version of '${node.name}' is already aliased to '${alias}'. Set \`latest_version_pointer: enabled: false\` or remove the conflicting alias.`,
    );
  const query = `select * from ${relation.render()}`;
  const view: ManifestNode = {
    ...node,
    alias,
    raw_code: query,
    compiled: true,
    compiled_code: query,
    unique_id: `${node.unique_id}__latest_version_pointer`,
    config: { ...node.config, 'pre-hook': [], 'post-hook': [], persist_docs: {} },
  };
  await materialize(session, view, { ...options, materialized: 'view' });
}

const pointerOf = ({ config }: ManifestNode): Dict =>
  isDict(config.latest_version_pointer) ? config.latest_version_pointer : {};

function isPointedTo({ parsed }: RunSession, node: ManifestNode): boolean {
  const { resource_type: type, version = null, latest_version: latest } = node;
  const enabled = pointerOf(node).enabled ?? parsed.flags.LATEST_VERSION_POINTER_ENABLED_BY_DEFAULT === true;
  return type === 'model' && version !== null && String(version) === String(latest) && enabled === true;
}

async function aliasOf(session: RunSession, node: ManifestNode, options: Options): Promise<string> {
  const { parsed } = session;
  const { alias } = pointerOf(node);
  const given = alias === null || alias === undefined || alias === '' ? null : String(alias).trim();
  const macro = parsed.macros.resolve('generate_latest_version_pointer_alias', parsed.project.name);
  if (macro === undefined) return given ?? node.name;
  const { context, macros } = createNodeContext({ ...options, session, node });
  const answer = await macros.run(macro, [given, context.get('model') ?? null], new Map());
  return str(answer).trim();
}
