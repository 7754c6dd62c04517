import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { encodeSchema } from '../../src/arrow/index.ts';
import { endlessSql, eventually, failsWith, type RunningServer, rowsOf, runServer } from './running-server.ts';

let running: RunningServer;
let session: http2.ClientHttp2Session;
before(async () => {
  running = await runServer({ limits: { maxMessageBytes: 1 << 20, putIdleMs: 2000 } });
  session = http2.connect(`http://127.0.0.1:${running.port}`);
});
after(async () => {
  session.destroy();
  await running.close();
});

const flight = '/arrow.flight.protocol.FlightService/';
const message = (...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
};
const field = (number: number, value: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length, rest]), bytes]);
};

interface Answer {
  readonly status: string;
  readonly message: string;
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailersOnly: boolean;
  readonly bytes: number;
}

interface Sent {
  readonly headers?: http2.OutgoingHttpHeaders;
  readonly end?: boolean;
}

/** What the server answers to these bytes. */
function call(path: string, bytes: Uint8Array, { headers = {}, end = true }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let answer: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders | undefined;
    let count = 0;
    stream.on('response', (received) => (answer = received));
    stream.on('trailers', (received) => (trailers = received));
    stream.on('data', (chunk: Buffer) => (count += chunk.length));
    stream.on('error', reject);
    stream.on('close', () => {
      const last = trailers ?? answer;
      resolve({
        status: String(last['grpc-status']),
        message: decodeURIComponent(String(last['grpc-message'] ?? '')),
        headers: answer,
        trailersOnly: trailers === undefined,
        bytes: count,
      });
    });
    stream.write(bytes);
    if (end) stream.end();
  });
}

const stillAnswers = async (): Promise<void> =>
  assert.deepEqual(await rowsOf(await running.client.query('SELECT 1')), [[1]]);

test('an error before the first message is trailers only', async () => {
  const answer = await call(`${flight}Nonsense`, message());
  assert.equal(answer.status, '12');
  assert.equal(answer.trailersOnly, true);
  assert.equal(answer.headers[':status'], 200);
  assert.equal(answer.headers['content-type'], 'application/grpc');
});

test('methods without a use, other services and odd names are UNIMPLEMENTED', async () => {
  for (const path of [
    `${flight}DoExchange`,
    `${flight}constructor`,
    `${flight}toString`,
    '/other.Service/DoGet',
    '/',
    '/grpc.health.v1.Health/Burn',
  ]) {
    assert.equal((await call(path, message())).status, '12', path);
  }
});

test('malformed protobuf is INVALID_ARGUMENT', async () => {
  const wrong = [
    [0x0a],
    [0x0a, 0xff],
    [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [0x07],
    [0x00],
    [0x0b, 0x0c],
    Array<number>(12).fill(0xff),
  ];
  for (const bytes of wrong) {
    for (const method of ['DoGet', 'GetFlightInfo', 'GetSchema', 'DoPut', 'DoAction', 'ListFlights']) {
      const { status, message: text } = await call(flight + method, message(Buffer.from(bytes)));
      assert.equal(status, '3', `${method} ${bytes.join(' ')} ${text}`);
    }
  }
  await stillAnswers();
});

test('malformed tickets are refused', async () => {
  const any = (name: string, value: Uint8Array): Buffer =>
    Buffer.concat([field(1, `type.googleapis.com/arrow.flight.protocol.sql.${name}`), field(2, value)]);
  const ticket = (bytes: Uint8Array): Buffer => message(field(1, bytes));
  assert.equal((await call(`${flight}DoGet`, ticket(Buffer.from([0xff, 0xfe])))).status, '3');
  assert.equal(
    (await call(`${flight}DoGet`, ticket(any('TicketStatementQuery', field(1, 'no such ticket'))))).status,
    '3',
  );
  assert.equal(
    (await call(`${flight}DoGet`, ticket(any('TicketStatementQuery', field(1, '{"id":"gone"}'))))).status,
    '5',
  );
  const unknown = await call(`${flight}DoGet`, ticket(any('CommandGetSomething', field(1, 'x'))));
  assert.equal(unknown.status, '12');
  assert.match(unknown.message, /CommandGetSomething/);
  assert.equal((await call(`${flight}DoGet`, ticket(any('constructor', field(1, 'x'))))).status, '12');
  assert.equal((await call(`${flight}DoGet`, message())).status, '3');
});

test('action bodies that are no JSON are refused', async () => {
  for (const body of ['{', '[]', '"text"', 'null', '\xff\xfe']) {
    assert.equal(
      (await call(`${flight}DoAction`, message(field(1, 'list_tables'), field(2, Buffer.from(body, 'latin1'))))).status,
      '3',
      body,
    );
  }
});

test('a message over the limit is RESOURCE_EXHAUSTED, and a compressed one UNIMPLEMENTED', async () => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(0xfffffff0, 1);
  const { status, message: text } = await call(`${flight}DoPut`, prefix, { end: false });
  assert.equal(status, '8');
  assert.match(text, /4294967280 bytes/);
  assert.equal((await call(`${flight}DoGet`, Buffer.from([1, 0, 0, 0, 1, 0]))).status, '12');
  await stillAnswers();
});

test('a stream that ends in the middle of a message is refused', async () => {
  assert.equal((await call(`${flight}DoPut`, message(field(1, 'x')).subarray(0, 6))).status, '3');
  assert.equal((await call(`${flight}DoGet`, Buffer.from([0, 0]))).status, '3');
});

const putDescriptor = (table: string): Buffer => field(1, Buffer.concat([Buffer.from([8, 1]), field(3, table)]));
const schema = encodeSchema({
  fields: [{ name: 'a', type: { id: 'int', bitWidth: 64, signed: true }, nullable: true, children: [] }],
});

test('a put without messages, descriptor or schema is refused', async () => {
  assert.match((await call(`${flight}DoPut`, Buffer.alloc(0))).message, /without a message/);
  assert.match((await call(`${flight}DoPut`, message(field(2, schema)))).message, /no descriptor/);
  assert.match((await call(`${flight}DoPut`, message(putDescriptor('x')))).message, /no Arrow schema/);
  assert.equal(
    (await call(`${flight}DoPut`, message(putDescriptor('x'), field(2, 'this is no flatbuffer at all')))).status,
    '3',
  );
  assert.equal(
    (
      await call(
        `${flight}DoPut`,
        Buffer.concat([message(putDescriptor('x'), field(2, schema)), message(field(2, 'neither is this'))]),
      )
    ).status,
    '3',
  );
  assert.deepEqual(await running.lakehouse.listTables(), []);
});

test('a client that is killed in the middle of a put leaves nothing', async () => {
  const own = http2.connect(`http://127.0.0.1:${running.port}`);
  const stream = own.request({
    ':method': 'POST',
    ':path': `${flight}DoPut`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined); // it is destroyed below
  stream.write(message(putDescriptor('killed'), field(2, schema)));
  await eventually('the put runs', () => running.server.openCalls() === 1);
  own.destroy();
  await eventually('the put ended', () => running.server.openCalls() === 0);
  assert.deepEqual(await running.lakehouse.listTables(), []);
});

test('a stream that is reset stops its statement', async () => {
  const stream = session.request({
    ':method': 'POST',
    ':path': `${flight}DoGet`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined); // it is reset below
  stream.end(message(field(1, endlessSql)));
  await eventually('it runs', () => running.lakehouse.progress().length > 0);
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await eventually('it stopped', () => running.lakehouse.engine.stats().openResults === 0);
});

test('a deadline in any unit is kept', async () => {
  for (const timeout of ['200m', '200000u', '20000000n']) {
    const { status } = await call(`${flight}DoGet`, message(field(1, endlessSql)), {
      headers: { 'grpc-timeout': timeout },
    });
    assert.equal(status, '4', timeout);
  }
  await eventually('all stopped', () => running.lakehouse.engine.stats().openResults === 0);
});

test('a client that opens a call and says nothing is given up', async () => {
  assert.equal((await call(`${flight}DoGet`, Buffer.alloc(0), { end: false })).status, '4');
});

test('large headers are taken, larger ones refused without harm', async () => {
  const large = await call(`${flight}DoGet`, message(field(1, 'SELECT 1')), {
    headers: { 'x-large': 'x'.repeat(60 << 10) },
  });
  assert.equal(large.status, '0');
  await stillAnswers();
});

test('a query id and the error class of DuckDB are in the trailers, and the text is percent-encoded', async () => {
  const answer = await call(`${flight}DoGet`, message(field(1, "SELECT 'é'::INTEGER AS x")));
  assert.notEqual(answer.status, '0');
  assert.match(answer.message, /é/);
  assert.match(String(answer.headers['x-duckdb-error-type']), /onversion/);
  const placed = await call(`${flight}DoGet`, message(field(1, 'SELECT 1,\n  nosuch')));
  assert.equal(placed.headers['x-error-position'], '2:3');
});

test('what is our own fault says nothing to the client and all to the log', async () => {
  const broken = await runServer({
    actions: [
      {
        type: 'break',
        description: 'Fails.',
        parameters: [],
        required: [],
        run: () => Promise.reject(new TypeError('secret detail')),
      },
    ],
  });
  try {
    await assert.rejects(broken.client.doAction('break'), failsWith('Internal', /^internal error$/));
    assert.ok(broken.logged.some((line) => line.includes('secret detail') && line.includes('stack')));
  } finally {
    await broken.close();
  }
});

test('bytes that are no HTTP/2 end their connection only', async () => {
  const { connect } = await import('node:net');
  const socket = connect(running.port, '127.0.0.1');
  socket.on('error', () => undefined); // the server may reset it
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  await stillAnswers();
});
