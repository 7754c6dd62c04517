import { randomUUID } from 'node:crypto';
import { type Connection, changedResult } from '../../engine/index.ts';
import { DuckhouseError, toDuckhouseError } from '../../errors.ts';
import type { Lane } from './lane.ts';
import type { Transaction } from './transactions.ts';
import type { SessionStatement } from './types.ts';

type Word = 'begin' | 'commit' | 'rollback';

const words: readonly (readonly [RegExp, Word])[] = [
  [/^\s*(?:begin|start)(?:\s+(?:transaction|work))?\s*;?\s*$/i, 'begin'],
  [/^\s*(?:commit|end)(?:\s+(?:transaction|work))?\s*;?\s*$/i, 'commit'],
  [/^\s*(?:rollback|abort)(?:\s+(?:transaction|work))?\s*;?\s*$/i, 'rollback'],
];

/** SQL that begins or ends a transaction; undefined for any other. */
export const transactionWord = (sql: string): Word | undefined => words.find(([pattern]) => pattern.test(sql))?.[1];

const run = (lane: Lane, sql: string): Promise<unknown> => lane.use((connection) => connection.execute(sql));

/** Ends the transaction on its connection. A commit that fails has rolled back. */
export async function endOnLane({ lane, suspect }: Transaction, how: 'commit' | 'rollback'): Promise<void> {
  if (how === 'rollback') return void (await run(lane, 'ROLLBACK'));
  if (suspect !== undefined && (await isAborted(lane))) {
    await run(lane, 'ROLLBACK');
    throw rolledBack(suspect);
  }
  try {
    await run(lane, 'COMMIT');
  } catch (error) {
    await run(lane, 'ROLLBACK').catch(() => undefined); // mostly it has rolled back already
    throw commitFailed(error);
  }
}

/** All of the work or none of it. */
export async function inOwnTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.execute('BEGIN TRANSACTION');
  try {
    const done = await work();
    await connection.execute('COMMIT');
    return done;
  } catch (error) {
    await connection.execute('ROLLBACK').catch(() => undefined); // a failed commit has rolled back already
    throw error;
  }
}

/** DuckDB answers the COMMIT of an aborted transaction with a rollback and no error. */
export const isAborted = (lane: Lane, signal?: AbortSignal): Promise<boolean> =>
  lane
    .use((connection) => connection.execute('SELECT 1'), { sql: '', options: { signal } })
    .then(
      () => false,
      () => true,
    );

/**
 * BEGIN, COMMIT and ROLLBACK as SQL inside a transaction that has an id, as some drivers send them: the transaction goes on
 * under its id until that is ended.
 */
export function transactionStatement(transaction: Transaction, word: Word): SessionStatement {
  const { lane } = transaction;
  const queryId = randomUUID();
  const result = changedResult(queryId, 'transaction');
  return {
    queryId,
    kind: 'transaction',
    returnsRows: false,
    schema: result.schema,
    schemaKnown: true,
    parameters: [],
    parameterFields: [],
    script: false,
    exclusive: false,
    async run() {
      if (word === 'begin') return result;
      try {
        await endOnLane(transaction, word);
      } finally {
        transaction.suspect = undefined;
        await run(lane, 'BEGIN TRANSACTION');
      }
      return result;
    },
    close: async () => undefined,
  };
}

function commitFailed(error: unknown): DuckhouseError {
  const { kind, message, id, context, hint, retryable } = toDuckhouseError(error);
  return new DuckhouseError(kind, message, {
    id,
    context,
    retryable,
    hint: kind === 'CommitConflict' ? 'it was rolled back; run the whole transaction again' : hint,
    cause: error,
  });
}

const rolledBack = (cause: DuckhouseError): DuckhouseError =>
  new DuckhouseError(
    'CommitConflict',
    `the transaction was rolled back, a statement in it had failed: ${cause.message}`,
    {
      id: 'transaction-rolled-back',
      context: cause.context,
      hint: 'run the whole transaction again',
      retryable: true,
      cause,
    },
  );
