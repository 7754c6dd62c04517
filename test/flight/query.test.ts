import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commandDescriptor, pathDescriptor } from '../../src/flight/index.ts';
import { endlessSql, eventually, failsWith, type RunningServer, rowsOf, runServer } from './running-server.ts';

let running: RunningServer;
before(async () => {
  running = await runServer();
});
after(() => running.close());

const ticketOf = async (sql: string) => {
  const info = await running.client.getFlightInfo(commandDescriptor(sql));
  const [endpoint] = info.endpoints;
  assert.ok(endpoint);
  assert.deepEqual(endpoint.locations, []);
  return { info, ticket: endpoint.ticket };
};

test('a ticket of SQL text is a query', async () => {
  assert.deepEqual(await rowsOf(await running.client.query("SELECT 42 AS answer, 'é' AS letter")), [[42, 'é']]);
});

test('GetFlightInfo gives the schema, a query id and a ticket for DoGet', async () => {
  const { info, ticket } = await ticketOf('SELECT 1 AS one, NULL::VARCHAR AS nothing');
  const { queryId } = JSON.parse(Buffer.from(info.appMetadata).toString()) as { queryId: string };
  assert.match(queryId, /^[0-9a-f-]{36}$/);
  assert.ok(info.schema);
  assert.equal(info.totalRecords, -1);
  const stream = await running.client.doGet(ticket);
  assert.deepEqual(
    stream.schema.fields.map(({ name }) => name),
    ['one', 'nothing'],
  );
  assert.deepEqual(await rowsOf(stream), [[1, null]]);
});

test('a result of no rows still has its schema', async () => {
  const stream = await running.client.query('SELECT 1 AS one WHERE false');
  assert.deepEqual(
    stream.schema.fields.map(({ name }) => name),
    ['one'],
  );
  assert.deepEqual(await rowsOf(stream), []);
});

test('a ticket fetched again runs its query again', async () => {
  const { ticket } = await ticketOf('SELECT 7');
  assert.deepEqual(await rowsOf(await running.client.doGet(ticket)), [[7]]);
  assert.deepEqual(await rowsOf(await running.client.doGet(ticket)), [[7]]);
});

test('a statement that changes something runs once, at GetFlightInfo, however often its ticket is fetched', async () => {
  await ticketOf('CREATE TABLE once(a INTEGER)');
  const { info, ticket } = await ticketOf('INSERT INTO once VALUES (1), (2)');
  assert.equal(info.totalRecords, 1);
  assert.deepEqual(await rowsOf(await running.client.doGet(ticket)), [[2n]]);
  assert.deepEqual(await rowsOf(await running.client.doGet(ticket)), [[2n]]);
  assert.deepEqual(await running.rows('SELECT count(*)::INTEGER AS n FROM once'), [{ n: 2 }]);
});

test('the statements before a query of a script run once, however often its ticket is fetched', async () => {
  await running.lakehouse.engine.execute('CREATE TABLE scripted(a INTEGER)');
  const { ticket } = await ticketOf("INSERT INTO scripted VALUES (1); SELECT ';' AS semicolon");
  assert.deepEqual(await rowsOf(await running.client.doGet(ticket)), [[';']]);
  await assert.rejects(running.client.doGet(ticket), failsWith('NotFound', /no longer kept/));
  await assert.rejects(
    running.client.getSchema(commandDescriptor('INSERT INTO scripted VALUES (2); SELECT 1')),
    failsWith('InvalidArgument', /script/),
  );
  assert.deepEqual(await running.rows('SELECT a FROM scripted'), [{ a: 1 }]);
  const { ticket: text } = await ticketOf("SELECT 'a;b' AS x; -- the end");
  for (let i = 0; i < 2; i++) assert.deepEqual(await rowsOf(await running.client.doGet(text)), [['a;b']]);
});

test('a query whose info is never fetched is stopped', async () => {
  const brief = await runServer({ limits: { ticketIdleMs: 300 } });
  try {
    const info = await brief.client.getFlightInfo(commandDescriptor(endlessSql));
    await eventually('it stopped', () => brief.lakehouse.engine.stats().openResults === 0);
    const again = await brief.client.getFlightInfo(commandDescriptor('SELECT 5'));
    await eventually('it is given up', () => brief.lakehouse.engine.stats().openResults === 0);
    assert.deepEqual(await rowsOf(await brief.client.doGet(again.endpoints[0]?.ticket ?? '')), [[5]]);
    assert.ok(info.schema);
  } finally {
    await brief.close();
  }
});

test('INSERT ... RETURNING gives its rows', async () => {
  await running.lakehouse.engine.execute('CREATE TABLE returned(a INTEGER)');
  const { ticket } = await ticketOf('INSERT INTO returned VALUES (1), (2) RETURNING a * 10 AS ten');
  assert.deepEqual(await rowsOf(await running.client.doGet(ticket)), [[10], [20]]);
});

test('GetSchema of a query runs nothing', async () => {
  const schema = await running.client.getSchema(commandDescriptor('SELECT 1 AS a, 2.5 AS b'));
  assert.deepEqual(
    schema.fields.map(({ name }) => name),
    ['a', 'b'],
  );
  await running.client.getSchema(commandDescriptor('CREATE TABLE never_made(a INTEGER)'));
  await assert.rejects(running.client.getSchema(pathDescriptor(['never_made'])), failsWith('NotFound', /never_made/));
});

test('a path descriptor is a table: schema, row count and a ticket', async () => {
  await running.lakehouse.engine.execute('CREATE SCHEMA s; CREATE TABLE s.t AS SELECT range AS a FROM range(10)');
  const info = await running.client.getFlightInfo(pathDescriptor(['s', 't']));
  assert.equal(info.totalRecords, 10);
  const stream = await running.client.doGet(info.endpoints[0]?.ticket ?? '');
  assert.equal((await rowsOf(stream)).length, 10);
  assert.deepEqual(
    (await running.client.getSchema(pathDescriptor(['memory', 's', 't']))).fields.map(({ name }) => name),
    ['a'],
  );
});

test('a missing table is NotFound with the nearest names, whole on the client', async () => {
  await running.lakehouse.engine.execute('CREATE TABLE flights(a INTEGER)');
  await assert.rejects(running.client.query('SELECT * FROM flihgts'), (error: unknown) => {
    assert.ok(failsWith('NotFound', /flihgts/)(error));
    assert.match(String((error as { hint?: string }).hint), /flights/);
    return true;
  });
});

test('a large result arrives whole, from eight streams at once', async () => {
  const sums = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { messages } = await running.client.query(
        "SELECT range AS i, 'row number ' || range AS s FROM range(300000)",
      );
      let rows = 0;
      for await (const message of messages) {
        rows += message.rows;
        assert.equal(message.body.byteOffset % 64, 0);
        message.release();
      }
      return rows;
    }),
  );
  assert.deepEqual(sums, Array(8).fill(300_000));
  await idle();
});

/** No result is open and no batch is held. */
const idle = (): Promise<void> =>
  eventually('the engine is idle', () => running.lakehouse.engine.stats().openResults === 0);

test('an aborted client stops the statement', async () => {
  const aborter = new AbortController();
  const answer = running.client.query(endlessSql, { signal: aborter.signal });
  await eventually('it runs', () => running.lakehouse.progress().some(({ sql }) => sql === endlessSql));
  aborter.abort();
  await assert.rejects(answer, failsWith('Cancelled', /./));
  await eventually('it stopped', () => running.lakehouse.progress().every(({ sql }) => sql !== endlessSql));
});

test('a deadline stops the statement and is told as such', async () => {
  await assert.rejects(running.client.query(endlessSql, { timeoutMs: 300 }), failsWith('DeadlineExceeded', /deadline/));
  await eventually('it stopped', () => running.lakehouse.progress().every(({ sql }) => sql !== endlessSql));
});

test('a deadline stops a statement that GetFlightInfo runs', async () => {
  const sql = `CREATE TABLE endless AS ${endlessSql}`;
  await assert.rejects(
    running.client.getFlightInfo(commandDescriptor(sql), { timeoutMs: 300 }),
    failsWith('DeadlineExceeded', /deadline/),
  );
  await eventually('it stopped', () => running.lakehouse.progress().every((statement) => statement.sql !== sql));
});

test('a reader that takes only the first batch frees the statement', async () => {
  const { messages } = await running.client.query('SELECT range AS i FROM range(50000000)');
  for await (const message of messages) {
    message.release();
    break;
  }
  await idle();
});

test('of 16 streams at once each has its first batch long before any of them ends', async () => {
  const sql = "SELECT range AS i, repeat('x', 100) AS x FROM range(20000000)"; // 2 GB each
  const streams = await Promise.all(
    Array.from({ length: 16 }, async () => {
      const iterator = (await running.client.query(sql)).messages[Symbol.asyncIterator]();
      const first = await iterator.next();
      first.value.release();
      return { iterator, done: first.done };
    }),
  );
  assert.ok(streams.every(({ done }) => done !== true));
  for (const { iterator } of streams) await iterator.return?.();
  await idle();
});

test('a client that stops reading holds back the statement, and its deadline ends it', async () => {
  const { messages } = await running.client.query('SELECT range AS i FROM range(100000000)', { timeoutMs: 1500 });
  const iterator = messages[Symbol.asyncIterator]();
  (await iterator.next()).value.release();
  await idle();
  await assert.rejects(
    async () => {
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        next.value.release();
      }
    },
    failsWith('DeadlineExceeded', /deadline/),
  );
});

test('cancel by query id ends the stream of another client', async () => {
  const { info, ticket } = await ticketOf(endlessSql);
  const { queryId } = JSON.parse(Buffer.from(info.appMetadata).toString()) as { queryId: string };
  const answer = running.client.doGet(ticket).then(rowsOf);
  answer.catch(() => undefined); // awaited below
  await new Promise((resolve) => setTimeout(resolve, 200));
  const [result] = await running.connect().doAction('cancel', { queryId });
  assert.deepEqual(JSON.parse(String(result)), { cancelled: true });
  await assert.rejects(answer, failsWith('Cancelled', /cancelled/));
});
