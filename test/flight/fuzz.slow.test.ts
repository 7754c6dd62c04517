import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { test } from 'node:test';
import { encodeSchema } from '../../src/arrow/index.ts';
import { eventually, type RunningServer, runServer } from './running-server.ts';

const rounds = 4000;
const seed = Number(process.env.FUZZ_SEED ?? 20_241_124);
const flight = '/arrow.flight.protocol.FlightService/';

/** Below `limit`, the same numbers in each run. */
function randomNumbers(start: number): (limit: number) => number {
  let state = start;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function message(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

function field(number: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...length, rest]), bytes]);
}

const varint = (value: number): number[] => (value > 127 ? [(value & 127) | 128, ...varint(value >> 7)] : [value]);

/** Changes, doubles, drops and moves bytes. */
function mutate(bytes: Uint8Array, random: (limit: number) => number): Buffer {
  let result = Buffer.from(bytes);
  for (let i = 1 + random(4); i > 0; i--) {
    const at = random(result.length + 1);
    const kind = random(5);
    if (kind === 0) result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random(8))]);
    else if (kind === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(random(at + 1))]);
    else if (at < result.length)
      result[at] = kind === 2 ? random(256) : kind === 3 ? 0xff : (result[at] as number) ^ (1 << random(8));
  }
  return result;
}

/** Sends the bytes and gives the status. */
function call(session: http2.ClientHttp2Session, method: string, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': flight + method,
      'content-type': 'application/grpc',
      'grpc-timeout': '5S',
      te: 'trailers',
    });
    let status = -1;
    const told = (headers: http2.IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
    };
    stream.on('response', told);
    stream.on('trailers', told);
    stream.on('error', reject);
    stream.on('close', () => resolve(status));
    stream.resume();
    stream.end(bytes);
  });
}

async function withSession(work: (running: RunningServer, session: http2.ClientHttp2Session) => Promise<void>) {
  const running = await runServer({ limits: { putIdleMs: 2000, ticketIdleMs: 1000, maxMessageBytes: 1 << 22 } });
  const session = http2.connect(`http://127.0.0.1:${running.port}`);
  try {
    await running.lakehouse.engine.execute("CREATE TABLE t AS SELECT i, 'x' || i AS s FROM range(10) r(i)");
    await work(running, session);
    assert.deepEqual(await running.rows('SELECT count(*)::INTEGER AS n FROM t'), [{ n: 10 }]);
    // Results of tickets that nobody fetches are kept a while.
    await eventually('no result is open', () => running.lakehouse.engine.stats().openResults === 0);
    // What is our own fault is logged as an error.
    assert.deepEqual(running.logged.filter((line) => line.includes('"level":"error"')).slice(0, 3), []);
  } finally {
    session.destroy();
    await running.close();
  }
}

const any = (name: string, value: Uint8Array): Buffer =>
  Buffer.concat([field(1, `type.googleapis.com/arrow.flight.protocol.sql.${name}`), field(2, value)]);
const command = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([8, 2]), field(2, bytes)]);

const seeds: readonly (readonly [string, Uint8Array])[] = [
  ['GetFlightInfo', command(any('CommandStatementQuery', field(1, 'SELECT * FROM t')))],
  [
    'GetFlightInfo',
    command(any('CommandGetTables', Buffer.concat([field(1, 'memory'), field(2, 'main'), field(3, '%')]))),
  ],
  ['GetFlightInfo', command(Buffer.from('SELECT i FROM t'))],
  ['GetFlightInfo', Buffer.concat([Buffer.from([8, 1]), field(3, 'main'), field(3, 't')])],
  ['GetSchema', command(any('CommandStatementQuery', field(1, 'SELECT 1')))],
  ['DoGet', field(1, 'SELECT * FROM t')],
  ['DoGet', field(1, any('CommandGetSqlInfo', Buffer.from([8, 0, 8, 4])))],
  ['DoGet', field(1, any('TicketStatementQuery', field(1, '{"id":"x","sql":"SELECT 1"}')))],
  ['DoAction', Buffer.concat([field(1, 'describe'), field(2, '{"name": "t"}')])],
  [
    'DoAction',
    Buffer.concat([
      field(1, 'CreatePreparedStatement'),
      field(2, any('ActionCreatePreparedStatementRequest', field(1, 'SELECT ?'))),
    ]),
  ],
  ['ListFlights', field(1, 't')],
];

test(`${rounds} mutated requests get a status that is theirs, and the server answers after them`, () =>
  withSession(async (_, session) => {
    const random = randomNumbers(seed);
    const statuses = new Set<number>();
    for (let round = 0; round < rounds; round++) {
      const [method, bytes] = seeds[random(seeds.length)] as (typeof seeds)[0];
      const status = await call(session, method, message(mutate(bytes, random)));
      assert.ok(
        status >= 0 && status <= 16 && status !== 13 && status !== 2,
        `round ${round}: ${method} gave ${status}`,
      );
      statuses.add(status);
    }
    assert.ok(statuses.has(0) && statuses.has(3), [...statuses].join(' '));
  }));

test(`${rounds} mutated loads are stored or refused, and the server answers after them`, () =>
  withSession(async ({ lakehouse }, session) => {
    const random = randomNumbers(seed + 1);
    const result = await lakehouse.query(
      "SELECT i, 'text ' || i AS s, [i, NULL] AS l, {'a': i, 'b': 'x'} AS o, MAP {'k': i} AS m, i % 2 = 0 AS b, (['u', 'v'])[1 + i % 2]::ENUM ('u', 'v') AS e, i::DECIMAL(20, 2) AS d FROM range(50) r(i)",
    );
    const batches: Buffer[] = [];
    for await (const batch of result.batches) {
      batches.push(Buffer.concat([field(2, batch.metadata), field(1000, batch.body)]));
      batch.release();
    }
    const schema = encodeSchema(result.schema);
    const counts = { stored: 0, refused: 0 };
    for (let round = 0; round < rounds; round++) {
      const table = Buffer.concat([Buffer.from([8, 1]), field(3, `fuzzed${round % 50}`)]);
      const first = Buffer.concat([field(1, table), field(2, random(4) === 0 ? mutate(schema, random) : schema)]);
      const stream = [first, ...batches.map((batch) => (random(4) === 0 ? batch : mutate(batch, random)))];
      const status = await call(session, 'DoPut', Buffer.concat(stream.map(message)));
      assert.ok(status >= 0 && status <= 16 && status !== 13 && status !== 2, `round ${round}: gave ${status}`);
      counts[status === 0 ? 'stored' : 'refused']++;
    }
    assert.ok(counts.stored > 10 && counts.refused > 100, JSON.stringify(counts));
  }));
