import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  cancelStatus,
  commandDescriptor,
  decodeEndpoint,
  decodeStatusResult,
  encodeCancelRequest,
  encodeRenewRequest,
  type FlightDescriptor,
  type FlightEndpoint,
  type PollInfo,
} from '../../src/flight/proto/messages.ts';
import { endlessSql, eventually, failsWith, type RunningServer, runServer } from './running-server.ts';
import { sqlMessage, text, type WireClient, wireClient } from './wire-client.ts';

let running: RunningServer;
let client: WireClient;
before(async () => {
  running = await runServer({ limits: { pollWaitMs: 100 } });
  client = wireClient(running.port);
});
after(async () => {
  client.close();
  await running.close();
});

const statement = (sql: string): FlightDescriptor =>
  commandDescriptor(sqlMessage('CommandStatementQuery', text(1, sql)));
/** Computes for some seconds, and tells how far it is. */
const slowSql = 'SELECT sum(hash(range) % 10)::BIGINT AS total FROM range(150000000)';

async function pollToEnd(first: FlightDescriptor): Promise<readonly PollInfo[]> {
  const polls: PollInfo[] = [];
  for (let next: FlightDescriptor | undefined = first; next !== undefined; next = polls.at(-1)?.descriptor)
    polls.push(await client.poll(next));
  return polls;
}

test('a quick query is ready soon, its progress whole', async () => {
  const { info, descriptor, progress, expirationTime } = (await pollToEnd(statement('SELECT 1 AS one'))).at(
    -1,
  ) as PollInfo;
  assert.deepEqual([descriptor, progress, expirationTime], [undefined, 1, undefined]);
  assert.ok(info.schema);
  assert.deepEqual(await client.rows(info), [[1]]);
  const metadata = (await pollToEnd(commandDescriptor(sqlMessage('CommandGetTableTypes')))).at(-1) as PollInfo;
  assert.equal((await client.rows(metadata.info)).length, 4);
});

test('a slow query says how far it is, runs once, and is fetched when it is ready', async () => {
  const polls = await pollToEnd(statement(slowSql));
  assert.ok(polls.length > 1, 'it was polled more than once');
  for (const { info, descriptor, progress, expirationTime } of polls.slice(0, -1)) {
    assert.ok(
      descriptor !== undefined && expirationTime !== undefined && expirationTime.getTime() > Date.now() - 60_000,
    );
    assert.deepEqual([info.endpoints, info.schema], [[], undefined]);
    assert.ok(progress === undefined || (progress >= 0 && progress <= 1));
  }
  const last = polls.at(-1) as PollInfo;
  assert.equal(last.progress, 1);
  const [[total]] = (await client.rows(last.info)) as [[bigint]];
  assert.ok(total > 600_000_000n);
  assert.deepEqual(
    running.lakehouse.progress().map(({ sql }) => sql),
    [],
  );
});

test('the progress is that of the statement', async () => {
  const first = await client.poll(statement(`CREATE TABLE slow AS ${slowSql}`));
  assert.ok(first.descriptor);
  const { queryId } = JSON.parse(Buffer.from(first.info.appMetadata).toString()) as { queryId: string };
  const [known] = running.lakehouse.progress(queryId);
  assert.match(known?.sql ?? '', /CREATE TABLE slow/);
  const last = (await pollToEnd(first.descriptor)).at(-1);
  assert.equal(last?.progress, 1);
  assert.equal((await running.rows('SELECT count(*)::INTEGER AS n FROM slow'))[0]?.n, 1);
  // Asked again, the answer is the same: the statement has run once.
  assert.deepEqual((await client.poll(first.descriptor)).info, last?.info);
});

test('CancelFlightInfo with the info of an unfinished query stops it', async () => {
  const { info, descriptor } = await client.poll(statement(endlessSql));
  assert.ok(descriptor);
  const [result] = await client.action('CancelFlightInfo', encodeCancelRequest(info));
  assert.equal(decodeStatusResult(result ?? new Uint8Array(0)), cancelStatus.cancelled);
  await eventually('it stopped', () => running.lakehouse.progress().length === 0);
});

test('a cancelled query is told to be: it was ready for whoever asked after it, and ran anew when it was fetched', async () => {
  const { info, descriptor } = await client.poll(statement(endlessSql));
  assert.ok(descriptor);
  await client.action('CancelFlightInfo', encodeCancelRequest(info));
  await assert.rejects(client.poll(descriptor), failsWith('Cancelled', /cancelled/));
  const waiting = await client.info(sqlMessage('CommandStatementQuery', text(1, endlessSql)));
  await client.action('CancelFlightInfo', encodeCancelRequest(waiting));
  await assert.rejects(client.rows(waiting), failsWith('Cancelled', /cancelled/));
  await eventually('it stopped', () => running.lakehouse.progress().length === 0);
});

test('a statement that fails says so to whoever asks', async () => {
  await assert.rejects(pollToEnd(statement('SELECT * FROM nowhere')), failsWith('NotFound', /nowhere/));
  await assert.rejects(
    pollToEnd(statement("SELECT error('too late') FROM range(3)")),
    failsWith('InvalidArgument', /too late/),
  );
});

test('a query that nobody asks after is stopped', async () => {
  const brief = await runServer({ limits: { ticketIdleMs: 300, pollWaitMs: 100 } });
  const other = wireClient(brief.port);
  const { descriptor } = await other.poll(statement(endlessSql));
  assert.ok(descriptor);
  await eventually('it stopped', () => brief.lakehouse.progress().length === 0);
  await assert.rejects(other.poll(descriptor), failsWith('NotFound', /no longer kept/));
  other.close();
  await brief.close();
});

test('the descriptor of a poll is good for its user only', async () => {
  const secured = await runServer({ auth: { username: 'jane', password: 'pass', tokens: ['static-token'] } });
  const jane = wireClient(secured.port);
  await jane.handshake('jane', 'pass');
  await assert.rejects(
    jane.poll(commandDescriptor('duckhouse.poll:00000000-0000-0000-0000-000000000000')),
    failsWith('NotFound', /no longer kept/),
  );
  jane.close();
  await secured.close();
});

const renew = async (endpoint: FlightEndpoint): Promise<FlightEndpoint> =>
  decodeEndpoint((await client.action('RenewFlightEndpoint', encodeRenewRequest(endpoint)))[0] as Uint8Array);

test('a result that may be fetched again says until when, and is kept longer when asked', async () => {
  const info = await client.info(sqlMessage('CommandStatementQuery', text(1, 'CREATE TABLE renewed AS SELECT 1 AS a')));
  const [endpoint] = info.endpoints;
  assert.ok(endpoint?.expirationTime && endpoint.expirationTime.getTime() > Date.now());
  await pause(5);
  const later = await renew(endpoint);
  assert.deepEqual(Buffer.from(later.ticket), Buffer.from(endpoint.ticket));
  assert.ok((later.expirationTime?.getTime() ?? 0) > endpoint.expirationTime.getTime());
  for (let i = 0; i < 2; i++) await client.rows({ ...info, endpoints: [later] });
});

test('a result that is kept long is kept as long again: renewing it cut it to a minute', async () => {
  const brief = await runServer({ limits: { ticketIdleMs: 50 } });
  const other = wireClient(brief.port, { 'x-duckhouse-keep-seconds': '600' });
  const info = await other.info(sqlMessage('CommandStatementQuery', text(1, 'SELECT 1 AS a')));
  const body = encodeRenewRequest(info.endpoints[0] as FlightEndpoint);
  const renewed = decodeEndpoint((await other.action('RenewFlightEndpoint', body))[0] as Uint8Array);
  assert.ok((renewed.expirationTime?.getTime() ?? 0) > Date.now() + 500_000);
  await pause(300);
  assert.deepEqual(await other.rows(info), [[1]]);
  other.close();
  await brief.close();
});

test('what is not kept cannot be renewed', async () => {
  const ticket = sqlMessage('CommandGetTableTypes');
  await assert.rejects(
    renew({ ticket, locations: [] }),
    failsWith('InvalidArgument', /only the result of a statement/),
  );
  const brief = await runServer({ limits: { ticketIdleMs: 50 } });
  const other = wireClient(brief.port);
  const info = await other.info(sqlMessage('CommandStatementQuery', text(1, 'CREATE TABLE t(a INTEGER)')));
  await pause(300);
  const [endpoint] = info.endpoints as [FlightEndpoint];
  await assert.rejects(
    other.action('RenewFlightEndpoint', encodeRenewRequest(endpoint)),
    failsWith('NotFound', /no longer kept/),
  );
  other.close();
  await brief.close();
});
