import assert from 'node:assert/strict';
import http2, { type ClientHttp2Session } from 'node:http2';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type ArrowSchema, buildBatch, encodeSchema } from '../../src/arrow/index.ts';
import { createKeyedLock } from '../../src/concurrency.ts';
import { encodeFlightData, grpcMessage } from '../../src/flight/proto/flight-data.ts';
import {
  commandDescriptor,
  encodeAction,
  encodeDescriptor,
  encodeTicket,
  type FlightDescriptor,
  pathDescriptor,
} from '../../src/flight/proto/messages.ts';
import { encodeStatement } from '../../src/flight/proto/sql-messages.ts';
import { bytesField, concat, intField } from '../../src/flight/proto/wire.ts';
import { callRaw } from './fuzz.ts';
import { endlessSql, eventually, type RunningServer, runServer } from './running-server.ts';
import { sqlMessage, text } from './wire-client.ts';

/** Whatever a call waits for, it hears its deadline, a reset of its stream and the end of its session, and leaves the queue. */
const schema: ArrowSchema = {
  fields: [{ name: 'a', type: { id: 'int', bitWidth: 32, signed: true }, nullable: true, children: [] }],
};
const batch = buildBatch(schema, [[1, 2]]);
const flight = '/arrow.flight.protocol.FlightService/';
const headers = {
  ':method': 'POST',
  'content-type': 'application/grpc',
  te: 'trailers',
};

let running: RunningServer;
let session: ClientHttp2Session;
before(async () => {
  running = await runServer();
});
beforeEach(() => {
  session = http2.connect(`http://127.0.0.1:${running.port}`);
});
afterEach(async () => {
  session.destroy();
  await eventually('no call is left', () => running.server.openCalls() === 0);
});
after(() => running.close());

const firstOf = (descriptor: FlightDescriptor): Buffer =>
  encodeFlightData({ descriptor: encodeDescriptor(descriptor), header: encodeSchema(schema), body: new Uint8Array(0) });
const putOf = (descriptor: FlightDescriptor): Buffer =>
  Buffer.concat([firstOf(descriptor), encodeFlightData({ header: batch.metadata, body: batch.body })]);

/** Opens a call that says no more than this for now. */
function stall(method: string, bytes: Uint8Array, more: Readonly<Record<string, string>> = {}) {
  const stream = session.request({ ...headers, ':path': flight + method, ...more });
  stream.on('error', () => undefined); // some are reset
  stream.resume();
  stream.write(bytes);
  return stream;
}

/** The status of a call with a deadline of a second; it must come then. */
async function afterASecond(
  method: string,
  body: Buffer,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const start = performance.now();
  const call = { path: flight + method, headers: { 'grpc-timeout': '1S', ...more }, body };
  const status = await callRaw(session, call, 4000);
  assert.ok(performance.now() - start < 2500, `${Math.round(performance.now() - start)} ms`);
  return status;
}

const openCalls = (count: number): Promise<void> =>
  eventually(`${count} calls are open, not ${running.server.openCalls()}`, () => running.server.openCalls() === count);
const tableNames = async (): Promise<string[]> => (await running.lakehouse.listTables()).map(({ name }) => name);

test('a load that waits for another one that makes the same table hears its deadline and leaves the queue', async () => {
  const table = pathDescriptor(['held']);
  const holder = stall('DoPut', firstOf(table));
  await openCalls(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(await afterASecond('DoPut', putOf(table)), '4');
  await openCalls(1);
  const third = callRaw(session, { path: `${flight}DoPut`, headers: {}, body: putOf(table) }, 4000);
  await openCalls(2);
  holder.close(http2.constants.NGHTTP2_CANCEL);
  assert.equal(await third, '0');
  assert.deepEqual(await running.rows('SELECT count(*)::INTEGER AS n FROM held'), [{ n: 2 }]);
});

test('a load that waits is ended by a reset of its stream, and by the end of its connection', async () => {
  const table = pathDescriptor(['reset']);
  const holder = stall('DoPut', firstOf(table));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const waiting = stall('DoPut', putOf(table));
  await openCalls(2);
  waiting.close(http2.constants.NGHTTP2_CANCEL);
  await openCalls(1);
  const other = http2.connect(`http://127.0.0.1:${running.port}`);
  other.on('error', () => undefined); // it is destroyed below
  const stream = other.request({ ...headers, ':path': `${flight}DoPut` });
  stream.on('error', () => undefined);
  stream.write(putOf(table));
  await openCalls(2);
  other.destroy();
  await openCalls(1);
  holder.close(http2.constants.NGHTTP2_CANCEL);
  await openCalls(0);
  assert.ok(!(await tableNames()).includes('reset'));
});

test('the end of a session ends its loads: one whose sender is silent, and one that waits for it', async () => {
  const table = pathDescriptor(['killed']);
  stall('DoPut', firstOf(table));
  await new Promise((resolve) => setTimeout(resolve, 200));
  stall('DoPut', putOf(table)).end();
  await openCalls(2);
  for (const { id } of running.server.sessions.list()) await running.server.sessions.kill(id);
  await openCalls(0);
  assert.ok(!(await tableNames()).includes('killed'));
});

test('two loads of one id follow each other, and the second hears its deadline', async () => {
  const more = { 'x-duckhouse-load-id': 'one' };
  const holder = stall('DoPut', firstOf(pathDescriptor(['first'])), more);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(await afterASecond('DoPut', putOf(pathDescriptor(['second'])), more), '4');
  holder.close(http2.constants.NGHTTP2_CANCEL);
});

/** A session with an endless statement in a transaction that SQL has begun: all of it waits. */
async function busySession(): Promise<void> {
  const query = (sql: string) => ({
    path: `${flight}DoGet`,
    headers: {},
    body: grpcMessage(encodeTicket(Buffer.from(sql))),
  });
  assert.equal(await callRaw(session, query('BEGIN'), 4000), '0');
  const before = running.lakehouse.progress().length;
  stall('DoGet', query(endlessSql).body).end();
  await eventually('it runs', () => running.lakehouse.progress().length > before);
}

test('statements, metadata, loads and options that wait for a statement of their session hear their deadline', async () => {
  await busySession();
  const command = (name: string, ...fields: readonly Uint8Array[]) => sqlMessage(name, ...fields);
  const ticket = (bytes: Uint8Array): Buffer => grpcMessage(encodeTicket(bytes));
  const statuses = await Promise.all([
    afterASecond('DoGet', ticket(Buffer.from('SELECT 1'))),
    afterASecond('DoGet', ticket(command('CommandGetTables', intField(5, true)))),
    afterASecond('DoGet', ticket(command('CommandGetSqlInfo'))),
    afterASecond('DoPut', putOf(pathDescriptor(['behind']))),
    afterASecond(
      'DoPut',
      firstOf(commandDescriptor(command('CommandStatementUpdate', encodeStatement('CREATE TABLE behind(a INT)')))),
    ),
    afterASecond(
      'DoAction',
      grpcMessage(
        encodeAction('SetSessionOptions', bytesField(1, concat([text(1, 'schema'), bytesField(2, text(1, 'main'))]))),
      ),
    ),
    afterASecond(
      'DoAction',
      grpcMessage(
        encodeAction('CreatePreparedStatement', command('ActionCreatePreparedStatementRequest', text(1, 'SELECT 1'))),
      ),
    ),
  ]);
  assert.deepEqual(new Set(statuses), new Set(['4']), statuses.join(' '));
  await openCalls(1);
});

test('COMMIT that waits for a statement of its transaction hears its deadline, and the transaction goes on', async () => {
  const client = await runServer();
  try {
    const owner = client.server.sessions.open({
      principal: { name: 'anonymous', role: 'admin', via: 'open' },
      peer: '',
      userAgent: '',
    });
    const transactionId = await owner.begin();
    await owner.query('CREATE TABLE kept(a INTEGER)', { transactionId });
    const stopper = new AbortController();
    const endless = owner.query(endlessSql, { transactionId, signal: stopper.signal });
    endless.catch(() => undefined); // stopped below
    await eventually('it runs', () => client.lakehouse.progress().length > 0);
    await assert.rejects(owner.end(transactionId, 'commit', AbortSignal.timeout(200)));
    assert.equal(owner.transactionFor(transactionId), transactionId);
    stopper.abort();
    await assert.rejects(endless);
    await owner.end(transactionId, 'rollback');
  } finally {
    await client.close();
  }
});

test('who gives up while it waits for a key lets the others through, in order', async () => {
  const { run } = createKeyedLock();
  const order: string[] = [];
  let release: () => void = () => undefined;
  const first = run('k', () => new Promise<void>((resolve) => (release = resolve)));
  const aborter = new AbortController();
  const second = run('k', async () => void order.push('second'), aborter.signal);
  const third = run('k', async () => void order.push('third'));
  aborter.abort(new Error('no longer'));
  await assert.rejects(second, /no longer/);
  assert.equal(order.length, 0);
  release();
  await Promise.all([first, third]);
  assert.equal(order.join(), 'third');
  await assert.rejects(
    run('k', async () => void order.push('never'), aborter.signal),
    /no longer/,
  );
});
