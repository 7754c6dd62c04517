import path from 'node:path';
import type { AdapterConnection } from '../adapter/database.ts';
import { ephemeralPrefix } from '../adapter/relation.ts';
import { ownedBy } from '../context/template-errors.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { artifactPath } from '../paths.ts';
import { createNodeContext, type NodeContext, type NodeContextOptions } from './context/node-context.ts';
import { type Cte, injectCtes } from './cte.ts';
import { nameForeignKeys } from './foreign-keys.ts';
import type { RunSession } from './session.ts';

/** Text of ephemeral models before anything was put in front of it, by node; and compilations under way. */
const ownTexts = new WeakMap<ManifestNode, string>();
const compiling = new WeakMap<ManifestNode, Promise<void>>();

export type CompileOptions = Omit<NodeContextOptions, 'session' | 'node' | 'connection'> & {
  readonly connection: () => Promise<AdapterConnection>;
  /** Nodes that are no part of the manifest, such as the fixtures of a unit test. */
  readonly extraNodes?: ReadonlyMap<string, ManifestNode>;
  readonly write?: boolean;
  /** Ephemeral models that are needed whatever the text refers to. */
  readonly neededCtes?: readonly string[];
};

/** Renders a node's text, puts the ephemeral models it needs in front of it, and writes the result to target/compiled. */
export async function compileNode(session: RunSession, node: ManifestNode, options: CompileOptions): Promise<void> {
  await renderNode(session, node, options);
  await injectNode(session, node, options);
  if (options.write !== false) writeCompiled(session, node, options.batch);
}

async function renderNode(session: RunSession, node: ManifestNode, options: CompileOptions): Promise<void> {
  const context = createNodeContext({ ...options, session, node });
  const text = await renderRaw(context, node);
  nameForeignKeys(session, node);
  node.compiled = true;
  node.compiled_code = text;
  node.extra_ctes = [...(options.neededCtes ?? []), ...context.ctes].map((id) => ({ id, sql: '' }));
  node.extra_ctes_injected = false;
  if (node.resource_type === 'test' && node.relation_name === null && storesFailures(session, node))
    node.relation_name = `"${node.database}"."${node.schema}"."${node.alias}"`;
}

/** Whether failing rows of a test become a relation. */
export const storesFailures = ({ flags }: RunSession, { config }: ManifestNode): boolean =>
  (config.store_failures ?? flags.storeFailures) === true;

export const nodeLabel = (node: {
  readonly resource_type: string;
  readonly name: string;
  readonly original_file_path: string;
}) => ({
  path: node.original_file_path,
  name: `${node.resource_type} ${node.name}`,
});

async function renderRaw(context: NodeContext, node: ManifestNode): Promise<string> {
  await context.addTestArguments();
  if (node.language === 'python')
    return `${node.raw_code}\n\n${await context.render('{{ py_script_postfix(model) }}', nodeLabel(node))}`;
  return context.render(node.raw_code, nodeLabel(node));
}

async function injectNode(session: RunSession, node: ManifestNode, options: CompileOptions): Promise<void> {
  if (node.extra_ctes_injected === true || session.flags.args.inject_ephemeral_ctes === false) return;
  const ctes: Cte[] = [];
  for (const { id } of node.extra_ctes ?? []) {
    const model = options.extraNodes?.get(id) ?? (session.parsed.manifest.nodes[id] as ManifestNode);
    await compileOnce(session, model, options);
    for (const cte of model.extra_ctes ?? []) add(ctes, cte);
    const text = ownTexts.get(model) ?? model.compiled_code ?? '';
    add(ctes, { id, sql: ` ${ephemeralPrefix}${model.alias} as (\n${text}\n)` });
  }
  ownTexts.set(node, node.compiled_code ?? '');
  node.compiled_code = injectCtes(node.compiled_code ?? '', ctes);
  node.extra_ctes = ctes.map(({ id, sql }) => ({ id, sql }));
  node.extra_ctes_injected = true;
}

const add = (ctes: Cte[], cte: Cte): void => {
  if (ctes.every(({ id }) => id !== cte.id)) ctes.push(cte);
};

/** An ephemeral model is compiled once, however many nodes need it at the same time. */
async function compileOnce(session: RunSession, model: ManifestNode, options: CompileOptions): Promise<void> {
  if (model.compiled === true && model.extra_ctes_injected === true) return;
  const { connection, window, extraNodes } = options;
  const own = options.extraNodes?.has(model.unique_id) === true;
  const underWay =
    compiling.get(model) ??
    compileNode(session, model, {
      connection,
      write: !own,
      ...(window === undefined ? {} : { window }),
      ...(extraNodes === undefined ? {} : { extraNodes }),
    });
  compiling.set(model, underWay);
  try {
    await underWay;
  } catch (error) {
    throw ownedBy(error, model);
  } finally {
    compiling.delete(model);
  }
}

export function writeCompiled(session: RunSession, node: ManifestNode, batch?: string): void {
  if (!session.flags.writeJson || node.compiled_code === '') return;
  const file = artifactPath(session.targetPath, 'compiled', node, batch);
  session.files.write(file, node.compiled_code ?? '');
  const kept = path.relative(session.parsed.project.root, file);
  const { original_file_path: original } = node;
  // The file of a hook begins with a dot, and its path keeps that.
  node.compiled_path = original.startsWith('./') ? kept.replace(`/${original.slice(2)}/`, `/${original}/`) : kept;
}
