import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { test } from 'node:test';
import { buildBatch } from '../../src/arrow/index.ts';
import { connectFlightSql } from '../../src/flight/index.ts';
import { grpcMessage } from '../../src/flight/proto/flight-data.ts';
import { decodeStatusResult, encodeFlightInfo, encodeTicket } from '../../src/flight/proto/messages.ts';
import { unpackAny } from '../../src/flight/proto/sql-messages.ts';
import { bytesField, intField } from '../../src/flight/proto/wire.ts';
import { endlessSql, rowsOf } from './running-server.ts';
import { sqlMessage, text } from './wire-client.ts';
import { wireRig } from './wire-rig.ts';

// What ADBC, JDBC and pyarrow do one after the other, and what breaks them: asked as they ask.
const rig = wireRig();
const { connect } = rig;

const query = (sql: string): Uint8Array => sqlMessage('CommandStatementQuery', text(1, sql));
const n = async (sql: string): Promise<unknown> => (await rig.running.rows(sql))[0]?.n;

test('whatever has effects has them once, prepared or not, fetched or not', async () => {
  const client = connect();
  await rig.running.lakehouse.engine.execute('CREATE SEQUENCE once; CREATE TABLE effects(a INTEGER)');
  await client.schema(query('EXPLAIN ANALYZE INSERT INTO effects VALUES (1)'));
  assert.equal(await n('SELECT count(*)::INTEGER AS n FROM effects'), 0, 'GetSchema');
  let rows = 0;
  for (const sql of [
    'EXPLAIN ANALYZE INSERT INTO effects VALUES (1)',
    'INSERT INTO effects VALUES (1) RETURNING a',
    'WITH one AS (SELECT 1 AS a) INSERT INTO effects FROM one',
    'INSERT INTO effects SELECT 1; SELECT 1',
  ]) {
    await client.rows(await client.info(query(sql)));
    assert.equal(await n('SELECT count(*)::INTEGER AS n FROM effects'), ++rows, sql);
    if (sql.includes(';')) continue; // ADBC prepares statements one by one
    const prepared = await client.prepare(sql);
    assert.equal(await n('SELECT count(*)::INTEGER AS n FROM effects'), rows, `${sql}: prepared`);
    await prepared.query();
    await prepared.close();
    assert.equal(await n('SELECT count(*)::INTEGER AS n FROM effects'), ++rows, `${sql}: queried`);
  }
  const next = "SELECT nextval('once')::INTEGER AS n";
  const pivot = "PIVOT (SELECT nextval('once') AS v, 'k' AS k) ON k USING max(v)";
  let value = 0;
  for (const sql of [next, pivot]) {
    assert.deepEqual(
      (await client.rows(await client.info(query(sql)))).map((row) => Number(row[0])),
      [++value],
      sql,
    );
    const prepared = await client.prepare(sql);
    assert.deepEqual(
      (await prepared.query()).map((row) => Number(row[0])),
      [++value],
      `${sql}: prepared`,
    );
  }
});

test('a result that is not read to its end holds up nothing else of its session', { timeout: 20_000 }, async () => {
  const client = connectFlightSql({ uri: `grpc://127.0.0.1:${rig.running.port}` });
  try {
    await client.execute('CREATE TEMP TABLE of_session AS SELECT 1 AS a');
    const held = await client.query("SELECT i, repeat('x', 100) AS s FROM range(5000000) t(i)");
    const messages = held.messages[Symbol.asyncIterator]();
    (await messages.next()).value?.release();
    assert.deepEqual(await client.query('FROM of_session').then(rowsOf), [[1]]);
    const tables = await client.flight.doGet(sqlMessage('CommandGetTables', intField(5, 1))).then(rowsOf);
    assert.ok(tables.some((row) => row[2] === 'of_session'));
    await client.execute('INSERT INTO of_session VALUES (2)');
    const statement = await client.prepare('FROM of_session');
    assert.deepEqual(await statement.query().then(rowsOf), [[1], [2]]);
    await messages.return?.(undefined);
  } finally {
    await client.close();
  }
});

test('a value larger than a message comes whole among others, in and out', async () => {
  const client = connect();
  const utf8 = { fields: [{ name: 's', type: { id: 'utf8' }, nullable: true, children: [] }] } as const;
  const options = bytesField(1, Buffer.concat([intField(1, 1), intField(2, 1)]));
  const large = 'y'.repeat(24 << 20);
  const loaded = await client.update(sqlMessage('CommandStatementIngest', options, text(2, 'large')), {
    schema: utf8,
    batches: [buildBatch(utf8, [['a', large, null]])],
  });
  assert.equal(loaded, 3);
  assert.deepEqual(await rig.running.rows('SELECT max(length(s))::INTEGER AS n FROM large'), [{ n: 24 << 20 }]);
  const rows = await client.rows(await client.info(query('SELECT s FROM large')));
  assert.deepEqual(
    rows.map(([s]) => (s as string | null)?.length),
    [1, 24 << 20, undefined],
  );
});

test('what fails has the status and the SQLSTATE that drivers make their exceptions of', async () => {
  await rig.running.lakehouse.engine.execute(
    'CREATE TABLE failing(a INTEGER PRIMARY KEY, b INTEGER NOT NULL, c INTEGER CHECK (c > 0)); INSERT INTO failing VALUES (1, 1, 1)',
  );
  const session = http2.connect(`http://127.0.0.1:${rig.running.port}`);
  const outcome = async (sql: string): Promise<string> => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/arrow.flight.protocol.FlightService/DoGet',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let seen: http2.IncomingHttpHeaders = {};
    stream.on('response', (headers) => (seen = { ...seen, ...headers }));
    stream.on('trailers', (headers) => (seen = { ...seen, ...headers }));
    stream.end(grpcMessage(encodeTicket(Buffer.from(sql))));
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    return `${seen['grpc-status']} ${seen['x-sqlstate']}`;
  };
  for (const [sql, expected] of [
    ['SELEC 1', '3 42601'],
    ['SELECT nosuch FROM failing', '3 42703'],
    ['SELECT nosuch(1)', '5 42883'],
    ['FROM nosuch', '5 42P01'],
    ['DROP SCHEMA nosuch', '5 3F000'],
    ['CREATE TABLE failing(a INTEGER)', '6 42P07'],
    ['CREATE VIEW failing AS SELECT 1', '6 42P07'],
    ['INSERT INTO failing VALUES (1, 1, 1)', '6 23505'],
    ['INSERT INTO failing VALUES (2, NULL, 1)', '3 23502'],
    ['INSERT INTO failing VALUES (2, 1, 0)', '3 23514'],
    ["SELECT 'x'::INTEGER", '3 22018'],
    ['SELECT 1000::TINYINT', '3 22003'],
    ['SELECT 9223372036854775807 + 1::BIGINT', '3 22003'],
    ["SELECT error('own')", '3 22023'],
  ] as const)
    assert.equal(await outcome(sql), expected, sql);
  session.close();
});

test('keepalive pings of an idle client are answered, however many come', async () => {
  const session = http2.connect(`http://127.0.0.1:${rig.running.port}`);
  let away: number | undefined;
  session.on('goaway', (code) => (away = code));
  await new Promise((resolve) => session.once('connect', resolve));
  for (let i = 0; i < 300; i++)
    await new Promise<void>((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));
  assert.equal(away, undefined);
  assert.equal(session.closed, false);
  session.close();
});

test('messages are known by the last part of their type, binary headers may come without padding', async () => {
  const client = connect({ 'x-trace-bin': 'AQ', 'grpc-trace-bin': 'AAECAw' });
  for (const type of [
    'arrow.flight.protocol.sql.CommandStatementQuery',
    'example.com/x/arrow.flight.protocol.sql.CommandStatementQuery',
  ]) {
    const command = Buffer.concat([text(1, type), bytesField(2, text(1, 'SELECT 7'))]);
    assert.deepEqual(await client.rows(await client.info(command)), [[7]], type);
  }
});

test('a session is closed twice without an error, and one that was never opened too', async () => {
  const client = connect();
  await client.action('CloseSession', new Uint8Array(0));
  await client.rows(await client.info(query('SELECT 1')));
  for (const _ of [1, 2]) await client.action('CloseSession', new Uint8Array(0));
});

test('the deprecated CancelQuery stops a query as CancelFlightInfo does', async () => {
  const client = connect();
  const info = await client.info(query(endlessSql));
  const [result] = await client.action(
    'CancelQuery',
    sqlMessage('ActionCancelQueryRequest', bytesField(1, encodeFlightInfo(info))),
  );
  const packed = unpackAny(result as Uint8Array);
  assert.equal(packed?.name, 'ActionCancelQueryResult');
  assert.ok([1, 2].includes(decodeStatusResult(packed?.value as Uint8Array)));
  await assert.rejects(client.rows(info));
});
