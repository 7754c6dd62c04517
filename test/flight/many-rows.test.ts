import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeSchema } from '../../src/arrow/index.ts';
import type { Connection, Engine } from '../../src/engine/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { paramsOf } from '../../src/flight/sql-params.ts';
import { queryRows } from '../../src/lakehouse/index.ts';
import { changeFrom } from '../../src/lakehouse/sessions/change-rows.ts';
import { executeRows } from '../../src/lakehouse/sessions/execute-rows.ts';
import { seeded } from './fuzz.ts';

let engine: Engine;
before(async () => {
  engine = await openEngine({ database: ':memory:' });
});
after(() => engine.close());

const schemaOf = (row: readonly unknown[], names?: readonly string[]) => decodeSchema(paramsOf([row], names).schema);

test('changes whose rows mean nothing to each other are told from the others', () => {
  const two = schemaOf([1, 'a']);
  const from = (sql: string) => changeFrom(sql, two, 'src')?.change;
  assert.equal(
    from('UPDATE t SET b = ? WHERE a = ?'),
    'UPDATE t SET b = duckhouse_rows.duckhouse_p0 FROM (SELECT "1" AS duckhouse_p0, "2" AS duckhouse_p1 FROM src) AS duckhouse_rows WHERE a = duckhouse_rows.duckhouse_p1',
  );
  assert.match(
    from('update s."T t" set "b" = b + $1::INTEGER, c = \'it\'\'s\' where (a = $2 or a is null);') ?? '',
    /p1/,
  );
  assert.match(from('DELETE FROM t WHERE a = ? AND t.b LIKE ?') ?? '', /EXISTS/);
  for (const sql of [
    'UPDATE t SET b = ? WHERE b = ?',
    'UPDATE t SET "B" = ? WHERE b = ?',
    'UPDATE t SET b = ?, b = 1 WHERE a = ?',
    'UPDATE t SET b = ? + random() WHERE a = ?',
    'UPDATE t SET b = (SELECT ?) WHERE a = ?',
    'UPDATE t SET b = ? FROM u WHERE a = ?',
    'UPDATE t SET b = ? WHERE a = ? RETURNING a',
    'UPDATE t SET b = ? -- \n WHERE a = ?',
    'UPDATE t SET b = ? WHERE t = ?',
    'UPDATE t SET b = ? WHERE rowid = ?',
    "UPDATE t SET b = e'\\'' || ? WHERE a = ?",
    'UPDATE t SET b = ?, c = ?',
    'UPDATE t SET b = ? WHERE a = 1',
    'UPDATE t SET b = ? WHERE a = $3',
    'UPDATE t SET b = ? WHERE a = ?; DROP TABLE t',
    'DELETE FROM t USING u WHERE a = ? AND b = ?',
    'DELETE FROM t WHERE a IN (SELECT ?) AND b = ?',
    'MERGE INTO t USING u ON a = ? WHEN MATCHED THEN UPDATE SET b = ?',
  ])
    assert.equal(from(sql), undefined, sql);
});

type Rows = readonly (readonly unknown[])[];

async function outcome(connection: Connection, work: () => Promise<number>): Promise<unknown> {
  await connection.execute('BEGIN');
  const changed = await work().then(
    (count) => count as number | string,
    () => 'failed',
  );
  const left = changed === 'failed' ? [] : await queryRows(connection, 'FROM changed ORDER BY ALL');
  const tables =
    changed === 'failed' ? [] : await queryRows(connection, "FROM duckdb_tables() WHERE table_name LIKE 'duckhouse%'");
  await connection.execute('ROLLBACK');
  return { changed, left, tables };
}

test('all rows at once change what one after the other would', async () => {
  const connection = await engine.connect();
  await connection.execute(
    'CREATE TABLE changed(a INTEGER, b VARCHAR, c BIGINT, k INTEGER UNIQUE, up INTEGER); INSERT INTO changed SELECT i % 50, i::VARCHAR, i, i, NULL FROM range(100) t(i)',
  );
  const random = seeded(7);
  const statements: readonly (readonly [string, () => readonly unknown[]])[] = [
    ['UPDATE changed SET b = ? WHERE a = ?', () => [`x${random(9)}`, random(200)]],
    ['UPDATE changed SET c = c + ?, b = NULL WHERE k = ?', () => [random(5), random(200)]],
    ['UPDATE changed SET b = $b WHERE a = $a AND c < 60', () => [random(3) === 0 ? null : 'y', random(60)]],
    ['UPDATE changed SET k = ? WHERE c = ?', () => [random(300), random(100)]],
    ['UPDATE changed SET c = ? WHERE b = ?', () => [random(9), String(random(120))]],
    ['UPDATE changed SET b = ? WHERE a = ?', () => ['z', String(random(60))]],
    ['DELETE FROM changed WHERE a = ?', () => [random(80)]],
    ['DELETE FROM changed WHERE a = ? AND c < ?', () => [random(80), random(100)]],
    ['DELETE FROM changed WHERE b LIKE ?', () => [`${random(12)}_`]],
    ['UPDATE changed SET c = 9223372036854775807 + ? WHERE a = ?', () => [random(2), random(60)]],
    ['INSERT INTO changed (a, b, c) VALUES (?, ?, 1)', () => [random(80), `${random(9)}`]],
  ];
  for (let i = 0; i < 120; i++) {
    const [sql, row] = statements[i % statements.length] as (typeof statements)[number];
    const seen = new Set<unknown>();
    const rows: Rows = Array.from({ length: 20 }, row).filter((one) => {
      // Every other time each key comes once.
      const key = one.at(-1);
      const fresh = i % 2 === 0 || !seen.has(key);
      seen.add(key);
      return fresh;
    });
    const params = paramsOf(rows, sql.includes('$') ? ['b', 'a'] : undefined);
    assert.deepEqual(
      await outcome(connection, () => executeRows(connection, { sql, params, options: {} })),
      await outcome(connection, () => connection.executeMany(sql, params)),
      `${sql} ${JSON.stringify(rows)}`,
    );
  }
  await connection.close();
});

test('tables of other databases and with odd names are changed as well', async () => {
  const connection = await engine.connect();
  await connection.execute(
    `ATTACH ':memory:' AS other; CREATE TABLE other.main.far(a INTEGER, b VARCHAR); CREATE SCHEMA near;
     CREATE TABLE near."odd t"(a INTEGER, "b c" VARCHAR)`,
  );
  const rows = Array.from({ length: 30 }, (_, i) => [i, `x${i}`]);
  const swapped = rows.map(([a, b]) => [b, a]);
  const run = async (sql: string, given: Rows): Promise<number> => {
    await connection.execute('BEGIN');
    const changed = await executeRows(connection, { sql, params: paramsOf(given), options: {} });
    await connection.execute('COMMIT');
    return changed;
  };
  for (const [table, column] of [
    ['other.main.far', 'b'],
    ['other.far', 'b'],
    ['near."odd t"', '"b c"'],
    ['memory.near."odd t"', '"b c"'],
  ] as const) {
    assert.equal(await run(`INSERT INTO ${table} VALUES (?, ?)`, rows), 30, table);
    assert.equal(await run(`UPDATE ${table} SET ${column} = ? WHERE a = ?`, swapped), 30, table);
    assert.equal(await run(`DELETE FROM ${table} WHERE ${column} = ? AND a = ?`, swapped), 30, table);
  }
  await connection.execute('DETACH other');
  await connection.close();
});

test('ten thousand rows are changed in well under a second', async () => {
  const connection = await engine.connect();
  await connection.execute(
    'CREATE TABLE large(a INTEGER PRIMARY KEY, b VARCHAR); INSERT INTO large SELECT i, NULL FROM range(20000) t(i)',
  );
  const rows = Array.from({ length: 10_000 }, (_, i) => [`v${i}`, i * 2]);
  const run = async (sql: string, given: Rows): Promise<number> => {
    const start = performance.now();
    assert.equal(await executeRows(connection, { sql, params: paramsOf(given), options: {} }), 10_000);
    return performance.now() - start;
  };
  const seconds = [
    await run('UPDATE large SET b = ? WHERE a = ?', rows),
    await run(
      'DELETE FROM large WHERE a = ?',
      rows.map(([, a]) => [a]),
    ),
  ];
  assert.ok(Math.max(...seconds) < 3000, `${seconds} ms`);
  assert.deepEqual(await queryRows(connection, 'SELECT count(*)::INTEGER AS n, count(b)::INTEGER AS b FROM large'), [
    { n: 10_000, b: 0 },
  ]);
  await connection.close();
});
