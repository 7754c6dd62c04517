import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataClock, newClock } from '../../src/engine/data-clock.ts';
import type { Engine } from '../../src/engine/index.ts';
import { query, rowsOf, withEngine } from './engine-rows.ts';
import { readBesideWrites } from './plan-window.ts';

test('a row that the filter leaves out is in no result when it comes while the plan is made', async () => {
  const { query: queries, waiting, change } = await readBesideWrites(200);
  assert.deepEqual({ queries, waiting, change }, { queries: 0, waiting: 0, change: 0 });
});

/** Somebody writes all the time: every plan is made in the transaction that it runs in. */
const besideWriter = (work: (engine: Engine) => Promise<void>): Promise<void> =>
  withEngine(async (engine) => {
    await engine.execute('CREATE TABLE t AS SELECT range AS a, range % 3 AS b FROM range(300000)');
    createDataClock(engine.share().clock).begin();
    await work(engine);
  });

test('statements do what they do alone while somebody writes', () =>
  besideWriter(async (engine) => {
    assert.deepEqual(await query(engine, 'SELECT count(*) FROM t WHERE a >= 0'), [[300000n]]);
    assert.deepEqual(await query(engine, 'DELETE FROM t WHERE a < 2 RETURNING a'), [[0n], [1n]]);
    assert.deepEqual(await query(engine, 'CREATE TABLE u AS SELECT 1 AS x; INSERT INTO u SELECT 2; FROM u'), [
      [1],
      [2],
    ]);
    assert.deepEqual(await query(engine, 'PIVOT t ON b USING count(*)').then(([row]) => row?.length), 4);
    assert.deepEqual(await (await engine.prepare('UPDATE u SET x = 9 WHERE x = 2')).run().then(rowsChanged), 1);
    await assert.rejects(query(engine, "SELECT error('no') FROM t"), /no/);
    await assert.rejects(query(engine, 'SELECT missing FROM t'), /missing/);
    await engine.execute('CREATE SEQUENCE s');
    assert.deepEqual(await query(engine, "SELECT nextval('s') FROM u"), [[1n], [2n]]);
    assert.deepEqual(await query(engine, "SELECT nextval('s'), x FROM u ORDER BY x"), [
      [3n, 1],
      [4n, 9],
    ]);
  }));

const rowsChanged = ({ rowsChanged: rows }: { readonly rowsChanged: number | undefined }): number | undefined => rows;

test('a result that is not read to its end leaves no transaction behind', () =>
  besideWriter(async (engine) => {
    const connection = await engine.connect();
    const result = await connection.query('SELECT * FROM t WHERE a >= 0');
    for await (const batch of result.batches) {
      batch.release();
      break;
    }
    await result.close();
    await connection.execute('BEGIN');
    await connection.execute('ROLLBACK');
    await connection.close();
  }));

test('a statement that is interrupted leaves no transaction behind', () =>
  besideWriter(async (engine) => {
    const connection = await engine.connect();
    const long = 'SELECT sum(x.a * y.a) FROM t x, t y WHERE x.a <> y.b';
    await assert.rejects(connection.query(long, { timeoutMs: 200 }), /longer than/);
    await connection.execute('BEGIN');
    await connection.execute('ROLLBACK');
    await connection.close();
  }));

test('the transaction of a session goes on', () =>
  besideWriter(async (engine) => {
    const connection = await engine.connect();
    await connection.execute('BEGIN');
    await connection.execute('INSERT INTO t VALUES (-1, 0)');
    assert.deepEqual(await query(connection, 'SELECT a FROM t WHERE a < 0'), [[-1n]]);
    assert.equal((await (await connection.prepare('UPDATE t SET b = 7 WHERE a < 0')).run()).rowsChanged, 1);
    assert.deepEqual(await query(engine, 'SELECT a FROM t WHERE a < 0'), []);
    await connection.execute('ROLLBACK');
    assert.deepEqual(await query(connection, 'SELECT a FROM t WHERE a < 0'), []);
    await connection.close();
  }));

test('the writes of a thread that was ended are over', () => {
  const memory = newClock();
  const own = new Int32Array(1);
  const clock = createDataClock(memory);
  const before = clock.now();
  createDataClock(memory, own).begin();
  assert.ok(Number.isNaN(clock.now()));
  clock.endAll(own);
  assert.ok(clock.isStill(clock.now()));
  assert.ok(!clock.isStill(before));
});

test('what is changed by a prepared statement is seen by waiting ones of other connections', () =>
  withEngine(async (engine) => {
    await engine.execute('CREATE TABLE t AS SELECT range + 101 AS a FROM range(10)');
    const waiting = await engine.prepare('SELECT a FROM t WHERE a > 100');
    await (await engine.prepare('INSERT INTO t SELECT 50')).run();
    assert.equal((await rowsOf(await waiting.run())).length, 10);
  }));
