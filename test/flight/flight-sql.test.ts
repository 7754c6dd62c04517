import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { decapsulate, decodeSchema } from '../../src/arrow/index.ts';
import type { DuckhouseError } from '../../src/errors.ts';
import {
  commandDescriptor,
  connectFlightSql,
  type FlightEndpoint,
  type FlightSqlClient,
  type FlightStream,
  packAny,
  type SqlMessage,
  unpackAny,
} from '../../src/flight/index.ts';
import { decodeCreatedStatement, encodeHandle, encodeStatement } from '../../src/flight/proto/sql-messages.ts';
import { paramsOf } from '../../src/flight/sql-params.ts';
import { endlessSql, eventually, failsWith, type RunningServer, rowsOf, runServer } from './running-server.ts';

let running: RunningServer;
const open: FlightSqlClient[] = [];
const connect = (server = running): FlightSqlClient => {
  const client = connectFlightSql({ uri: `grpc://127.0.0.1:${server.port}` });
  open.push(client);
  return client;
};
const rows = async (stream: Promise<FlightStream>): Promise<unknown[][]> => rowsOf(await stream);

before(async () => {
  running = await runServer();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});
after(() => running.close());

test('parameters are bound with their values, prepared or not', async () => {
  const client = connect();
  const values = [1, 2n ** 60n, 'it is', true, null, 2.5, Uint8Array.of(1, 2)] as const;
  const sql = 'SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f, ? AS g';
  const expected = [[1n, 2n ** 60n, 'it is', true, null, 2.5, Uint8Array.of(1, 2)]];
  assert.deepEqual(await rows(client.query(sql, { params: values })), expected);
  assert.deepEqual(
    await rows(client.query(sql, { params: values })),
    expected,
    'in one call, now that the server is known',
  );
  const statement = await client.prepare(sql);
  assert.equal(statement.parameters.fields.length, 7);
  assert.ok(statement.parameters.fields.every(({ nullable }) => nullable));
  for (const _ of [1, 2]) assert.deepEqual(await rows(statement.query(values)), expected);
  await statement.close();
  await assert.rejects(statement.query(values), failsWith('NotFound', /no prepared statement/));
});

test('a prepared statement that ended with its session can be closed: the error of it hid why the session ended', async () => {
  const client = connect();
  await client.execute('CREATE TEMP TABLE held AS SELECT 1 AS a');
  const statement = await client.prepare('SELECT * FROM held');
  for (const { id } of running.server.sessions.list()) await running.server.sessions.kill(id);
  await statement.close();
  await assert.rejects(statement.query(), failsWith('NotFound', /no prepared statement/));
});

test('a prepared statement tells its kind, its columns and the types and names of its parameters', async () => {
  const client = connect();
  await client.execute('CREATE TABLE told(a INTEGER, b VARCHAR)');
  const describe = async (sql: string) => {
    const { isUpdate, schema, parameters, close } = await client.prepare(sql);
    await close();
    const typed = parameters.fields.map(({ name, type }) => `${name} ${type.id}`);
    return [isUpdate, schema.fields.map(({ name }) => name), typed];
  };
  assert.deepEqual(await describe('INSERT INTO told VALUES (?, ?)'), [true, [], ['1 int', '2 utf8']]);
  assert.deepEqual(await describe('INSERT INTO told VALUES (1, ?) RETURNING a'), [false, ['a'], ['1 utf8']]);
  assert.deepEqual(await describe('CREATE TABLE told_later(a INTEGER)'), [true, [], []]);
  assert.deepEqual(await describe('SELECT b FROM told WHERE a = $key'), [false, ['b'], ['key int']]);
  assert.deepEqual(await describe('SELECT ? AS x'), [false, ['unknown'], ['1 utf8']], 'DuckDB does not say more');
  assert.deepEqual(await running.rows('SELECT count(*)::INTEGER AS n FROM told'), [{ n: 0 }], 'nothing ran');
  await assert.rejects(describe('SELECT nosuch FROM told'), failsWith('InvalidArgument', /nosuch/));
});

test('the columns told before a bound statement has answered are those it answers with', async () => {
  const client = connect();
  await client.execute(
    "CREATE TABLE bound(a INTEGER, b BIGINT, f DOUBLE, s VARCHAR, d DECIMAL(9, 2)); INSERT INTO bound VALUES (1, 2, 3.5, 'x', 4)",
  );
  const values: readonly unknown[] = [1, 'x', 2.5, null, true];
  for (const sql of [
    'SELECT * FROM bound WHERE b < ?',
    'SELECT coalesce(?, 1) AS x',
    'SELECT coalesce(b, ?) AS x FROM bound',
    'SELECT [1::BIGINT, ?] AS x',
    'SELECT {x: ?} AS x',
    'SELECT f / ? AS x FROM bound',
    'SELECT a + ? AS x FROM bound',
    'SELECT upper(?) AS x',
    'SELECT greatest(d, ?) AS x FROM bound',
    'SELECT CASE WHEN a > 1 THEN ? ELSE b END AS x FROM bound',
    'SELECT nullif(?, 3) AS x',
    'SELECT lag(b, 1, ?) OVER () AS x FROM bound',
    'SELECT b FROM bound LIMIT ?',
  ]) {
    const request = packAny({ name: 'ActionCreatePreparedStatementRequest', value: encodeStatement(sql, undefined) });
    const [created] = await client.flight.doAction('CreatePreparedStatement', request);
    const { handle } = decodeCreatedStatement((unpackAny(created as Uint8Array) as SqlMessage).value);
    const descriptor = commandDescriptor(
      packAny({ name: 'CommandPreparedStatementQuery', value: encodeHandle(handle) }),
    );
    for (const value of values) {
      const params = paramsOf([[value]]);
      const batches = (async function* () {
        yield* params.messages;
      })();
      await client.flight.doPut(descriptor, { schema: decodeSchema(params.schema), batches });
      const answer = await client.flight
        .getFlightInfo(descriptor)
        .then(
          async (info) => {
            const { schema, messages } = await client.flight.doGet((info.endpoints[0] as FlightEndpoint).ticket);
            for await (const message of messages) message.release();
            return [decodeSchema(decapsulate(info.schema as Uint8Array)), schema] as const;
          },
          () => undefined,
        )
        .catch(() => undefined); // of a type the statement cannot take
      if (answer !== undefined) assert.deepEqual(answer[0], answer[1], `${sql} with ${value}`);
    }
  }
});

test('a query bound to several rows answers for each, in the columns of the first', async () => {
  const client = connect();
  const answer = async (sql: string, bound: readonly (readonly unknown[])[]): Promise<unknown[]> => {
    const request = packAny({ name: 'ActionCreatePreparedStatementRequest', value: encodeStatement(sql, undefined) });
    const [created] = await client.flight.doAction('CreatePreparedStatement', request);
    const { handle } = decodeCreatedStatement((unpackAny(created as Uint8Array) as SqlMessage).value);
    const descriptor = commandDescriptor(
      packAny({ name: 'CommandPreparedStatementQuery', value: encodeHandle(handle) }),
    );
    const params = paramsOf(bound);
    const batches = (async function* () {
      yield* params.messages;
    })();
    await client.flight.doPut(descriptor, { schema: decodeSchema(params.schema), batches });
    const info = await client.flight.getFlightInfo(descriptor);
    return rows(Promise.resolve(await client.flight.doGet((info.endpoints[0] as FlightEndpoint).ticket)));
  };
  assert.deepEqual(await answer('SELECT ? AS x', [[null], ['a'], [null]]), [[null], ['a'], [null]]);
  assert.deepEqual(
    await answer('SELECT ? AS x, ? AS y', [
      [1.5, null],
      [null, true],
    ]),
    [
      [1.5, null],
      [null, true],
    ],
  );
  await client.execute("CREATE TABLE numbers AS SELECT 1 AS n; CREATE TABLE letters AS SELECT 'a' AS n");
  await assert.rejects(
    answer('SELECT * FROM query_table(?)', [['numbers'], ['letters']]),
    failsWith('InvalidArgument', /column "n" has another type for row 2/),
  );
});

test('a wrong number of parameters is told, and nothing runs', async () => {
  const client = connect();
  await client.execute('CREATE TABLE counted(a INTEGER)');
  const statement = await client.prepare('INSERT INTO counted VALUES (?)');
  await assert.rejects(statement.execute([1, 2]), failsWith('InvalidArgument', /takes 1 parameters, 2/));
  await assert.rejects(statement.execute(), failsWith('InvalidArgument', /1 parameters, 0/));
  assert.equal(await statement.execute([1]), 1);
  assert.deepEqual(await running.rows('SELECT a FROM counted'), [{ a: 1 }]);
});

test('many rows are one change: of a row that fails nothing is left', async () => {
  const client = connect();
  await client.execute('CREATE TABLE many(a INTEGER PRIMARY KEY, b VARCHAR)');
  const insert = await client.prepare('INSERT INTO many VALUES (?, upper(?))');
  assert.equal(await insert.executeMany(Array.from({ length: 5000 }, (_, i) => [i, `v${i}`])), 5000);
  await assert.rejects(
    insert.executeMany([
      [9000, 'x'],
      [9001, 'y'],
      [7, 'z'],
    ]),
    failsWith('AlreadyExists', /7/),
  );
  const update = await client.prepare('UPDATE many SET b = $b WHERE a = $a');
  assert.equal(
    await update.executeMany([
      ['one', 1],
      ['two', 2],
    ]),
    2,
  );
  await assert.rejects(
    (await client.prepare('UPDATE many SET b = ? WHERE a = ?::INTEGER')).executeMany([
      ['lost', '3'],
      ['lost', 'x'],
    ]),
    failsWith('InvalidArgument', /x/),
  );
  assert.deepEqual(
    await running.rows(
      "SELECT count(*)::INTEGER AS n, max(b) FILTER (a < 3) AS m, count(*) FILTER (b = 'lost')::INTEGER AS l FROM many",
    ),
    [{ n: 5000, m: 'two', l: 0 }],
  );
});

test('a transaction is seen by itself until it commits, and by nobody when it rolls back', async () => {
  const [one, other] = [connect(), connect()];
  await one.execute('CREATE TABLE seen(a INTEGER)');
  const transaction = await one.begin();
  await transaction.execute('INSERT INTO seen VALUES (1)');
  const count = 'SELECT count(*) FROM seen';
  assert.deepEqual(await rows(transaction.query(count)), [[1n]]);
  assert.deepEqual(await rows(one.query(count)), [[0n]], 'outside of it, in the same session');
  assert.deepEqual(await rows(other.query(count)), [[0n]]);
  await transaction.commit();
  assert.deepEqual(await rows(other.query(count)), [[1n]]);
  const second = await one.begin();
  await second.execute('DELETE FROM seen');
  await second.rollback();
  assert.deepEqual(await rows(other.query(count)), [[1n]]);
  await assert.rejects(second.commit(), failsWith('NotFound', /has ended/));
  await assert.rejects(second.query(count), failsWith('NotFound', /has ended/));
});

test('transactions of one session have connections of their own', async () => {
  const client = connect();
  await client.execute('CREATE TABLE apart(a INTEGER)');
  const [first, second] = [await client.begin(), await client.begin()];
  await first.execute('INSERT INTO apart VALUES (1)');
  assert.deepEqual(await rows(second.query('SELECT * FROM apart')), []);
  await Promise.all([first.commit(), second.rollback()]);
  assert.equal(running.server.sessions.list().at(-1)?.transactions, 0);
});

test('of two transactions that change the same row one is told of the conflict, and may be run again', async () => {
  const clients = Array.from({ length: 8 }, () => connect());
  await clients[0]?.execute('CREATE TABLE counter(n INTEGER)');
  await clients[0]?.execute('INSERT INTO counter VALUES (0)');
  let conflicts = 0;
  const add = async (client: FlightSqlClient): Promise<void> => {
    for (;;) {
      const transaction = await client.begin();
      try {
        await transaction.execute('UPDATE counter SET n = n + 1');
        return await transaction.commit();
      } catch (error) {
        failsWith('CommitConflict', /conflict/i)(error);
        assert.match(String((error as DuckhouseError).hint), /run .* again/);
        conflicts++;
        await transaction.rollback().catch(() => undefined); // a failed commit has ended it
      }
    }
  };
  for (let round = 0; round < 2; round++) await Promise.all(clients.map(add));
  assert.deepEqual(await running.rows('SELECT n FROM counter'), [{ n: 16 }]);
  assert.ok(conflicts > 0);
  assert.equal(
    running.server.sessions.list().reduce((sum, { transactions }) => sum + transactions, 0),
    0,
  );
});

test('the commit of a transaction in which a statement failed is refused', async () => {
  const client = connect();
  await client.execute('CREATE TABLE strict(a INTEGER PRIMARY KEY)');
  const transaction = await client.begin();
  await transaction.execute('INSERT INTO strict VALUES (1)');
  await assert.rejects(transaction.execute('INSERT INTO strict VALUES (1)'), failsWith('AlreadyExists', /1/));
  await assert.rejects(transaction.commit(), failsWith('CommitConflict', /rolled back/));
  assert.deepEqual(await running.rows('SELECT * FROM strict'), []);
  const harmless = await client.begin();
  await assert.rejects(harmless.query('SELECT nosuch'), failsWith('InvalidArgument', /nosuch/));
  await harmless.execute('INSERT INTO strict VALUES (2)');
  await harmless.commit();
  assert.deepEqual(await running.rows('SELECT * FROM strict'), [{ a: 2 }], 'a statement that never ran aborts nothing');
});

test('BEGIN, COMMIT and ROLLBACK as SQL, in a session and inside a transaction that has an id', async () => {
  const client = connect();
  await client.execute('CREATE TABLE words(a INTEGER)');
  await client.execute('BEGIN');
  await client.execute('INSERT INTO words VALUES (1)');
  assert.deepEqual(await running.rows('SELECT * FROM words'), []);
  await client.execute('ROLLBACK');
  const transaction = await client.begin();
  for (const sql of ['BEGIN', 'INSERT INTO words VALUES (2)', 'COMMIT', 'INSERT INTO words VALUES (3)', 'ROLLBACK;'])
    await transaction.execute(sql);
  await transaction.execute('INSERT INTO words VALUES (4)');
  await transaction.commit();
  assert.deepEqual(await running.rows('SELECT * FROM words ORDER BY a'), [{ a: 2 }, { a: 4 }]);
});

test('a transaction in which nothing runs is rolled back, and says so', async () => {
  const brief = await runServer({ sessions: { transactionIdleMs: 150 } });
  try {
    const client = connect(brief);
    const transaction = await client.begin();
    await transaction.execute('CREATE TABLE late(a INTEGER)');
    await eventually('it ends', () => brief.server.sessions.list()[0]?.transactions === 0);
    await assert.rejects(transaction.commit(), failsWith('NotFound', /rolled back because nothing ran/));
    assert.deepEqual(await rows(client.query("SELECT 1 FROM duckdb_tables() WHERE table_name = 'late'")), []);
    await client.close();
  } finally {
    await brief.close();
  }
});

const long = 'SELECT range AS i, repeat(range::VARCHAR, 20) AS s FROM range(200000)';

async function sum({ messages }: FlightStream): Promise<number> {
  let total = 0;
  for await (const { rows: count, release } of messages) {
    total += count;
    release();
  }
  return total;
}

test('results of one transaction stay open side by side', async () => {
  const transaction = await connect().begin();
  const streams = [await transaction.query(long), await transaction.query(long)];
  assert.deepEqual(await rows(transaction.query('SELECT 42')), [[42]]);
  assert.deepEqual(await Promise.all(streams.map(sum)), [200000, 200000]);
  await transaction.commit();
});

test('a result that is left in the middle does not abort its transaction', async () => {
  const client = connect();
  await client.execute('CREATE TABLE after_it(a INTEGER)');
  const transaction = await client.begin();
  for (const sql of [long, `${long} WHERE range % 7 = 3`]) {
    const { messages } = await transaction.query(sql.replace('200000', '20000000'));
    for await (const { release } of messages) {
      release();
      break;
    }
  }
  await transaction.execute('INSERT INTO after_it VALUES (1)');
  await transaction.commit();
  assert.deepEqual(await running.rows('SELECT * FROM after_it'), [{ a: 1 }]);
});

test('a result that makes room goes to disk, and is told when it is too large even for that', async () => {
  const small = await runServer({ sessions: { spoolMemoryBytes: 1 << 20, spoolDiskBytes: 64 << 20 } });
  const tiny = await runServer({ sessions: { spoolMemoryBytes: 0, spoolDiskBytes: 1 << 20 } });
  try {
    const inSmall = await connect(small).begin();
    const kept = await inSmall.query(long);
    assert.deepEqual(await rows(inSmall.query('SELECT 1')), [[1]]);
    assert.equal(await sum(kept), 200000);
    const inTiny = await connect(tiny).begin();
    const lost = await inTiny.query(long.replace('200000', '20000000'));
    assert.deepEqual(await rows(inTiny.query('SELECT 1')), [[1]]);
    await assert.rejects(sum(lost), failsWith('ResourceExhausted', /could not be kept/));
    await Promise.all(open.splice(0).map((client) => client.close()));
  } finally {
    await Promise.all([small.close(), tiny.close()]);
  }
});

test('catalog, schema and settings follow USE, SET and session options', async () => {
  const client = connect();
  const place = "SELECT current_schema(), current_setting('TimeZone'), getvariable('v')";
  await client.execute('CREATE SCHEMA elsewhere');
  await client.execute('CREATE TABLE elsewhere.here(a INTEGER)');
  await client.execute('USE elsewhere');
  await client.execute("SET TimeZone = 'Europe/Paris'");
  await client.execute('SET VARIABLE v = 7');
  const all = await Promise.all(Array.from({ length: 6 }, () => rows(client.query(place))));
  for (const found of all) assert.deepEqual(found, [['elsewhere', 'Europe/Paris', 7]]);
  assert.deepEqual(await rows(client.query('SELECT * FROM here')), []);
  assert.equal((await client.getOptions()).get('schema'), 'elsewhere');
  const refused = await client.setOptions(
    new Map<string, string | undefined>([
      ['schema', 'main'],
      ['TimeZone', undefined],
      ['threads', '1'],
      ['nosuch', 'x'],
    ]),
  );
  assert.deepEqual([...refused].sort(), ['nosuch', 'threads']);
  assert.deepEqual(await client.setOptions(new Map([['schema', 'no_schema']])), ['schema']);
  assert.deepEqual(await rows(client.query(place)), [['main', 'UTC', 7]]);
  assert.deepEqual(await rows(connect().query("SELECT current_schema(), getvariable('v')")), [['main', null]]);
});

test('asking for session options makes no session', async () => {
  const client = connect();
  const before = running.server.sessions.list().length;
  assert.deepEqual(Object.fromEntries(await client.getOptions()), { catalog: 'memory', schema: 'main' });
  assert.equal(running.server.sessions.list().length, before);
  await client.query('SELECT 1').then(rowsOf);
  assert.equal(running.server.sessions.list().length, before + 1);
});

test('temporary tables belong to a session and end with it', async () => {
  const [client, other] = [connect(), connect()];
  await client.execute('CREATE TEMP TABLE mine AS SELECT 42 AS a');
  assert.deepEqual(await rows(client.query('SELECT * FROM mine')), [[42]]);
  await assert.rejects(other.query('SELECT * FROM mine'), failsWith('NotFound', /mine/));
  await client.close();
  await assert.rejects(connect().query('SELECT * FROM mine'), failsWith('NotFound', /mine/));
});

const batchOf = async (sql: string) => {
  const result = await running.lakehouse.query(sql);
  return { schema: result.schema, batches: result.batches };
};

test('ingest goes into the transaction that is open, into temporary tables, and under a load id once', async () => {
  const client = connect();
  const transaction = await client.begin();
  assert.equal(await transaction.ingest('loaded', await batchOf('SELECT range AS a FROM range(10)')), 10);
  assert.deepEqual(await rows(transaction.query('SELECT count(*) FROM loaded')), [[10n]]);
  await transaction.rollback();
  assert.deepEqual(await running.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'loaded'"), []);

  await client.ingest('aside', { ...(await batchOf('SELECT 1 AS a')), temporary: true, mode: 'create' });
  assert.deepEqual(await rows(client.query('SELECT * FROM aside')), [[1]]);
  assert.deepEqual(
    await running.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'aside' AND NOT temporary"),
    [],
  );
  await assert.rejects(
    client.ingest('aside', { ...(await batchOf('SELECT 1 AS a')), temporary: true, dbSchema: 'main' }),
    failsWith('InvalidArgument', /temporary/),
  );

  for (const _ of [1, 2])
    assert.equal(await client.ingest('named', { ...(await batchOf('SELECT 1 AS a')), loadId: 'load 1' }), 1);
  assert.deepEqual(await running.rows('SELECT count(*)::INTEGER AS n FROM named'), [{ n: 1 }]);
});

test('a load that fails inside a transaction leaves only its rollback', async () => {
  const client = connect();
  const transaction = await client.begin();
  await transaction.execute('CREATE TABLE kept(a INTEGER)');
  await assert.rejects(
    transaction.ingest('kept', { ...(await batchOf('SELECT 1 AS b')), mode: 'append' }),
    failsWith('InvalidArgument', /no column "b"/),
  );
  await transaction.execute('INSERT INTO kept VALUES (1)');
  async function* broken() {
    yield* (await batchOf('SELECT 2::INTEGER AS a')).batches;
    throw new Error('the sender fails');
  }
  const { schema } = await batchOf('SELECT 2::INTEGER AS a');
  await assert.rejects(transaction.ingest('kept', { schema, batches: broken(), mode: 'append' }), /the sender fails/);
  await eventually('it can only be rolled back', () =>
    transaction.query('SELECT 1').then(
      () => false,
      (error: Error) => /can only be rolled back/.test(error.message),
    ),
  );
  await assert.rejects(transaction.commit(), failsWith('InvalidArgument', /can only be rolled back/));
  assert.deepEqual(await running.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'kept'"), []);
});

test('unqualified names of a load are those of the session', async () => {
  const client = connect();
  await client.execute('CREATE SCHEMA current_one');
  await client.execute('USE current_one');
  await client.ingest('here_now', await batchOf('SELECT 1 AS a'));
  assert.deepEqual(await running.rows("SELECT schema_name AS s FROM duckdb_tables() WHERE table_name = 'here_now'"), [
    { s: 'current_one' },
  ]);
});

test('a query is cancelled by its info, before and while it is fetched, and only by its owner', async () => {
  const client = connect();
  const info = await client.info(endlessSql);
  await client.cancel(info);
  await eventually('it stopped', () => !running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  await assert.rejects(client.cancel(info), failsWith('NotFound', /ended/));
  const again = await client.info(endlessSql);
  const fetched = client.flight.doGet(again.endpoints[0]?.ticket ?? '').then(rowsOf);
  fetched.catch(() => undefined); // awaited below
  await eventually('it is fetched', () => running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await client.cancel(again);
  await assert.rejects(fetched, failsWith('Cancelled', /cancelled/));
});

test('closing a session stops what runs in it', async () => {
  const client = connect();
  const endless = client.query(endlessSql).then(rowsOf);
  endless.catch(() => undefined); // awaited below
  await eventually('it runs', () => running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  const session = running.server.sessions.list().find(({ statements }) => statements > 0);
  assert.equal(await running.server.sessions.kill(session?.id ?? ''), true);
  await assert.rejects(endless);
  await eventually('it stopped', () => !running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
});

test('more statements than may run wait their turn, and are told how long and where', async () => {
  const narrow = await runServer({ sessions: { maxRunning: 1, maxWaitMs: 1500, maxWaiting: 1 } });
  try {
    const [busy, waiting, third] = [connect(narrow), connect(narrow), connect(narrow)];
    const info = await busy.info(endlessSql);
    const late = waiting.query('SELECT 1');
    late.catch(() => undefined); // awaited below
    await eventually('one waits', () => narrow.server.sessions.list().some(({ waiting: count }) => count === 1));
    await assert.rejects(third.query('SELECT 1'), failsWith('ResourceExhausted', /no more are taken/));
    await assert.rejects(late, failsWith('ResourceExhausted', /waited \d+ ms .* position 1/));
    const next = waiting.query('SELECT 1').then(rowsOf);
    await busy.cancel(info);
    assert.deepEqual(await next, [[1]]);
    assert.deepEqual(narrow.server.sessions.waiting(), []);
    await Promise.all(open.splice(0).map((client) => client.close()));
  } finally {
    await narrow.close();
  }
});

test('sessions and statements are limited, and sessions that do nothing end', async () => {
  const few = await runServer({ sessions: { maxSessions: 1, maxStatements: 2, idleMs: 300 } });
  try {
    const [one, other] = [connect(few), connect(few)];
    const transaction = await one.begin();
    const streams = [await transaction.query(long), await transaction.query(long)];
    await assert.rejects(transaction.query('SELECT 1'), failsWith('ResourceExhausted', /2 statements open/));
    await Promise.all(streams.map(sum));
    await assert.rejects(other.query('SELECT 1'), failsWith('ResourceExhausted', /1 sessions/));
    await transaction.commit();
    await eventually('it ends', () => few.server.sessions.list().length === 0);
    assert.deepEqual(await rows(other.query('SELECT 1')), [[1]]);
    await Promise.all(open.splice(0).map((client) => client.close()));
  } finally {
    await few.close();
  }
});

test('the session of a connection that is gone ends with its transactions', async () => {
  const client = connect();
  const transaction = await client.begin();
  await transaction.execute('CREATE TABLE gone_with_it(a INTEGER)');
  const before = running.server.sessions.list().length;
  client.flight.close();
  await eventually('it is gone', () => running.server.sessions.list().length === before - 1);
  assert.deepEqual(await running.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'gone_with_it'"), []);
});

test('a script that fails after its BEGIN leaves no transaction', async () => {
  const client = connect();
  await assert.rejects(
    client.execute('BEGIN; CREATE TABLE half(a INTEGER); SELECT nosuch'),
    failsWith('InvalidArgument', /nosuch/),
  );
  await client.execute('USE main');
  assert.deepEqual(await rows(client.query("SELECT 1 FROM duckdb_tables() WHERE table_name = 'half'")), []);
});

test('savepoints and actions of other messages are refused clearly', async () => {
  const client = connect();
  await assert.rejects(
    client.flight.doAction('BeginSavepoint', Uint8Array.of()),
    failsWith('Unsupported', /savepoints/),
  );
  await assert.rejects(
    client.flight.doAction('BeginTransaction', Uint8Array.of()),
    failsWith('InvalidArgument', /ActionBeginTransactionRequest/),
  );
  await assert.rejects(
    client.flight.doAction('CreatePreparedStatement', Buffer.from('x')),
    failsWith('InvalidArgument', /ActionCreatePreparedStatementRequest/),
  );
});

test('a result is kept and given in parts to who asks for it', async () => {
  const client = connect();
  assert.deepEqual(
    await client.setOptions(
      new Map<string, number>([
        ['duckhouse.keep_seconds', 30],
        ['duckhouse.parallel', 4],
      ]),
    ),
    [],
  );
  const sent = (): number =>
    Number(/duckhouse_flight_rows_total\{direction="out"\} (\d+)/.exec(running.metrics.render())?.[1] ?? 0);
  const before = sent();
  const info = await client.info('SELECT range AS i FROM range(400000)');
  assert.deepEqual([info.totalRecords, info.ordered, info.endpoints.length], [400000, true, 4]);
  assert.ok((info.endpoints[0]?.expirationTime?.getTime() ?? 0) > Date.now() + 20_000);
  for (const _ of [1, 2]) {
    const parts = await Promise.all(info.endpoints.map(({ ticket }) => client.flight.doGet(ticket).then(rowsOf)));
    const all = parts.flat().map(([i]) => i as bigint);
    assert.equal(all.length, 400000);
    assert.ok(
      all.every((i, at) => i === BigInt(at)),
      'in order',
    );
  }
  assert.equal(sent() - before, 800_000, 'each part counted all the rows');
  await client.setOptions(
    new Map([
      ['duckhouse.keep_seconds', undefined],
      ['duckhouse.parallel', undefined],
    ]),
  );
  assert.equal((await client.info('SELECT 1')).endpoints.length, 1);
  assert.deepEqual(await client.setOptions(new Map([['duckhouse.parallel', 'many']])), ['duckhouse.parallel']);
});

test('record batches are as large as the client asks for, within bounds', async () => {
  const client = connect();
  const largest = async (headers: Record<string, string> = {}): Promise<number> => {
    const { messages } = await client.query('SELECT i, i AS j, i AS k FROM range(2000000) t(i)', { headers });
    let most = 0;
    for await (const { body, release } of messages) {
      most = Math.max(most, body.byteLength);
      release();
    }
    return most;
  };
  const between = (bytes: number, least: number, most: number): void =>
    assert.ok(bytes > least && bytes <= most, `${bytes} bytes`);
  between(await largest(), 1 << 19, 2 << 20);
  between(await largest({ 'x-duckhouse-batch-bytes': '8388608' }), 3 << 20, 8 << 20);
  between(await largest({ 'x-duckhouse-batch-bytes': '1' }), 1 << 10, 64 << 10);
  await client.setOptions(new Map([['duckhouse.batch_bytes', 1n << 40n]]));
  between(await largest(), 5 << 20, 16 << 20);
  assert.deepEqual(await client.setOptions(new Map([['duckhouse.batch_bytes', 'large']])), ['duckhouse.batch_bytes']);
});

test('a statement that comes again reads and changes what has been written in the meantime', async () => {
  const client = connect();
  await client.execute('CREATE TABLE grows AS SELECT i::INTEGER AS i, 0 AS hits FROM range(100) t(i)');
  const reads = {
    'SELECT count(*)::INTEGER FROM grows WHERE i = 500': [[0], [1]],
    'SELECT count(*)::INTEGER FROM grows WHERE i IS NULL': [[0], [1]],
    'SELECT count(i)::INTEGER FROM grows': [[100], [101]],
    'SELECT i FROM grows WHERE i > 400': [[], [500]],
    'WITH g AS (FROM grows) SELECT max(i) FROM g': [[99], [500]],
  } as const;
  const changes = ['UPDATE grows SET hits = hits + 1 WHERE i = 500', 'DELETE FROM grows WHERE i = 501'];
  const prepared = await Promise.all(Object.keys(reads).map((sql) => client.prepare(sql)));
  const flat = async (stream: ReturnType<typeof client.query>): Promise<unknown[]> => (await rows(stream)).flat();
  const told = async (at: 0 | 1): Promise<void> => {
    for (const [i, [sql, answers]] of Object.entries(reads).entries()) {
      for (let times = 0; times < 3; times++) assert.deepEqual(await flat(client.query(sql)), answers[at], sql);
      assert.deepEqual(
        await flat(prepared[i]?.query() as ReturnType<typeof client.query>),
        answers[at],
        `prepared: ${sql}`,
      );
    }
  };
  await told(0);
  for (const sql of [...changes, ...changes, ...changes]) assert.equal(await client.execute(sql), 0, sql);
  await client.execute('INSERT INTO grows VALUES (500, 0), (501, 0), (NULL, 0)');
  for (const sql of changes) assert.equal(await client.execute(sql), 1, sql);
  await told(1);
  assert.deepEqual(await rows(client.query('SELECT hits FROM grows WHERE i = 500')), [[1]]);
});

test('a plan that is run again sees what has changed in the meantime', async () => {
  const client = connect();
  await client.execute('CREATE TABLE changing(a INTEGER)');
  const sql = 'SELECT * FROM changing';
  for (let i = 0; i < 3; i++) assert.deepEqual(await rows(client.query(sql)), []);
  await client.execute('INSERT INTO changing VALUES (1)');
  assert.deepEqual(await rows(client.query(sql)), [[1]]);
  const statement = await client.prepare(sql);
  await client.execute("ALTER TABLE changing ADD COLUMN b VARCHAR DEFAULT 'x'");
  assert.deepEqual(await rows(client.query(sql)), [[1, 'x']]);
  assert.deepEqual(await rows(statement.query()), [[1, 'x']]);
  await client.execute('DROP TABLE changing');
  await assert.rejects(client.query(sql), failsWith('NotFound', /changing/));
});
