import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildBatch } from '../../src/arrow/index.ts';
import {
  connectFlightSql,
  createFlightHost,
  decodeDescriptor,
  decodeTicket,
  defaultLimits,
  encodeFlightInfo,
  type FlightEndpoint,
  type FlightServer,
  type FlightSqlClientOptions,
  methodService,
  unary,
} from '../../src/flight/index.ts';
import { createLogger } from '../../src/log.ts';
import { infoOf, numberSchema, sendStream } from '../../src/testing/scenarios/scenario.ts';
import { failsWith, rowsOf } from './running-server.ts';

const schema = numberSchema(true);

/** A Flight server that answers a ticket with the number in it, and remembers what it was sent. */
interface NumberServer {
  readonly uri: string;
  readonly host: string;
  readonly seen: { ticket: string; authorization: string | undefined; key: string | undefined }[];
  /** Where its infos point. */
  endpoints: readonly FlightEndpoint[];
  readonly server: FlightServer;
}

async function numberServer(): Promise<NumberServer> {
  const seen: NumberServer['seen'] = [];
  const server = createFlightHost({
    serve: methodService({
      GetFlightInfo: unary((_, message) =>
        encodeFlightInfo(infoOf(decodeDescriptor(message), schema, { endpoints: it.endpoints, ordered: true })),
      ),
      DoGet: async ({ call }) => {
        const ticket = Buffer.from(decodeTicket(await call.message())).toString('utf8');
        const header = (name: string) => call.headers[name] as string | undefined;
        seen.push({ ticket, authorization: header('authorization'), key: header('x-api-key') });
        await sendStream(call, schema, [buildBatch(schema, [[Number(ticket)]])]);
      },
    }),
    limits: defaultLimits,
    log: createLogger({ write: () => undefined }),
  });
  const host = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
  const it: NumberServer = { uri: `grpc://${host}`, host, seen, endpoints: [], server };
  return it;
}

let first: NumberServer;
let second: NumberServer;
before(async () => {
  [first, second] = await Promise.all([numberServer(), numberServer()]);
});
after(async () => {
  await Promise.all([first.server.close(), second.server.close()]);
});

const endpoint = (ticket: string, ...locations: readonly string[]): FlightEndpoint => ({
  ticket: Buffer.from(ticket),
  locations,
});

/** The numbers that come, and what each server was sent. */
async function read(endpoints: readonly FlightEndpoint[], options: Partial<FlightSqlClientOptions> = {}) {
  first.endpoints = endpoints;
  first.seen.length = 0;
  second.seen.length = 0;
  const client = connectFlightSql({
    uri: first.uri,
    token: 'mine',
    headers: { 'x-api-key': 'mine' },
    retries: 0,
    ...options,
  });
  try {
    const rows = await rowsOf(await client.query('SELECT 1', { headers: { 'x-api-key': 'of this call' } }));
    return { numbers: rows.flat(), first: [...first.seen], second: [...second.seen] };
  } finally {
    await client.close();
  }
}

const own = { authorization: 'Bearer mine', key: 'of this call' };
const nothing = { authorization: undefined, key: undefined };

test('endpoints are read in their order, wherever they lie', async () => {
  const seen = await read([
    endpoint('1'),
    endpoint('2', second.uri),
    endpoint('3', first.uri),
    endpoint('4', 'arrow-flight-reuse-connection://?'),
    endpoint('5', `grpc+tcp://${second.host}`),
  ]);
  assert.deepEqual(seen.numbers, [1, 2, 3, 4, 5]);
  assert.deepEqual(
    seen.first,
    ['1', '3', '4'].map((ticket) => ({ ticket, ...own })),
  );
  assert.deepEqual(
    seen.second,
    ['2', '5'].map((ticket) => ({ ticket, ...nothing })),
  );
});

test('another host gets the credentials given for it, and none else', async () => {
  const given = await read([endpoint('1', second.uri)], {
    credentials: { [second.host]: { username: 'u', password: 'p', headers: { 'x-api-key': 'theirs' } } },
  });
  const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
  assert.deepEqual(given.second, [{ ticket: '1', authorization: basic, key: 'theirs' }]);
  const elsewhere = await read([endpoint('1', second.uri)], { credentials: { '127.0.0.1:1': { token: 'other' } } });
  assert.deepEqual(elsewhere.second, [{ ticket: '1', ...nothing }]);
  const dressed = await read([endpoint('1', `grpc://${first.host}@${second.host}`, second.uri)]);
  assert.ok(dressed.second.every(({ authorization, key }) => authorization === undefined && key === undefined));
});

test('of several locations the first that answers is taken, and others than gRPC are passed over', async () => {
  const seen = await read([endpoint('7', 'https://127.0.0.1:1/x.parquet', 'grpc://127.0.0.1:1', second.uri)]);
  assert.deepEqual(seen.numbers, [7]);
  assert.deepEqual(seen.second, [{ ticket: '7', ...nothing }]);
  await assert.rejects(read([endpoint('8', 'grpc://127.0.0.1:1')]), failsWith('Unavailable', /127\.0\.0\.1:1/));
  await assert.rejects(
    read([endpoint('9', 's3://bucket/x.arrow')]),
    failsWith('Unsupported', /none of the locations.*s3:\/\/bucket/),
  );
  await assert.rejects(read([]), failsWith('DataInvalid', /no endpoint/));
});
