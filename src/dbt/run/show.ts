import { PyError, type Value } from '../../jinja/index.ts';
import { databaseError } from '../adapter/adapter-host.ts';
import { printTable } from '../adapter/print-table.ts';
import type { ResultTable } from '../adapter/table.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { versionedName } from '../parse/model-dates.ts';
import { compileNode } from './compile.ts';
import { createNodeContext } from './context/node-context.ts';
import { rowsText, titledRowsText, valueRows } from './json-rows.ts';
import { knownProblem } from './known-problems.ts';
import type { NodeRunner } from './node-runner.ts';
import type { NodeResult, RunNode } from './results.ts';
import { onConnection, type RunSession } from './session.ts';
import { timed } from './timed.ts';

const unasked = (): Promise<never> =>
  Promise.reject(
    new PyError('DbtRuntimeError', 'a query of the database, which --no-introspect keeps from being asked'),
  );

/** Compiles a node; nothing is run but what its templates ask. */
export const compileOnly: NodeRunner = (session, node, thread) =>
  timed({ node, thread }, (clock) =>
    onConnection(session, node.unique_id, async (connect) => {
      const sql = node as ManifestNode;
      const connection = session.flags.introspect ? connect : unasked;
      if (node.resource_type !== 'seed' && 'raw_code' in node) await compileNode(session, sql, { connection, thread });
      clock.compiled();
      return { status: 'success', message: null };
    }),
  );

/** As `compileOnly`; a node that is known not to run is an error. */
export const compileChecked: NodeRunner = async (session, node, thread) => {
  const result = await compileOnly(session, node, thread);
  if (result.status !== 'success' || !session.problems.has(node.unique_id)) return result;
  return timed({ node, thread }, () => Promise.reject(knownProblem(session, node as ManifestNode)));
};

const defaultLimit = 5;

/** Compiles a node and reads its first rows; they go to `onTable`. */
export const showNode =
  (onTable: (node: RunNode, table: ResultTable) => void): NodeRunner =>
  (session, node, thread) =>
    timed({ node, thread }, (clock) =>
      onConnection(session, node.unique_id, async (connect) => {
        const sql = node as ManifestNode;
        if (node.resource_type === 'seed') {
          sql.compiled_code = `select * from ${sql.relation_name ?? `"${sql.schema}"."${sql.alias}"`}`;
          sql.compiled = true;
        } else await compileNode(session, sql, { connection: connect, thread });
        clock.compiled();
        const text = await limitedText(session, sql, connect);
        sql.compiled_code = text;
        const connection = await connect();
        const { table } = await connection.execute(text, { fetch: true }).catch((error: unknown) => {
          throw databaseError(error, text);
        });
        sql.compiled_code = text;
        onTable(node, table);
        return { status: 'success', message: null, adapterResponse: { message: 'OK', code: null, rowsAffected: null } };
      }),
    );

/** The query that shows a node, as the project's `get_show_sql` writes it; a negative limit means every row. */
async function limitedText(
  session: RunSession,
  node: ManifestNode,
  connection: Parameters<typeof compileNode>[2]['connection'],
): Promise<string> {
  const { limit = defaultLimit } = session.flags;
  const code = (node.compiled_code ?? '').replace(/[\s;]+$/, '');
  const { macros } = createNodeContext({ session, node, connection });
  const macro = session.parsed.macros.resolve('get_show_sql', node.package_name);
  if (macro === undefined) return limit < 0 ? code : `select * from (\n${code}\n) limit ${limit}`;
  const given: Value[] = [
    code,
    node.config.sql_header === undefined ? null : (node.config.sql_header as Value),
    limit < 0 ? null : limit,
  ];
  return String(await macros.run(macro, given, new Map()));
}

/** Rows of a shown node as text, or as JSON. */
export function tellTable(
  { log, flags }: RunSession,
  node: RunNode,
  table: ResultTable,
  json: boolean,
  inline: boolean,
): void {
  const rows = json ? valueRows(table) : [];
  const preview = json ? rowsText(rows) : printTable(table, { maxRows: null });
  const name = versionedName(node as ManifestNode);
  const title = inline ? 'Previewing inline node:' : `Previewing node '${name}':`;
  const head: readonly (readonly [Value, Value])[] = inline ? [] : [['node', name]];
  const text = json ? titledRowsText(head, rows) : flags.args.quiet === true ? preview : `${title}\n${preview}`;
  log.fire({
    name: 'ShowNode',
    code: 'Q041',
    level: 'info',
    msg: text,
    data: {
      node_name: name,
      preview,
      is_inline: inline,
      output_format: json ? 'json' : 'text',
      unique_id: node.unique_id,
    },
  });
}

/** The compiled text of a node, as `compile` prints it. */
export function tellCompiled({ log, flags }: RunSession, { node }: NodeResult, json: boolean, inline: boolean): void {
  const code = (node as ManifestNode).compiled_code ?? '';
  const title = inline ? 'Compiled inline node is:' : `Compiled node '${node.name}' is:`;
  log.fire({
    name: 'CompiledNode',
    code: 'Q042',
    level: 'info',
    msg: json
      ? JSON.stringify({ ...(inline ? {} : { node: node.name }), compiled: code }, null, 2)
      : flags.args.quiet === true
        ? code
        : `${title}\n${code}`,
    data: {
      node_name: node.name,
      compiled: code,
      is_inline: inline,
      output_format: json ? 'json' : 'text',
      unique_id: node.unique_id,
    },
  });
}
