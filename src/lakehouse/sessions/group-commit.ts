import type { Connection, Engine, QueryResult } from '../../engine/index.ts';
import { mayBeScript } from '../../sql.ts';

/** Small inserts of many clients in one transaction: one write to the disk for all that came while the last was written. */
export interface GroupCommit {
  /** Resolves, with the rows inserted, when they are on the disk. */
  insert(sql: string): Promise<number>;
  close(): Promise<void>;
}

const maxGroup = 256;
const maxTextLength = 16_384;

/** Plain INSERTs only: each means the same alone and beside others. */
export const isGroupable = (sql: string): boolean =>
  sql.length <= maxTextLength &&
  /^\s*insert\s+into\b/i.test(sql) &&
  !/\breturning\b|\bon\s+conflict\b/i.test(sql) &&
  !mayBeScript(sql);

interface Waiting {
  readonly sql: string;
  readonly resolve: (rows: number) => void;
  readonly reject: (error: unknown) => void;
}

export function createGroupCommit(engine: Engine): GroupCommit {
  const waiting: Waiting[] = [];
  let connection: Promise<Connection> | undefined;
  let working: Promise<void> | undefined;

  const runGroup = async (group: readonly Waiting[]): Promise<void> => {
    connection ??= engine.connect();
    const { executeGroup } = await connection;
    try {
      const rows = await executeGroup(group.map(({ sql }) => sql));
      group.forEach(({ resolve }, i) => resolve(rows[i] ?? 0));
    } catch (error) {
      const [only] = group;
      if (group.length === 1) return only?.reject(error);
      // One of them fails: each is tried alone, so that it is only that one's error.
      for (const one of group) await runGroup([one]);
    }
  };
  const work = async (): Promise<void> => {
    while (waiting.length > 0) await runGroup(waiting.splice(0, maxGroup));
    working = undefined;
  };

  return {
    insert(sql) {
      return new Promise((resolve, reject) => {
        waiting.push({ sql, resolve, reject });
        working ??= work();
      });
    },
    async close() {
      await working;
      await (await connection)?.close();
    },
  };
}

/** The result of an insert that ran in a group. */
export const insertedResult = (queryId: string, rows: number): QueryResult => ({
  queryId,
  schema: { fields: [] },
  kind: 'insert',
  returnsRows: false,
  rowsChanged: rows,
  batches: (async function* () {})(),
  close: async () => undefined,
});
