import type { EncodedBatch, PreparedQuery, QueryResult } from '../../engine/index.ts';

/** Called once; `failed` when it did not come to its end. */
export type OnEnd = (failed: boolean) => void | Promise<void>;

const once = (onEnd: OnEnd): ((failed: boolean) => Promise<void>) => {
  let called: Promise<void> | undefined;
  return (failed) => (called ??= Promise.resolve(onEnd(failed)));
};

/** A function of its own: generators made by one function share their shape, and are quick. */
async function* batchesThen(batches: QueryResult['batches'], end: OnEnd): AsyncGenerator<EncodedBatch> {
  let failed = true; // as long as it has not come to its end
  try {
    for await (const batch of batches) yield batch;
    failed = false;
  } finally {
    await end(failed);
  }
}

/** The result as it is; `onEnd` when it has ended or was closed, at once when it has no rows. */
export function resultThen(result: QueryResult, onEnd: OnEnd): QueryResult {
  const end = once(onEnd);
  if (!result.returnsRows) void end(false);
  return {
    ...result,
    batches: result.returnsRows ? batchesThen(result.batches, end) : result.batches,
    async close() {
      await result.close();
      await end(true);
    },
  };
}

/** The same for a prepared statement: also when it fails to run, or is closed without having run. */
export function preparedThen<Prepared extends PreparedQuery>(prepared: Prepared, onEnd: OnEnd): Prepared {
  const end = once(onEnd);
  return {
    ...prepared,
    async run(options) {
      try {
        return resultThen(await prepared.run(options), end);
      } catch (error) {
        await end(true);
        throw error;
      }
    },
    async close() {
      await prepared.close();
      await end(false);
    },
  };
}
