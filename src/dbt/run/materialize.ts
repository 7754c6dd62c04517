import { PyDict, PyError, str, type Value } from '../../jinja/index.ts';
import { ResponseObject } from '../adapter/answers.ts';
import type { Relation } from '../adapter/relation.ts';
import { RelationObject } from '../adapter/relation-object.ts';
import type { ResultTable } from '../adapter/table.ts';
import { TableObject } from '../adapter/table-object.ts';
import type { MacroNode, ManifestNode } from '../manifest-types.ts';
import { createNodeContext, type NodeContextOptions } from './context/node-context.ts';
import type { AdapterResponse } from './results.ts';
import type { RunSession } from './session.ts';

export interface Materialized {
  readonly response: AdapterResponse;
  /** Rows of the main statement, of a seed those of its file. */
  readonly table: ResultTable | undefined;
  /** What it made, as it says itself. */
  readonly relations: readonly Relation[];
}

/** Runs the materialization of a compiled node. What it did not commit is undone when its connection closes. */
export async function materialize(
  session: RunSession,
  node: ManifestNode,
  options: Omit<NodeContextOptions, 'session' | 'node'> & {
    readonly materialized?: string;
    readonly mayDoNothing?: boolean;
  },
): Promise<Materialized> {
  const name = options.materialized ?? node.config.materialized;
  const macro = session.parsed.macros.materialization(name);
  if (macro === undefined)
    throw new PyError(
      'CompilationError',
      `No materialization '${name}' was found for adapter duckdb! (searched types 'default' and 'duckdb')`,
    );
  checkLanguage(node, macro);
  const { macros, results } = createNodeContext({ ...options, session, node });
  // dbt counts what these call as calls of the node, and not what other materializations call.
  const isOwn = ['test', 'function', 'clone'].includes(name);
  const value = await macros.run(macro, [], new Map(), isOwn);
  const relations = relationsOf(value, name).map(({ relation }) => relation);
  for (const relation of relations) session.cache.add(relation);
  const main = results.main();
  if (main === undefined && options.mayDoNothing === true)
    return { response: { message: 'No-op', code: null, rowsAffected: null }, table: undefined, relations };
  if (main === undefined) throw new PyError('CompilationError', `main is not being called during running model`);
  return {
    response: responseOf(main.get('response') ?? null),
    table: tableOf(results.seed() ?? main.get('table')),
    relations,
  };
}

function checkLanguage(node: ManifestNode, { supported_languages: languages }: MacroNode): void {
  if (languages === null || languages.includes(node.language ?? 'sql')) return;
  throw new PyError(
    'CompilationError',
    `Materialization "${node.config.materialized}" does not support language "${node.language}", only ${languages.join(', ')}`,
  );
}

function relationsOf(value: Value, name: string): RelationObject[] {
  const listed = value instanceof PyDict ? value.get('relations') : undefined;
  if (Array.isArray(listed)) return listed.filter((item) => item instanceof RelationObject);
  throw new PyError(
    'CompilationError',
    `The materialization ("${name}") did not explicitly return a list of relations to add to the cache. By default the target relation is added, but this behavior has been removed: return {"relations": [...]}`,
  );
}

/** What a template's value says of a statement's answer. */
export function responseOf(value: Value): AdapterResponse {
  if (value instanceof ResponseObject) return { message: value.message, code: value.code, rowsAffected: value.rows };
  return { message: value === null ? '' : str(value), code: null, rowsAffected: null };
}

const tableOf = (value: Value | undefined): ResultTable | undefined =>
  value instanceof TableObject ? value.table : undefined;
