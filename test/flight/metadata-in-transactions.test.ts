import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectFlightSql, type FlightSqlClient } from '../../src/flight/index.ts';
import { intField } from '../../src/flight/proto/wire.ts';
import { type RunningServer, rowsOf, runServer } from './running-server.ts';
import { sqlMessage, text } from './wire-client.ts';

// Metadata commands carry no transaction: ADBC, which begins one on connecting, means the one that is open.
let running: RunningServer;
const open: FlightSqlClient[] = [];
const connect = (): FlightSqlClient => {
  const client = connectFlightSql({ uri: `grpc://127.0.0.1:${running.port}` });
  open.push(client);
  return client;
};
before(async () => {
  running = await runServer();
});
after(async () => {
  for (const client of open) await client.close();
  await running.close();
});

const tables = async (client: FlightSqlClient): Promise<unknown[]> =>
  (await client.flight.doGet(sqlMessage('CommandGetTables', intField(5, 1))).then(rowsOf)).map((row) => row[2]);

test('what a transaction has made is in the metadata of its session, and of no other', async () => {
  const [client, other] = [connect(), connect()];
  const transaction = await client.begin();
  await transaction.execute('CREATE TABLE uncommitted(a INTEGER PRIMARY KEY)');
  assert.deepEqual(await tables(client), ['uncommitted']);
  assert.deepEqual(await tables(other), []);
  const keys = await client.flight.doGet(sqlMessage('CommandGetPrimaryKeys', text(3, 'uncommitted'))).then(rowsOf);
  assert.deepEqual(
    keys.map((row) => row[3]),
    ['a'],
  );
  await transaction.rollback();
  assert.deepEqual(await tables(client), []);
});

test('of several transactions none is meant', async () => {
  const client = connect();
  const [one, two] = [await client.begin(), await client.begin()];
  await one.execute('CREATE TABLE of_one(a INTEGER)');
  await two.execute('CREATE TABLE of_two(a INTEGER)');
  assert.deepEqual(await tables(client), []);
  await one.rollback();
  assert.deepEqual(await tables(client), ['of_two']);
  await two.rollback();
});

test('asking for metadata leaves the transaction as it was, and is answered when that has failed', async () => {
  await running.lakehouse.engine.execute(
    'CREATE TABLE gone(a INTEGER); CREATE VIEW orphan AS SELECT a FROM gone; DROP TABLE gone',
  );
  const client = connect();
  const transaction = await client.begin();
  await transaction.execute('CREATE TABLE kept AS SELECT 1 AS a');
  const held = await transaction.query("SELECT i, repeat('x', 50) AS s FROM range(1000000) t(i)");
  assert.deepEqual(await tables(client), ['kept', 'orphan']);
  assert.equal((await rowsOf(held)).length, 1_000_000);
  await transaction.commit();
  assert.deepEqual(await running.rows('FROM kept'), [{ a: 1 }]);
  const failing = await client.begin();
  await failing.execute('CREATE TABLE lost(a INTEGER PRIMARY KEY)');
  await assert.rejects(failing.execute('INSERT INTO lost VALUES (1), (1)'));
  assert.deepEqual(await tables(client), ['kept', 'orphan']);
  await failing.rollback();
});
