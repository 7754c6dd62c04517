import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArrowColumn, createBatchDecoder } from '../../src/arrow/index.ts';
import { attachEngine, openEngine } from '../../src/engine/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { query, rowsOf, withEngine } from './engine-rows.ts';

const fails = (kind: string, message: RegExp) => (error: unknown) =>
  isDuckhouseError(error) && error.kind === kind && message.test(error.message);

test('a query gives its rows, nulls and empty strings apart', () =>
  withEngine(async (engine) => {
    assert.deepEqual(
      await query(engine, "SELECT 1 a, NULL b, '' c, 'é' d UNION ALL SELECT 2, 3, 'x', NULL ORDER BY a"),
      [
        [1, null, '', 'é'],
        [2, 3, 'x', null],
      ],
    );
  }));

test('a result without rows has its schema', () =>
  withEngine(async (engine) => {
    const result = await engine.query('SELECT 1::BIGINT AS n WHERE false');
    assert.deepEqual(
      result.schema.fields.map(({ name, type }) => [name, type]),
      [['n', { id: 'int', bitWidth: 64, signed: true }]],
    );
    assert.deepEqual(await rowsOf(result), []);
  }));

test('a script runs all statements and gives the result of the last', () =>
  withEngine(async (engine) => {
    assert.deepEqual(
      await query(engine, 'CREATE TABLE t(a INT); INSERT INTO t VALUES (1), (2); SELECT sum(a) FROM t'),
      [['3']],
    );
  }));

test('statements are told apart by kind, and DML says how many rows it changed', () =>
  withEngine(async (engine) => {
    const facts = async (sql: string) => {
      const result = await engine.query(sql);
      await result.close();
      return [result.kind, result.returnsRows, result.rowsChanged];
    };
    assert.deepEqual(await facts('CREATE TABLE t(a INT)'), ['create', false, 0]);
    assert.deepEqual(await facts('INSERT INTO t SELECT * FROM range(5)'), ['insert', false, 5]);
    assert.deepEqual(await facts('UPDATE t SET a = a + 1 WHERE a > 2'), ['update', false, 2]);
    assert.deepEqual(await facts('DELETE FROM t'), ['delete', false, 5]);
    assert.deepEqual(await facts('INSERT INTO t VALUES (1) RETURNING a'), ['insert', true, undefined]);
    assert.deepEqual(await facts('SELECT 1'), ['select', true, undefined]);
    assert.deepEqual(await facts('DROP TABLE t'), ['drop', false, 0]);
  }));

test('parameters bind by name and by position, typed', () =>
  withEngine(async (engine) => {
    const params = { i: 5, big: 2n ** 100n, t: "it's", b: true, n: null, f: 1.5, blob: Uint8Array.of(1, 0, 255) };
    const rows = await query(
      engine,
      'SELECT $i, $big::HUGEINT::VARCHAR, $t, $b, $n::INT, $f, octet_length($blob::BLOB)',
      { params },
    );
    assert.deepEqual(rows, [[5n, String(2n ** 100n), "it's", true, null, 1.5, 3n]]);
    assert.deepEqual(await query(engine, 'SELECT ? + ?', { params: [1, 2] }), [[3n]]);
    await assert.rejects(query(engine, 'SELECT $missing', { params: {} }), fails('InvalidArgument', /\$missing/));
    await assert.rejects(
      query(engine, 'SELECT ?', { params: [1, 2] }),
      fails('InvalidArgument', /takes 1 parameters, 2/),
    );
  }));

test('errors carry kind, position and candidates', () =>
  withEngine(async (engine) => {
    await engine.execute('CREATE TABLE flights(carrier VARCHAR)');
    await assert.rejects(query(engine, 'SELEC 1'), fails('InvalidArgument', /syntax error/));
    await assert.rejects(query(engine, 'SELECT * FROM nope'), fails('NotFound', /nope/));
    await assert.rejects(query(engine, 'CREATE TABLE flights(a INT)'), fails('AlreadyExists', /flights/));
    await assert.rejects(query(engine, ''), fails('InvalidArgument', /no SQL statement/));
    await assert.rejects(
      query(engine, 'SELECT\n  carier FROM flights'),
      (error: unknown) =>
        isDuckhouseError(error) &&
        error.id === 'column-not-found' &&
        error.context.line === 2 &&
        (error.context.candidates as string[]).includes('carrier'),
    );
  }));

test('an aborted or timed out statement stops, and the connection works on', () =>
  withEngine(async (engine) => {
    const endless = 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3';
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    await assert.rejects(query(engine, endless, { signal: abort.signal }), fails('Cancelled', /cancel/));
    await assert.rejects(query(engine, endless, { timeoutMs: 100 }), fails('DeadlineExceeded', /100 ms/));
    const running = query(engine, endless, { queryId: 'q1' });
    running.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(
      engine.progress('q1').map(({ queryId, sql }) => [queryId, sql]),
      [['q1', endless]],
    );
    assert.equal(engine.cancel('q1'), true);
    await assert.rejects(running, fails('Cancelled', /cancel/));
    assert.equal(engine.cancel('q1'), false);
    assert.deepEqual(await query(engine, 'SELECT 42'), [[42]]);
  }));

test('progress says how far a statement is, in percent and rows', () =>
  withEngine(async (engine) => {
    await engine.execute('CREATE TABLE big AS SELECT i, md5(i::VARCHAR) AS s FROM range(1000000) t(i)');
    const abort = new AbortController();
    const all = query(engine, 'SELECT count(DISTINCT sha256(s || sha256(s))) FROM big', {
      queryId: 'q',
      progress: true,
      signal: abort.signal,
    });
    all.catch(() => undefined); // it is stopped when it has said enough
    let last = 0;
    let steps = 0;
    for (let tries = 0; tries < 3000 && steps < 3; tries++) {
      const now = engine.progress('q')[0];
      if (now !== undefined && now.percentage > last) {
        assert.ok(now.percentage <= 100 && now.totalRows > 0, JSON.stringify([now.percentage, now.totalRows]));
        last = now.percentage;
        steps++;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    abort.abort();
    await Promise.allSettled([all]);
    assert.equal(steps, 3);
  }));

test('more rows than the limit end the result', () =>
  withEngine(async (engine) => {
    await assert.rejects(
      query(engine, 'FROM range(100000)', { rowLimit: 10 }),
      fails('ResourceExhausted', /more than 10 rows/),
    );
    assert.equal((await query(engine, 'FROM range(10)', { rowLimit: 10 })).length, 10);
  }));

test('one statement after the other is the work of one thread: a second was started while the first was about to be there', () =>
  withEngine(async (engine) => {
    assert.deepEqual(await query(engine, 'SELECT 1'), [[1]]);
    assert.deepEqual(await query(engine, 'SELECT 2'), [[2]]);
    assert.equal(engine.stats().workers, 1);
    const both = await Promise.all(['SELECT 3', 'SELECT 4'].map((sql) => query(engine, sql)));
    assert.deepEqual(both, [[[3]], [[4]]]);
    assert.equal(engine.stats().workers, 2);
  }));

test('200 cursors whose readers have stopped hold no thread: a query beside them answers', () =>
  withEngine(async (engine) => {
    const open = [];
    for (let i = 0; i < 200; i++) {
      const result = await engine.query("SELECT i, repeat('x', 200) FROM range(1000000) t(i)");
      const iterator = result.batches[Symbol.asyncIterator]();
      await iterator.next();
      open.push(iterator);
    }
    assert.deepEqual(await query(engine, 'SELECT 42'), [[42]]);
    const { workers, openResults } = engine.stats();
    assert.equal(openResults, 200);
    assert.ok(workers <= 8, `${workers} workers`);
    for (const iterator of open) await iterator.return?.();
    assert.equal(engine.stats().openResults, 0);
  }));

test('a computation that takes every worker does not keep others waiting', () =>
  withEngine(async (engine) => {
    const abort = new AbortController();
    const long = Array.from({ length: 6 }, () =>
      query(engine, 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3', {
        signal: abort.signal,
      }),
    );
    for (const one of long) one.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(await query(engine, 'SELECT 42'), [[42]]);
    abort.abort();
    await Promise.allSettled(long);
  }));

test('wide rows are split into messages of 2 MiB, one row larger than that travels alone', () =>
  withEngine(async (engine) => {
    const result = await engine.query(
      "SELECT repeat('x', CASE WHEN i = 1500 THEN 5000000 ELSE 10000 END) FROM range(2000) t(i)",
    );
    let rows = 0;
    for await (const batch of result.batches) {
      assert.ok(
        batch.body.byteLength <= 2 << 20 || batch.rows === 1,
        `${batch.rows} rows in ${batch.body.byteLength} bytes`,
      );
      assert.equal(batch.body.byteOffset % 64, 0);
      rows += batch.rows;
      batch.release();
    }
    assert.equal(rows, 2000);
  }));

test('every buffer of a batch begins at a multiple of 64 bytes, by vectors and by the export, nested ones too', () =>
  withEngine(async (engine) => {
    const places = (columns: readonly ArrowColumn[]): number[] =>
      columns.flatMap((column) => [
        ...[column.validity, column.offsets, column.data, column.typeIds].flatMap((buffer) =>
          buffer === undefined || buffer.byteLength === 0 ? [] : [buffer.byteOffset],
        ),
        ...places(column.children),
      ]);
    const plain =
      "nullif(i % 7, 3) AS a, i % 2 = 0 AS b, repeat('x', i % 5) AS c, i::DECIMAL(38, 2) AS d, i::TINYINT AS e";
    const nested = `${plain}, [i, NULL] AS f, {'g': i::VARCHAR, 'h': MAP([i], ['x'])} AS g, uuid() AS h`;
    for (const columns of [plain, nested]) {
      const { schema, batches } = await engine.query(`SELECT ${columns} FROM range(101) t(i)`);
      const { decode } = createBatchDecoder(schema);
      for await (const batch of batches) {
        const found = places(decode(batch)?.columns ?? []);
        assert.ok(found.length >= 7, String(found.length));
        assert.deepEqual(
          found.filter((place) => (place - batch.body.byteOffset) % 64 !== 0),
          [],
        );
        batch.release();
      }
    }
  }));

test('a connection keeps its transaction and its temporary tables to itself', () =>
  withEngine(async (engine) => {
    const connection = await engine.connect();
    await connection.execute('BEGIN; CREATE TABLE t(a INT)');
    await connection.execute('CREATE TEMP TABLE mine(a INT)');
    await assert.rejects(query(engine, 'FROM t'), fails('NotFound', /t/));
    await connection.close();
    await assert.rejects(query(engine, 'FROM t'), fails('NotFound', /t/));
    await query(engine, 'CREATE TEMP TABLE pooled(a INT)');
    await assert.rejects(query(engine, 'FROM pooled'), fails('NotFound', /pooled/));
  }));

test('a transaction opens with its first statement, of whatever kind, and is there when that fails', () =>
  withEngine(async (engine) => {
    await query(engine, 'CREATE TABLE t(a INT)');
    const begin = true;
    const first = [
      'INSERT INTO t VALUES (1)',
      'INSERT INTO t VALUES (2)',
      'CREATE TABLE u(a INT)',
      'INSERT INTO t SELECT 3 RETURNING a',
      'SELECT 1',
      'SELECT nosuch',
      'CREATE TABLE t(b INT)',
    ];
    for (const sql of first) {
      const connection = await engine.connect();
      const failed = await connection.execute(sql, { begin }).then(
        () => false,
        () => true,
      );
      assert.equal(failed, sql.includes('nosuch') || sql.includes('b INT'), sql);
      if (!failed) await assert.rejects(connection.execute('BEGIN'), /within a transaction/, sql);
      await connection.execute('ROLLBACK');
      await connection.close();
    }
    assert.deepEqual(
      await query(engine, "SELECT count(*), (SELECT count(*) FROM duckdb_tables() WHERE table_name = 'u') FROM t"),
      [[0n, 0n]],
    );
  }));

test('a statement that fails half way leaves no transaction behind for whoever comes next', () =>
  withEngine(async (engine) => {
    await query(engine, 'CREATE TABLE t(a INT)');
    const failing = [
      'ALTER TABLE t ADD COLUMN b INT DEFAULT (SELECT nosuch)',
      "ALTER TABLE t ADD COLUMN b INT DEFAULT error('no')",
      "BEGIN; INSERT INTO t VALUES ('x')",
      'BEGIN; SELECT nosuch',
    ];
    for (const sql of failing) {
      await assert.rejects(query(engine, sql), sql);
      await assert.rejects(
        engine.prepare(sql).then((prepared) => prepared.run()),
        sql,
      );
      for (let i = 0; i < 4; i++) await query(engine, 'INSERT INTO t VALUES (1)');
    }
    assert.deepEqual(await query(engine, 'SELECT count(*) FROM t'), [[16n]]);
  }));

test('a prepared query tells its schema and parameters, runs once, and may be closed unrun', () =>
  withEngine(async (engine) => {
    const prepared = await engine.prepare('SELECT $n::INT AS n');
    assert.deepEqual([prepared.kind, prepared.parameters, prepared.schema.fields[0]?.name], ['select', ['n'], 'n']);
    assert.deepEqual(await rowsOf(await prepared.run({ params: { n: 7 } })), [[7]]);
    await assert.rejects(prepared.run(), fails('InvalidArgument', /once/));
    const unrun = await engine.prepare('CREATE TABLE never(a INT)');
    await unrun.close();
    await assert.rejects(query(engine, 'FROM never'), fails('NotFound', /never/));
    assert.equal(engine.stats().openResults, 0);
  }));

test('a missing library is named with its package', async () => {
  await assert.rejects(
    openEngine({ database: ':memory:', libraryPath: '/nowhere' }),
    fails('Unsupported', /libduckdb.* @duckdb\/node-bindings-/s),
  );
});

test('so is it when the rows came by another thread: a row that the filter leaves out was there', async () => {
  const one = await openEngine({ database: ':memory:' });
  const other = attachEngine(one.share());
  try {
    const sql = 'SELECT a FROM t WHERE a > 100';
    await one.execute('CREATE TABLE t AS SELECT range + 101 AS a FROM range(100)');
    const waiting = await one.prepare(sql);
    await (await one.prepare(sql, { keep: true })).close();
    await other.execute('INSERT INTO t VALUES (50)');
    for (const result of [await waiting.run(), await one.query(sql, { keep: true })]) {
      let rows = 0;
      for await (const batch of result.batches) {
        rows += batch.rows;
        batch.release();
      }
      assert.equal(rows, 100);
    }
  } finally {
    await other.close();
    await one.close();
  }
});

test('what was prepared before rows came is planned again, and what is run twice sees them', () =>
  withEngine(async (engine) => {
    await engine.execute('CREATE TABLE t AS SELECT i::INTEGER AS i, 0 AS n FROM range(10) t(i)');
    const waiting = await engine.prepare('SELECT i FROM t WHERE i > 50');
    const change = await engine.prepare('UPDATE t SET n = 1 WHERE i > 50');
    assert.deepEqual(await query(engine, 'SELECT i FROM t WHERE i > 60', { keep: true }), []);
    const aside = 'SELECT i FROM t WHERE i > 70';
    const looked = await engine.prepare(aside, { keep: true });
    await looked.close();
    await engine.execute('INSERT INTO t VALUES (100, 0)');
    assert.deepEqual(await rowsOf(await waiting.run()), [[100]]);
    assert.deepEqual(await query(engine, aside), [[100]], 'the plan that was put aside is too old');
    for (let i = 0; i < 3; i++) {
      await (await engine.prepare(aside, { keep: true })).close();
      assert.deepEqual(await query(engine, aside), [[100]], 'one that is not runs once');
    }
    assert.equal((await change.run()).rowsChanged, 1);
    await change.close();
    assert.deepEqual(await query(engine, 'SELECT i FROM t WHERE i > 60', { keep: true }), [[100]]);
    for (let i = 0; i < 3; i++) {
      await engine.execute('DELETE FROM t WHERE i > 200 AND n = $n', { params: { n: 0 } });
      assert.deepEqual(await query(engine, 'SELECT count(*)::INTEGER FROM t WHERE i > $i', { params: { i: 200 } }), [
        [0],
      ]);
    }
    await engine.execute('INSERT INTO t VALUES (300, 0)');
    assert.deepEqual(await query(engine, 'SELECT count(*)::INTEGER FROM t WHERE i > $i', { params: { i: 200 } }), [
      [1],
    ]);
    assert.equal(await engine.execute('DELETE FROM t WHERE i > 200 AND n = $n', { params: { n: 0 } }), 1);
  }));

test('a LIMIT reads its rows and no others: DuckDB used to look for their ids first', () =>
  withEngine(async (engine) => {
    await engine.query('CREATE TABLE t AS SELECT range AS a, range::VARCHAR AS b FROM range(300000)');
    const plan = (sql: string) => query(engine, `EXPLAIN ${sql}`).then((rows) => JSON.stringify(rows));
    assert.doesNotMatch(await plan('SELECT * FROM t LIMIT 1000'), /JOIN/);
    assert.match(await plan('SELECT * FROM t LIMIT 1000 OFFSET 200000'), /JOIN/, 'the rows before are not read');
    const rows = await query(engine, 'SELECT * FROM t LIMIT 1000');
    assert.deepEqual([rows.length, rows[0], rows[999]], [1000, [0n, '0'], [999n, '999']]);
  }));
