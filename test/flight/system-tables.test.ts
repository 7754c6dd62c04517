import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectFlightSql } from '../../src/flight/index.ts';
import { packAny } from '../../src/flight/proto/sql-messages.ts';
import { concat, messageField } from '../../src/flight/proto/wire.ts';
import { openSystemTables } from '../../src/lakehouse/index.ts';
import { definedOver, systemReaders } from '../../src/lakehouse/system-readers.ts';
import { endlessSql, eventually, failsWith, type RunningServer, rowsOf, runServer } from './running-server.ts';

let running: RunningServer;

before(async () => {
  running = await runServer({ client: { retries: 0 } });
  await openSystemTables(running.lakehouse.engine, {
    sessions: () => running.server.sessions,
    settings: () => [{ name: 'host', value: '127.0.0.1', origin: 'default' }],
  });
});
after(() => running.close());

const rows = async (sql: string): Promise<unknown[][]> => rowsOf(await running.client.query(sql));

test('a statement that runs is seen, with its SQL, and the ones that ended with their outcome', async () => {
  const controller = new AbortController();
  const endless = running.client.query(endlessSql, { signal: controller.signal }).then(rowsOf);
  await eventually('the statement runs', () => running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  const [[user, state, seconds] = []] = await rows(
    `SELECT user_name, state, seconds FROM duckhouse_system.queries WHERE sql = '${endlessSql}'`,
  );
  assert.deepEqual([user, state], ['anonymous', 'running']);
  assert.ok((seconds as number) >= 0);
  controller.abort();
  await assert.rejects(endless);
  await eventually('it has stopped', () => !running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  await assert.rejects(rows('SELECT nosuch'));
  await rows('SELECT 4711');
  const ended = await rows(
    `SELECT state, error, ended_at >= started_at FROM DuckHouse_System.main.queries WHERE sql IN ('SELECT nosuch', 'SELECT 4711', '${endlessSql}') ORDER BY sql`,
  );
  assert.deepEqual(
    ended.map(([state]) => state),
    ['finished', 'cancelled', 'failed'],
  );
  assert.match(String(ended[2]?.[1]), /nosuch/);
  assert.deepEqual(
    ended.map((row) => row[2]),
    [true, true, true],
  );
});

test('sessions are seen with what their clients have set and hold', async () => {
  const other = running.connect();
  const [[id] = []] = await rowsOf(await other.query('SELECT 1')).then(() =>
    rows('SELECT max_by(session_id, created_at) FROM duckhouse_system.sessions'),
  );
  await other.query("SET TimeZone = 'Europe/Paris'").then(rowsOf);
  await other.query('BEGIN').then(rowsOf);
  assert.deepEqual(
    await rows(
      `SELECT user_name, role, via, peer, schema_name, transactions, last_used_at >= created_at, settings::VARCHAR LIKE '%Europe/Paris%' FROM duckhouse_system.sessions WHERE session_id = '${id}'`,
    ),
    [['anonymous', 'admin', 'open', '127.0.0.1', 'main', 1n, true, true]],
  );
  assert.deepEqual(await rows(`SELECT count(*) > 0 FROM duckhouse_system.queries WHERE session_id = '${id}'`), [
    [true],
  ]);
  const endless = other.query(endlessSql).then(rowsOf);
  await eventually('the statement runs', () => running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  await Promise.all([assert.rejects(endless), running.client.doAction('kill_session', { sessionId: id })]);
  assert.deepEqual(await rows(`SELECT count(*) FROM duckhouse_system.sessions WHERE session_id = '${id}'`), [[0n]]);
  await assert.rejects(
    running.client.doAction('kill_session', { sessionId: id }),
    failsWith('NotFound', /there is no session/),
  );
});

const waitingSql = `SELECT sql, queue_position, user_name, session_id IS NOT NULL, started_at, query_id
  FROM duckhouse_system.queries WHERE state = 'waiting' ORDER BY sql`;

test('statements that wait for others are seen with their place, and can be ended', async () => {
  const narrow = await runServer({ sessions: { maxRunning: 1 }, client: { retries: 0 } });
  try {
    await openSystemTables(narrow.lakehouse.engine, { sessions: () => narrow.server.sessions, settings: () => [] });
    const told = (answer: Promise<unknown>): Promise<unknown> => {
      answer.catch(() => undefined); // awaited below
      return answer;
    };
    const busy = told(narrow.client.query(endlessSql).then(rowsOf));
    const runs = (): boolean => narrow.lakehouse.progress().some(({ sql }) => sql === endlessSql);
    await eventually('the statement runs', runs);
    const [first, second, third] = [1, 2, 3].map((n) => told(narrow.connect().query(`SELECT ${n}`).then(rowsOf)));
    await eventually('three wait', () => narrow.server.sessions.waiting().length === 3);
    const seen = await narrow.rows(waitingSql);
    const seenAs = (sql: string) => seen.find((row) => row.sql === sql) as (typeof seen)[number];
    assert.deepEqual(new Set(seen.map((row) => row.queue_position)), new Set([1n, 2n, 3n]));
    assert.deepEqual(new Set(seen.map((row) => row.user_name)), new Set(['anonymous']));
    assert.ok(seen.every((row) => row.started_at === null && row['(session_id IS NOT NULL)'] === true));

    await narrow.client.doAction('kill_query', { queryId: seenAs('SELECT 2').query_id });
    await assert.rejects(second as Promise<unknown>, failsWith('Cancelled', /was cancelled/));
    const session = narrow.server.sessions.waiting().find(({ sql }) => sql === 'SELECT 3')?.owner?.session ?? '';
    assert.equal(narrow.server.sessions.list().find(({ id }) => id === session)?.waiting, 1);
    await narrow.client.doAction('kill_session', { sessionId: session });
    await assert.rejects(third as Promise<unknown>, failsWith('Cancelled', /was cancelled/));
    assert.deepEqual(
      (await narrow.rows(waitingSql)).map((row) => [row.sql, row.queue_position]),
      [['SELECT 1', 1n]],
    );
    await narrow.client.doAction('kill_query', { queryId: narrow.lakehouse.progress()[0]?.queryId });
    await assert.rejects(busy);
    assert.deepEqual(await first, [[1]]);
  } finally {
    await narrow.close();
  }
});

test('so are those that wait for the connection of their session', async () => {
  const client = running.connect();
  await client.query('BEGIN').then(rowsOf);
  const busy = client.query(endlessSql).then(rowsOf);
  await eventually('the statement runs', () => running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  const behind = client.query("SELECT 'behind'").then(rowsOf);
  for (const answer of [busy, behind]) answer.catch(() => undefined); // awaited below
  await eventually('one waits', () => running.server.sessions.waiting().length === 1);
  assert.deepEqual(
    (await rows(waitingSql)).map((row) => row.slice(0, 4)),
    [["SELECT 'behind'", 1n, 'anonymous', true]],
  );
  const [{ queryId } = { queryId: '' }] = running.server.sessions.waiting();
  await running.client.doAction('cancel', { queryId });
  await assert.rejects(behind, failsWith('Cancelled', /was cancelled/));
  const [{ queryId: endless } = { queryId: '' }] = running.lakehouse.progress().filter(({ sql }) => sql === endlessSql);
  await running.client.doAction('cancel', { queryId: endless });
  await assert.rejects(busy);
  await client.query('ROLLBACK').then(rowsOf);
  assert.deepEqual(await client.query('SELECT 1').then(rowsOf), [[1]]);
});

test('settings are rows, of the server and of DuckDB', async () => {
  assert.deepEqual(
    await rows(
      "SELECT name, value, scope, origin FROM duckhouse_system.settings WHERE name IN ('host', 'access_mode') ORDER BY ALL",
    ),
    [
      ['access_mode', 'automatic', 'duckdb global', null],
      ['host', '127.0.0.1', 'server', 'default'],
    ],
  );
});

test('many may ask at once, inside transactions and while others write', async () => {
  const ask = async (i: number): Promise<void> => {
    await rows(
      i % 4 === 0 ? `CREATE OR REPLACE TABLE t${i} AS SELECT 1` : 'SELECT count(*) FROM duckhouse_system.queries',
    );
  };
  await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i)));
  const [[count] = []] = await rows("SELECT count(*) FROM duckhouse_system.queries WHERE state = 'finished'");
  assert.ok((count as bigint) >= 60n);
});

test('the tables are no tables of the user, and are described all the same', async () => {
  const names = (await running.lakehouse.listTables()).map(({ name }) => name);
  assert.ok(!names.includes('queries'));
  const [[comment] = []] = await rows(
    "SELECT comment FROM duckdb_tables() WHERE database_name = 'duckhouse_system' AND table_name = 'sessions'",
  );
  assert.equal(comment, 'Sessions of clients');
});

test('tools that list everything do not show them, whoever names them sees them', async () => {
  const client = connectFlightSql({ uri: `grpc://127.0.0.1:${running.port}` });
  try {
    const listed = async (name: string, ...fields: readonly Uint8Array[]): Promise<unknown[][]> =>
      rowsOf(await client.flight.doGet(packAny({ name, value: concat(fields) })));
    const text = (field: number, value: string): Uint8Array => messageField(field, Buffer.from(value));
    const catalogs = (found: unknown[][]): boolean => found.some(([catalog]) => catalog === 'duckhouse_system');
    assert.equal(catalogs(await listed('CommandGetCatalogs')), false);
    assert.equal(catalogs(await listed('CommandGetDbSchemas')), false);
    assert.equal(catalogs(await listed('CommandGetTables')), false);
    assert.equal(catalogs(await listed('CommandGetTables', text(4, 'TABLE'))), false);
    const expected = ['queries', 'sessions', 'settings'].map((name) => [
      'duckhouse_system',
      'main',
      name,
      'SYSTEM TABLE',
    ]);
    assert.deepEqual(await listed('CommandGetTables', text(1, 'duckhouse_system')), expected);
    assert.deepEqual(await listed('CommandGetTables', text(4, 'SYSTEM TABLE')), expected);
    assert.deepEqual(await listed('CommandGetDbSchemas', text(1, 'duckhouse_system')), [['duckhouse_system', 'main']]);
  } finally {
    await client.close();
  }
});

test('views and macros over them show what is so when they are asked', async () => {
  const { lakehouse } = running;
  await lakehouse.engine.execute('CREATE VIEW earlier AS SELECT sql FROM duckhouse_system.queries');
  const { reads: reader } = systemReaders(await definedOver(await lakehouse.engine.connect()));
  assert.deepEqual(
    ['FROM earlier', 'FROM "Earlier"', 'FROM earlier_than', 'CREATE VIEW on_it AS FROM earlier', 'FROM on_it'].map(
      (sql) => reader(sql, 'memory'),
    ),
    [true, true, false, true, true],
  );
  assert.deepEqual([reader('FROM queries', 'memory'), reader('FROM queries', 'duckhouse_system')], [false, true]);

  await rows('CREATE VIEW asked AS SELECT sql FROM duckhouse_system.queries');
  await rows('CREATE VIEW "asked again" AS SELECT sql FROM asked');
  await rows('CREATE MACRO asked_for(s) AS TABLE SELECT sql FROM asked WHERE sql = s');
  await rows('ALTER VIEW "asked again" RENAME TO asked_twice');
  const marked = async (mark: string, from: string): Promise<number> => {
    await rows(`SELECT ${mark}`);
    return (await rows(from.replace('?', `'SELECT ${mark}'`))).length;
  };
  assert.equal(await marked('1001', 'SELECT 1 FROM asked WHERE sql = ?'), 1);
  assert.equal(await marked('1002', 'SELECT 1 FROM asked_twice WHERE sql = ?'), 1);
  assert.equal(await marked('1003', 'SELECT 1 FROM asked_for(?)'), 1);

  // What is put together only when it runs.
  const hidden = "query('SELECT sql FROM duckhouse_' || 'system.queries')";
  assert.equal(await marked('1005', `SELECT 1 FROM ${hidden} WHERE sql = ?`), 1);
  await rows(`CREATE VIEW asked_hidden AS FROM ${hidden}`);
  assert.equal(await marked('1006', 'SELECT 1 FROM asked_hidden WHERE sql = ?'), 1);
  const prepared = running.connect();
  await rowsOf(await prepared.query('PREPARE asked_before AS SELECT 1 FROM asked WHERE sql = $1'));
  await rows('SELECT 1007');
  assert.deepEqual(await rowsOf(await prepared.query("EXECUTE asked_before('SELECT 1007')")), [[1]]);

  const inside = running.connect();
  await rowsOf(await inside.query('USE duckhouse_system'));
  await rows('SELECT 1004');
  assert.deepEqual(await rowsOf(await inside.query("SELECT 1 FROM queries WHERE sql = 'SELECT 1004'")), [[1]]);
});

test('many rows of parameters are one statement in the list, as it was given, however they went in', async () => {
  const client = connectFlightSql({ uri: `grpc://127.0.0.1:${running.port}` });
  await rows('CREATE TABLE rows_of(a INTEGER PRIMARY KEY, b VARCHAR)');
  const many = async (sql: string, values: readonly (readonly unknown[])[]): Promise<void> => {
    const statement = await client.prepare(sql);
    await statement.executeMany(values).finally(() => statement.close());
  };
  const numbers = [1, 2, 3, 4].map((i) => [i, `b${i}`]);
  await many('INSERT INTO rows_of VALUES (?, ?)', numbers);
  await assert.rejects(many('INSERT INTO rows_of VALUES (?, ?)', numbers));
  await many('UPDATE rows_of SET b = ? WHERE a = ?', [
    ['x', 1],
    ['y', 2],
  ]);
  await many('DELETE FROM rows_of WHERE a = ?', [[1], [2]]);
  await many('INSERT INTO rows_of SELECT ?, (SELECT upper(?))', [
    [7, 'z'],
    [8, 'z'],
  ]);
  assert.deepEqual(
    await rows(
      "SELECT sql, state, user_name, error LIKE '%uplicate key%' FROM duckhouse_system.queries WHERE sql LIKE '%rows_of %(?%' OR sql LIKE '%rows_of %= ?%' ORDER BY started_at",
    ),
    [
      ['INSERT INTO rows_of VALUES (?, ?)', 'finished', 'anonymous', null],
      ['INSERT INTO rows_of VALUES (?, ?)', 'failed', 'anonymous', true],
      ['UPDATE rows_of SET b = ? WHERE a = ?', 'finished', 'anonymous', null],
      ['DELETE FROM rows_of WHERE a = ?', 'finished', 'anonymous', null],
      ['INSERT INTO rows_of SELECT ?, (SELECT upper(?))', 'finished', 'anonymous', null],
    ],
  );
  await client.close();
});

test('one that an administrator drops is there again', async () => {
  await rows('DROP TABLE duckhouse_system.queries');
  assert.notDeepEqual(await rows('FROM duckhouse_system.queries'), []);
});

test('an administrator stops a statement of somebody else', async () => {
  const endless = running.client.query(endlessSql).then(rowsOf);
  await eventually('the statement runs', () => running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  const [[queryId] = []] = await rows(
    "SELECT query_id FROM duckhouse_system.queries WHERE state = 'running' AND sql LIKE '%10000000%' AND sql NOT LIKE '%query_id%'",
  );
  await Promise.all([
    assert.rejects(endless, failsWith('Cancelled', /cancelled/)),
    running.client.doAction('kill_query', { queryId }),
  ]);
  await assert.rejects(running.client.doAction('kill_query', { queryId: 'nobody' }), failsWith('NotFound', /nobody/));
});
