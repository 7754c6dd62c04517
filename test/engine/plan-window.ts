import { type Engine, openEngine } from '../../src/engine/index.ts';
import { rowsOf } from './engine-rows.ts';

export interface Wrong {
  readonly tries: number;
  readonly query: number;
  readonly waiting: number;
  readonly change: number;
}

const rounds = 50;
const filtered = 'SELECT a FROM t WHERE a > 100';

/** A way to read that another connection writes beside: how many rows it told or changed. */
type Reads = (engine: Engine) => Promise<number>;

const ways: Readonly<Record<Exclude<keyof Wrong, 'tries'>, Reads>> = {
  query: async (engine) => (await rowsOf(await engine.query(filtered))).length,
  waiting: async (engine) => (await rowsOf(await (await engine.prepare(filtered)).run())).length,
  async change(engine) {
    const prepared = await engine.prepare('UPDATE t SET b = b + 1 WHERE a > 100');
    return (await prepared.run()).rowsChanged ?? 0;
  },
};

/**
 * Reads rows by a filter that a table's statistics make always true, while a row comes that it leaves out. Counts by way of
 * reading how often that row was there all the same.
 */
export async function readBesideWrites(tries: number): Promise<Wrong> {
  const engine = await openEngine({ database: ':memory:' });
  try {
    const wrong = { tries, query: 0, waiting: 0, change: 0 };
    for (const way of Object.keys(ways) as (keyof typeof ways)[])
      for (let i = 0; i < tries; i++) if (!(await isRight(engine, ways[way], i))) wrong[way]++;
    return wrong;
  } finally {
    await engine.close();
  }
}

async function isRight(engine: Engine, read: Reads, i: number): Promise<boolean> {
  await engine.execute('CREATE OR REPLACE TABLE t AS SELECT range + 101 AS a, 0 AS b FROM range(10)');
  const late = (i % rounds) / rounds; // milliseconds
  const reading = read(engine);
  const start = performance.now();
  while (performance.now() - start < late);
  const writing = engine.execute('INSERT INTO t VALUES (50, 0)');
  const rows = await reading.catch(() => 10); // two that change a table at once: one is refused
  await writing.catch(() => undefined);
  return rows === 10;
}
