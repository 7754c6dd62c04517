import { DuckhouseError, isDuckhouseError } from '../../errors.ts';
import { fromJs, type Value } from '../../jinja/index.ts';
import { databaseError } from '../adapter/adapter-host.ts';
import { failureText } from '../context/template-errors.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { nodeLabel, writeCompiled } from './compile.ts';
import { createNodeContext } from './context/node-context.ts';
import { DbtObject } from './dbt-object.ts';
import { statusLine } from './lines.ts';
import { type NodeResult, resultEntry } from './results.ts';
import { onConnection, type RunSession } from './session.ts';
import { timed } from './timed.ts';

export type HookType = 'on-run-start' | 'on-run-end';

/** The hooks of all packages: those of the root project first, then the packages by name. */
export function hooksOf({ parsed }: RunSession, type: HookType): ManifestNode[] {
  const root = parsed.project.name;
  const hooks = Object.values(parsed.manifest.nodes).filter(
    ({ resource_type, tags }) => resource_type === 'operation' && tags.includes(type),
  );
  const rank = ({ package_name }: ManifestNode): string => (package_name === root ? '' : package_name);
  const byRank = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
  return hooks
    .map((hook, position) => ({ hook, position }))
    .sort(
      (a, b) =>
        byRank(rank(a.hook), rank(b.hook)) || (a.hook.index ?? 0) - (b.hook.index ?? 0) || a.position - b.position,
    )
    .map(({ hook }) => hook);
}

/** Runs the hooks one after the other; after one that failed the others are not run. */
export async function runHooks(
  session: RunSession,
  type: HookType,
  earlier: readonly NodeResult[],
): Promise<NodeResult[]> {
  const hooks = hooksOf(session, type);
  if (hooks.length === 0) return [];
  const extra = type === 'on-run-end' ? endNames(earlier) : new Map<string, Value>();
  const results: NodeResult[] = [];
  for (const [index, hook] of hooks.entries()) {
    const name = `${hook.package_name}.${type}.${index}`;
    hook.index = index + 1;
    const failed = results.find(({ status }) => status === 'error');
    if (failed !== undefined) {
      results.push({ ...failed, node: hook, status: 'skipped', message: `${name} skipped`, failures: null });
      continue;
    }
    let isStarted = false;
    const started = (): void => {
      isStarted = true;
      tell(session, { text: `START hook: ${name}`, status: 'RUN', index, total: hooks.length });
    };
    const result = await runHook(session, hook, { name, extra, started });
    if (!isStarted) throw notCompiled(hook, result);
    const ok = result.status === 'success';
    tell(session, {
      text: `${ok ? 'OK' : 'ERROR'} hook: ${name}`,
      status: ok ? 'OK' : 'ERROR',
      index,
      total: hooks.length,
      seconds: result.executionTime,
    });
    results.push(result);
  }
  session.log.fire({ name: 'Formatting', code: 'Z017', level: 'info', msg: '' });
  return results;
}

/** A text that cannot be rendered ends the command, as dbt has it; a statement that fails only fails its hook. */
const notCompiled = (hook: ManifestNode, { error }: NodeResult): unknown =>
  isDuckhouseError(error) && error.kind !== 'Cancelled'
    ? new DuckhouseError(error.kind, failureText(error, hook), { cause: error })
    : error;

interface HookLine {
  readonly text: string;
  readonly status: string;
  readonly index: number;
  readonly total: number;
  readonly seconds?: number;
}

function tell({ log, flags }: RunSession, { index, ...line }: HookLine): void {
  const start = line.seconds === undefined;
  log.fire({
    name: start ? 'LogHookStartLine' : 'LogHookEndLine',
    code: start ? 'Q032' : 'Q033',
    level: line.status === 'ERROR' ? 'error' : 'info',
    msg: statusLine({ ...line, index: index + 1, width: flags.printerWidth, truncate: true }),
    data: {
      statement: line.text,
      index: index + 1,
      total: line.total,
      status: line.status,
      ...(start ? {} : { execution_time: line.seconds }),
    },
  });
}

interface HookRun {
  readonly name: string;
  readonly extra: ReadonlyMap<string, Value>;
  /** Called once its text is rendered. */
  started(): void;
}

function runHook(session: RunSession, hook: ManifestNode, { name, extra, started }: HookRun): Promise<NodeResult> {
  return timed({ node: hook, thread: 'main' }, (clock) =>
    onConnection(session, hook.unique_id, async (connect) => {
      const { render } = createNodeContext({ session, node: hook, connection: connect, extra });
      hook.compiled_code = await render(hook.raw_code, nodeLabel(hook));
      Object.assign(hook, { compiled: true, extra_ctes: [], extra_ctes_injected: true });
      writeCompiled(session, hook);
      clock.compiled();
      started();
      const sql = hook.compiled_code.trim();
      const connection = await connect();
      if (sql !== '')
        await connection.execute(sql).catch((error: unknown) => {
          throw databaseError(error, sql);
        });
      if (connection.isOpenTransaction()) await connection.commit(); // its templates may have run statements too
      return { status: 'success', message: `${name} passed`, failures: 0 };
    }),
  ).then((result) =>
    result.status === 'error'
      ? { ...result, failures: 1, message: `${name} failed, error:\n ${failureText(result.error, hook)}` }
      : result,
  );
}

/** What hooks at the end know of the run: its results, and the schemas it wrote to. */
function endNames(results: readonly NodeResult[]): Map<string, Value> {
  const built = results.filter(
    ({ node, status }) =>
      ['model', 'seed', 'snapshot'].includes(node.resource_type) && !['error', 'fail', 'skipped'].includes(status),
  );
  const pairs = new Map(
    built.map(({ node }) => {
      const { database, schema } = node as ManifestNode;
      return [JSON.stringify([database, schema]), [database, schema] as const];
    }),
  );
  return new Map<string, Value>([
    ['schemas', fromJs([...new Set([...pairs.values()].map(([, schema]) => schema))])],
    ['database_schemas', fromJs([...pairs.values()])],
    ['results', results.map(resultValue)],
  ]);
}

/** A result as hooks read it: the entry of run_results.json, with its node. */
function resultValue(result: NodeResult): Value {
  const entry = resultEntry(result);
  const timing = (entry.timing as readonly object[]).map((one) => DbtObject.of(one));
  return DbtObject.of({ ...entry, timing, node: DbtObject.of(result.node) });
}
