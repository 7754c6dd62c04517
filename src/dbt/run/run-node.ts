import { isDuckhouseError } from '../../errors.ts';
import { failureText } from '../context/run-errors.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { compileNode } from './compile.ts';
import { materialize } from './materialize.ts';
import { isMicrobatch, runMicrobatch } from './microbatch.ts';
import { runPythonModel } from './python-model.ts';
import type { NodeResult, ResultStatus, RunNode, Timing } from './results.ts';
import { onConnection, type RunSession } from './session.ts';

export interface Outcome {
  readonly status: ResultStatus;
  readonly message: string | null;
  readonly failures?: number | null;
  readonly adapterResponse?: NodeResult['adapterResponse'];
  readonly batchResults?: NodeResult['batchResults'];
}

/** Marks where compiling ended and executing began. */
export interface Clock {
  compiled(): void;
}

/** Runs one node's work; an error becomes its result. */
export async function timed(
  { node, thread }: { readonly node: RunNode; readonly thread: string },
  work: (clock: Clock) => Promise<Outcome>,
): Promise<NodeResult> {
  const startedAt = new Date();
  const started = performance.now();
  let compiledAt: Date | undefined;
  const finish = (outcome: Outcome, error?: unknown): NodeResult => {
    const completedAt = new Date();
    const timing: Timing[] = [
      { name: 'compile', startedAt, completedAt: compiledAt ?? startedAt },
      { name: 'execute', startedAt: compiledAt ?? startedAt, completedAt },
    ];
    return {
      node,
      status: outcome.status,
      message: outcome.message,
      failures: outcome.failures ?? null,
      timing,
      threadId: thread,
      executionTime: (performance.now() - started) / 1000,
      adapterResponse: outcome.adapterResponse ?? null,
      batchResults: outcome.batchResults ?? null,
      ...(error === undefined ? {} : { error }),
    };
  };
  try {
    return finish(await work({ compiled: () => (compiledAt = new Date()) }));
  } catch (error) {
    return finish({ status: 'error', message: failureText(error, node) }, error);
  }
}

export const isCancelled = (error: unknown): boolean => isDuckhouseError(error) && error.kind === 'Cancelled';

/** Compiles and builds a model, a snapshot or a seed. */
export function runModel(session: RunSession, node: ManifestNode, thread: string): Promise<NodeResult> {
  return timed({ node, thread }, async (clock) => {
    if (isMicrobatch(session, node)) return runMicrobatch(session, node, { thread, clock });
    return onConnection(session, node.unique_id, async (connection) => {
      if (node.resource_type !== 'seed') await compileNode(session, node, { connection, thread });
      clock.compiled();
      const { response } = await materialize(session, node, {
        connection,
        thread,
        submitPython: (code) => runPythonModel(session, node, { code, connection }),
      });
      return { status: 'success', message: response.message, adapterResponse: response };
    });
  });
}
