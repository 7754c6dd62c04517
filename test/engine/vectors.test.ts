import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Engine, openEngine, type QueryOptions } from '../../src/engine/index.ts';
import { query, rowsOf } from './engine-rows.ts';

let engine: Engine;
before(async () => {
  engine = await openEngine({ database: ':memory:' });
});
after(() => engine.close());

/** A list among the columns has DuckDB export the whole chunk to Arrow: the other way to the same values. */
async function bothWays(select: string, options?: QueryOptions): Promise<unknown[][]> {
  const direct = await query(engine, select, options);
  const exported = await query(engine, `SELECT *, [1] AS forces_the_export FROM (${select})`, options);
  assert.deepEqual(
    direct,
    exported.map((row) => row.slice(0, -1)),
  );
  return direct;
}

const texts: Readonly<Record<string, string>> = {
  'in place': "left('abcdefghijkl', (i % 13)::INT)",
  'on the heap': "'a text that is too long to lie in place ' || i",
  'of both kinds': "repeat('é', (i * 7 % 11)::INT) || right('12345678', (i % 9)::INT)",
  'of both kinds, some too long to be put together': "repeat('xyz', (i * 37 % 900)::INT)",
  'all null': 'NULL::VARCHAR',
  'all the same': "'one constant that is repeated'",
  'all empty': "''",
};

for (const [name, sql] of Object.entries(texts)) {
  test(`texts ${name} are the same from the vectors as from the export, with nulls and filters`, async () => {
    const all = await bothWays(`SELECT ${sql} AS s FROM range(5000) t(i)`);
    assert.equal(all.length, 5000);
    await bothWays(`SELECT CASE WHEN i % 7 = 0 THEN NULL ELSE ${sql} END AS s, encode(s) AS b, i
      FROM range(9000) t(i) WHERE i % 11 <> 0`);
  });
}

test('decimals, negative ones too, booleans and huge integers keep their values whatever DuckDB keeps them in', async () => {
  const rows =
    await bothWays(`SELECT (i % 1000 - 500)::DECIMAL(4, 1) a, (i * -3)::DECIMAL(9, 2) b, (i * -1000003)::DECIMAL(18, 3) c,
      (i * -1000003)::DECIMAL(38, 10) d, (i - 3)::HUGEINT e, i::UHUGEINT f, i % 3 = 0 g, CASE WHEN i % 5 = 0 THEN NULL ELSE i % 2 = 0 END h,
      CASE WHEN i % 5 = 0 THEN NULL ELSE (i - 4000)::DECIMAL(9, 2) END j, i::TINYINT k FROM range(100) t(i)`);
  assert.equal(rows.length, 100);
  await bothWays(`SELECT (i - 4000)::DECIMAL(18, 2) a, i % 3 = 0 b, NULL::DECIMAL(4, 1) c, (i * -1.5)::FLOAT d,
      DATE '2020-01-01' + i::INT e, TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_hours(i) f
      FROM range(9000) t(i) WHERE i % 13 <> 0`);
});

test('chunks that are cut where a batch is full go on with the right rows', async () => {
  for (const batchBytes of [64 << 10, 100_000]) {
    const rows = await bothWays(
      `SELECT i, CASE WHEN i % 3 = 0 THEN NULL WHEN i % 3 = 1 THEN 'x' || i % 10 ELSE repeat('long ', 10 + (i % 40)::INT) END s,
        'always on the heap, never in place ' || i t, (i * -1)::DECIMAL(9, 2) d, i % 2 = 0 b FROM range(6000) t(i)`,
      { batchBytes },
    );
    assert.deepEqual([rows.length, rows[5999]?.[0]], [6000, 5999n]);
  }
});

test('many open results whose readers wait give every row, by whichever worker', async () => {
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, k) =>
      engine.query(`SELECT i, 'reader ${k} and its row number ' || i s, 'r' || i % 50 t FROM range(20000) t(i)`),
    ),
  );
  const all = await Promise.all(results.map(rowsOf));
  all.forEach((rows, k) => {
    assert.equal(rows.length, 20000);
    assert.deepEqual(rows[14321], [14321n, `reader ${k} and its row number 14321`, 'r21']);
  });
});
