import { PyError, str, truth, type Value } from '../../jinja/index.ts';
import type { ResultTable } from '../adapter/table.ts';
import { isErrorWarning } from '../events/warn-options.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { compileNode } from './compile.ts';
import { failingRows } from './failing-rows.ts';
import { withPlace } from './known-problems.ts';
import { materialize } from './materialize.ts';
import type { NodeResult } from './results.ts';
import { onConnection, type RunSession } from './session.ts';
import { type Outcome, reused, timed } from './timed.ts';

/** Runs a data test: its rows are counted, its severity decides what the count means. */
export function runTest(session: RunSession, node: ManifestNode, thread: string): Promise<NodeResult> {
  return timed({ node, thread }, (clock) =>
    onConnection(session, node.unique_id, async (connection) => {
      await compileNode(session, node, { connection, thread });
      clock.compiled();
      const since = await session.changes?.unchangedSince(node, connection);
      if (since !== undefined) return reused(session, since);
      const work = materialize(session, node, { connection, thread, materialized: 'test' });
      const { response, table } = await withPlace(session, node, work);
      const outcome = { ...judge(session, node, readCounts(table)), adapterResponse: response };
      if (outcome.status === 'pass') await session.changes?.made(node, connection);
      return { ...outcome, failingRows: await failingRows(session, node, { outcome, connection }) };
    }),
  );
}

interface TestCounts {
  readonly failures: number;
  readonly shouldWarn: boolean;
  readonly shouldError: boolean;
}

function readCounts(table: ResultTable | undefined): TestCounts {
  const rows = table?.rows.length ?? 0;
  if (table === undefined || rows !== 1 || table.columnNames.length !== 3)
    throw new PyError(
      'DbtRuntimeError',
      `a test must give one row of failures, should_warn and should_error, not ${rows} rows`,
    );
  const [failures, shouldWarn, shouldError] = table.rows[0] as readonly Value[];
  const count = failures === null || failures === undefined ? Number.NaN : Number(str(failures));
  if (!Number.isInteger(count))
    throw new PyError(
      'DbtRuntimeError',
      `fail_calc gave ${failures === null ? 'NULL' : str(failures as Value)}, not a whole number`,
    );
  return { failures: count, shouldWarn: asFlag(shouldWarn), shouldError: asFlag(shouldError) };
}

const truths = /^(y|yes|t|true|on|1)$/i;
const falsehoods = /^(n|no|f|false|off|0)$/i;

/** Anything but a text counts as it does in Python; a text must be a word for true or for false. */
function asFlag(value: Value | undefined): boolean {
  if (typeof value !== 'string') return value !== undefined && truth(value);
  if (truths.test(value)) return true;
  if (falsehoods.test(value)) return false;
  throw new PyError(
    'CompilationError',
    `Macro 'get_test_sql' returns '${value}': a test must say true or false in should_warn and should_error`,
  );
}

function judge(
  { flags }: RunSession,
  { config }: ManifestNode,
  { failures, shouldWarn, shouldError }: TestCounts,
): Outcome {
  const got = `Got ${failures} result${failures === 1 ? '' : 's'}`;
  if (String(config.severity ?? 'ERROR').toUpperCase() === 'ERROR' && shouldError)
    return { status: 'fail', message: `${got}, configured to fail if ${String(config.error_if)}`, failures };
  if (!shouldWarn) return { status: 'pass', message: null, failures: 0 };
  return isErrorWarning(flags.args, 'LogTestResult')
    ? { status: 'fail', message: `${got}, configured to fail if ${String(config.warn_if)}`, failures }
    : { status: 'warn', message: `${got}, configured to warn if ${String(config.warn_if)}`, failures };
}
