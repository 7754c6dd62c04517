import { nearestNames } from '../../errors.ts';
import { fromJs, PyError, type PyObject, type Value } from '../../jinja/index.ts';
import { failureText } from '../context/template-errors.ts';
import type { Dict, MacroNode, ManifestNode } from '../manifest-types.ts';
import { createNodeContext } from '../run/context/node-context.ts';
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
      await (macros.bind(macro) as PyObject).call([], kwargs);
      await (await connect()).commit();
      return { status: 'success', message: null, failures: 0 };
    }),
  );
  if (result.status === 'error')
    session.log.fire({
      name: 'RunningOperationCaughtError',
      code: 'Q001',
      level: 'error',
      msg: `[ERROR]: Encountered an error while running operation: ${failureText(result.error, undefined)}`,
    });
  return result;
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
