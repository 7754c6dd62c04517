import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commandDescriptor, connectFlightSql, type FlightSqlClient } from '../../src/flight/index.ts';
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

test('metadata are answered while results of the transaction stream, and before their reader goes on', {
  timeout: 20_000,
}, async () => {
  const client = connect();
  const sql = "SELECT i, repeat('x', 50) AS s FROM range(200000) t(i)";
  const asked = [
    ['CommandGetCatalogs'],
    ['CommandGetDbSchemas'],
    ['CommandGetTables'],
    ['CommandGetPrimaryKeys', text(3, 'streamed')],
    ['CommandGetExportedKeys', text(3, 'streamed')],
    ['CommandGetSqlInfo'],
  ] as const;
  const streamed = async (by: Pick<FlightSqlClient, 'execute' | 'query'>, unfetched: Uint8Array): Promise<void> => {
    await by.execute('CREATE TABLE streamed(a INTEGER PRIMARY KEY)');
    const { messages, schema } = await by.query(sql);
    const reading = messages[Symbol.asyncIterator]();
    const first = await reading.next();
    assert.ok(first.done !== true && first.value.rows < 200_000);
    const info = await client.flight.getFlightInfo(commandDescriptor(unfetched));
    assert.ok((await tables(client)).includes('streamed'));
    await Promise.all(asked.map(([name, ...fields]) => client.flight.doGet(sqlMessage(name, ...fields)).then(rowsOf)));
    const rest = (await rowsOf({ schema, messages: { [Symbol.asyncIterator]: () => reading } })).length;
    assert.equal(first.value.rows + rest, 200_000);
    first.value.release();
    assert.equal((await client.flight.doGet(info.endpoints[0]?.ticket ?? '').then(rowsOf)).length, 200_000);
  };
  const transaction = await client.begin();
  await streamed(transaction, sqlMessage('CommandStatementQuery', text(1, sql), text(2, transaction.id)));
  await transaction.rollback();
  await client.execute('BEGIN');
  await streamed(client, sqlMessage('CommandStatementQuery', text(1, sql)));
  await client.execute('ROLLBACK');
});
