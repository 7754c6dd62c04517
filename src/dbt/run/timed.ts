import { failureText } from '../context/template-errors.ts';
import type { NodeResult, ResultStatus, RunNode, Timing } from './results.ts';
import type { RunSession } from './session.ts';

export interface Outcome {
  readonly status: ResultStatus;
  readonly message: string | null;
  readonly failures?: number | null;
  readonly adapterResponse?: NodeResult['adapterResponse'];
  readonly batchResults?: NodeResult['batchResults'];
  readonly failingRows?: NodeResult['failingRows'];
  readonly table?: NodeResult['table'];
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
      ...(outcome.failingRows === undefined ? {} : { failingRows: outcome.failingRows }),
      ...(outcome.table === undefined ? {} : { table: outcome.table }),
      ...(error === undefined ? {} : { error }),
    };
  };
  try {
    return finish(await work({ compiled: () => (compiledAt = new Date()) }));
  } catch (error) {
    return finish({ status: 'error', message: failureText(error, node) }, error);
  }
}

/** A node that is not made again, as nothing has changed since then. */
export const reused = ({ text }: RunSession, since: Date): Outcome => ({
  status: 'reused',
  message: text('dbt.reused', { time: since.toISOString() }),
});
