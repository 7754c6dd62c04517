import path from 'node:path';
import { columnTypeOf, readSeed } from '../adapter/seed.ts';
import type { Dict, Hook, ManifestNode } from '../manifest-types.ts';
import type { RunSession } from '../run/session.ts';
import type { ShadowColumn } from './shadow.ts';
import { isHarmlessHook, least, type Trust } from './trust.ts';

const builtIn = new Set(['dbt', 'dbt_duckdb']);

/** Macros that stand between a model's text and its relation. */
const wrapping =
  /^(duckdb__|default__)?(get_)?(create_(table|view)_as(_sql)?|create_sql|test_sql|get_test_sql|run_hooks|statement|ref|source)$/;

/** Whether the project has its own way of making relations: then nothing is known before. */
export const hasOwnWays = ({ parsed: { manifest } }: RunSession): boolean =>
  Object.values(manifest.macros).some(({ name, package_name }) => !builtIn.has(package_name) && wrapping.test(name));

const hooks = (node: ManifestNode, name: 'pre-hook' | 'post-hook'): readonly Hook[] => node.config[name] ?? [];
export const areHarmless = (list: readonly Hook[]): boolean => list.every(({ sql }) => isHarmlessHook(sql));

/** Whether a node's text is the query that makes its relation, or the rows of a test. */
export function isPlain({ parsed }: RunSession, node: ManifestNode): boolean {
  const { materialized, sql_header: header } = node.config;
  const kind = node.resource_type === 'test' ? 'test' : materialized;
  if (!['table', 'view', 'incremental', 'snapshot', 'test'].includes(kind)) return false;
  if (node.language === 'python' || (header !== undefined && header !== null)) return false;
  if (kind === 'incremental' && node.config.incremental_strategy === 'microbatch') return false;
  return builtIn.has(parsed.macros.materialization(kind)?.package_name ?? '') && areHarmless(hooks(node, 'pre-hook'));
}

export const isFullRefresh = ({ flags }: RunSession, { config }: ManifestNode): boolean =>
  (config.full_refresh ?? flags.fullRefresh) === true;

/** Whether the relation of a node stays, and its new rows go into it. */
export function keepsRelation(session: RunSession, node: ManifestNode): boolean {
  const grows = node.resource_type === 'snapshot' || node.config.materialized === 'incremental';
  if (!grows || (node.resource_type !== 'snapshot' && isFullRefresh(session, node))) return false;
  const { database, schema, alias: identifier } = node;
  return session.cache.find({ database, schema, identifier })?.type === 'table';
}

/** What becomes of the columns of a relation that stays: nothing, new ones are added, or they are made anew. */
export function growthOf({ resource_type, config }: ManifestNode): 'none' | 'added' | 'replaced' {
  if (resource_type === 'snapshot' || config.on_schema_change === 'append_new_columns') return 'added';
  return config.on_schema_change === 'sync_all_columns' ? 'replaced' : 'none';
}

/** How well the columns of a plain node's relation are known, from how well those it reads are. */
export function trustAfter(
  session: RunSession,
  node: ManifestNode,
  { sql, read }: { readonly sql: string; readonly read: Trust },
): Trust {
  if (!areHarmless(hooks(node, 'post-hook'))) return 'none';
  if (keepsRelation(session, node)) return growthOf(node) === 'none' ? 'exact' : least(read, 'names');
  if (node.resource_type === 'snapshot') return 'none';
  // A column of nothing but NULL has no type in a view, and one in a table.
  const mayBeUntyped = node.config.materialized === 'view' && /(?<!\bis\s+)(?<!\bnot\s+)\bnull\b/i.test(sql);
  return mayBeUntyped ? least(read, 'names') : read;
}

const largestSeed = 1024 * 1024;

/** Columns of a seed as loading it will make them; undefined when that is not known. */
export function seedColumns(
  { parsed }: RunSession,
  node: ManifestNode,
  size: number,
): readonly ShadowColumn[] | undefined {
  if (size > largestSeed || !areHarmless([...hooks(node, 'pre-hook'), ...hooks(node, 'post-hook')])) return undefined;
  const file = fileOf(parsed, node);
  const types = (node.config.column_types ?? {}) as Dict;
  const delimiter = typeof node.config.delimiter === 'string' ? node.config.delimiter : ',';
  try {
    const table = readSeed(file, { delimiter, textColumns: new Set(Object.keys(types)) });
    return table.columnNames.map((name, i) => ({ name, type: String(types[name] ?? columnTypeOf(table, i)) }));
  } catch {
    return undefined; // told when it is loaded
  }
}

export function fileOf(parsed: RunSession['parsed'], node: ManifestNode): string {
  const project = parsed.projects.get(node.package_name) ?? parsed.project;
  return path.resolve(project.root, node.original_file_path);
}
