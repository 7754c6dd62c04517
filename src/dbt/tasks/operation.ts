import { nearestNames } from '../../errors.ts';
import { fromJs, PyError, type Value } from '../../jinja/index.ts';
import { databaseError } from '../adapter/adapter-host.ts';
import { failureText } from '../context/template-errors.ts';
import type { Dict, MacroNode, ManifestNode } from '../manifest-types.ts';
import { compileNode } from '../run/compile.ts';
import { createNodeContext } from '../run/context/node-context.ts';
import { statusLine } from '../run/lines.ts';
import type { NodeResult, RunNode } from '../run/results.ts';
import { onConnection, type RunSession } from '../run/session.ts';
import { timed } from '../run/timed.ts';
import { inlineNode } from './inline.ts';

/** `run-operation`: calls a macro with arguments by name. What it did is committed when it ends well. */
export async function runOperation(session: RunSession, name: string, args: Dict): Promise<NodeResult> {
  const macro = findMacro(session, name);
  const node: ManifestNode = {
    ...inlineNode(session, '', macro.name),
    resource_type: 'operation',
    package_name: macro.package_name,
    unique_id: macro.unique_id,
  };
  const result = await timed({ node: node as RunNode, thread: 'MainThread' }, (clock) =>
    onConnection(session, `macro_${name}`, async (connect) => {
      clock.compiled();
      const { macros } = createNodeContext({ session, node, connection: connect });
      const kwargs = new Map(Object.entries(args).map(([key, value]): [string, Value] => [key, fromJs(value)]));
      await macros.run(macro, [], kwargs);
      await (await connect()).commit();
      return { status: 'success', message: null, failures: 0 };
    }),
  );
  if (result.status === 'error') tellCaught(session, result.error);
  return result;
}

/** `run-operation --sql`: runs a text of the command line, in a transaction that is not committed unless it says so. */
export async function runStatement(session: RunSession, sql: string): Promise<NodeResult> {
  const node = inlineNode(session, sql);
  let isUndone = false;
  const result = await timed({ node, thread: 'MainThread' }, (clock) =>
    onConnection(session, node.name, async (connect) => {
      const compiled = { ...node }; // results do not keep its code
      await compileNode(session, compiled, { connection: connect, thread: 'MainThread' });
      clock.compiled();
      const connection = await connect();
      const text = compiled.compiled_code ?? '';
      tellStatement(session, 'START executing', 'RUN');
      await connection.execute(text, { autoBegin: true }).catch((error: unknown) => {
        throw databaseError(error, text);
      });
      isUndone = connection.isOpenTransaction() && changing.test(text) && !/\bcommit\b/i.test(text);
      return { status: 'success', message: null, failures: 0, adapterResponse: ok };
    }),
  );
  const failed = result.status === 'error';
  if (failed) tellCaught(session, result.error);
  const [text, status] = failed ? (['ERROR executing', 'ERROR'] as const) : (['OK executed', 'OK'] as const);
  tellStatement(session, text, status, result.executionTime);
  if (isUndone) session.log.fire({ name: 'Note', code: 'Z050', level: 'info', msg: session.text('dbt.undone') });
  return result;
}

/** Words of statements whose effect a rollback undoes. */
const changing = /\b(create|insert|update|delete|drop|alter|merge|truncate|replace)\b/i;

const ok = { message: 'OK', code: null, rowsAffected: null } as const;

function tellStatement({ log, flags }: RunSession, text: string, status: string, seconds?: number): void {
  const level = status === 'ERROR' ? 'error' : 'info';
  const line = statusLine({
    text: `${text} inline_query`,
    status,
    index: 1,
    total: 1,
    width: flags.printerWidth,
    ...(seconds === undefined ? {} : { seconds }),
  });
  log.fire({ name: 'Note', code: 'Z050', level, msg: line });
}

export function tellCaught({ log }: RunSession, error: unknown): void {
  log.fire({
    name: 'RunningOperationCaughtError',
    code: 'Q001',
    level: 'error',
    msg: `[ERROR]: Encountered an error while running operation: ${failureText(error, undefined)}`,
  });
}

function findMacro({ parsed }: RunSession, name: string): MacroNode {
  const [first = '', second] = name.split('.');
  const found =
    second === undefined ? parsed.macros.resolve(first, parsed.project.name) : parsed.macros.find(first, second);
  const anywhere =
    second === undefined ? Object.values(parsed.manifest.macros).find((macro) => macro.name === first) : undefined;
  const macro = found ?? anywhere;
  if (macro !== undefined) return macro;
  const near = nearestNames(
    second ?? first,
    Object.values(parsed.manifest.macros).map((known) => known.name),
  );
  const where = second === undefined ? 'any package' : `the '${first}' package`;
  throw new PyError(
    'CompilationError',
    `dbt could not find a macro with the name '${second ?? first}' in ${where}. This can happen when calling a macro that does not exist. Check for typos and/or install package dependencies with "dbt deps".${near.length === 0 ? '' : ` Similar names: ${near.join(', ')}`}`,
  );
}
