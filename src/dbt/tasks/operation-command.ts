import type { Dict } from '../manifest-types.ts';
import { hasFailed } from '../run/results.ts';
import { type Command, exitCodes, usage } from './command.ts';
import { runOperation, runStatement, tellCaught } from './operation.ts';
import { writeResults } from './task.ts';

export const operation: Command = async (session, { args }) => {
  const started = performance.now();
  const { macro, sql } = args;
  const given = typeof args.args === 'object' && args.args !== null ? (args.args as Dict) : {};
  const isSql = typeof sql === 'string' && sql !== '';
  if (!isSql && typeof macro !== 'string') throw usage('run-operation needs the name of a macro, or --sql');
  if (isSql && typeof macro === 'string') throw usage('run-operation takes the name of a macro or --sql, not both');
  if (isSql && Object.keys(given).length > 0) throw usage('--args are of a macro: write them into --sql');
  try {
    const result = isSql ? await runStatement(session, sql) : await runOperation(session, String(macro), given);
    writeResults(session, [hasFailed(result) ? { ...result, failures: 1 } : result], started);
    return !hasFailed(result);
  } catch (error) {
    tellCaught(session, error);
    return exitCodes.error;
  }
};
