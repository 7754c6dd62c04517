import type { PreparedQuery, QueryResult } from '../../engine/index.ts';

/** Called once. */
export type OnEnd = () => void | Promise<void>;

const once = (onEnd: OnEnd): (() => Promise<void>) => {
  let called: Promise<void> | undefined;
  return () => (called ??= Promise.resolve(onEnd()));
};

/** The result as it is; `onEnd` when it has ended or was closed, at once when it has no rows. */
export function resultThen(result: QueryResult, onEnd: OnEnd): QueryResult {
  const end = once(onEnd);
  if (!result.returnsRows) void end();
  async function* batches() {
    try {
      yield* result.batches;
    } finally {
      await end();
    }
  }
  return {
    ...result,
    batches: result.returnsRows ? batches() : result.batches,
    async close() {
      await result.close();
      await end();
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
        await end();
        throw error;
      }
    },
    async close() {
      await prepared.close();
      await end();
    },
  };
}
