import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http2 from 'node:http2';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHeaderDecoder } from '../../src/flight/http2/header-decoder.ts';
import { encodeHeaders } from '../../src/flight/http2/header-encoder.ts';
import { errorCodes, frame, frameFlags, frameTypes, preface, settingsFrame } from '../../src/flight/http2/protocol.ts';
import { createResetLimit } from '../../src/flight/http2/reset-limit.ts';
import { createSender } from '../../src/flight/http2/sender.ts';
import { createMutator } from './http2-fuzz.ts';
import { type EchoServer, startEchoServer } from './http2-server.ts';

let server: EchoServer;
before(async () => {
  server = await startEchoServer();
});
after(() => server.close());

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly trailers: http2.IncomingHttpHeaders;
}

function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body: Buffer = Buffer.alloc(0),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/echo', ...headers });
    const parts: Buffer[] = [];
    let echoed: Readonly<Record<string, string>> = {};
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on('response', (response) => {
      echoed = JSON.parse(Buffer.from(String(response['x-headers']), 'base64').toString());
    });
    stream.on('trailers', (received) => (trailers = received));
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', reject);
    stream.on('close', () => resolve({ headers: echoed, body: Buffer.concat(parts), trailers }));
    stream.end(body);
  });
}

async function withSession<T>(
  work: (session: http2.ClientHttp2Session) => Promise<T>,
  settings: http2.Settings = {},
): Promise<T> {
  const session = http2.connect(`http://127.0.0.1:${server.port}`, { settings });
  session.on('error', () => undefined);
  try {
    return await work(session);
  } finally {
    session.destroy();
  }
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('header blocks of RFC 7541, appendix C: without and with Huffman, on one table', () => {
  const first = [':method', ':scheme', ':path', ':authority'];
  for (const blocks of [
    [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  ]) {
    const decoder = createHeaderDecoder(4096);
    const [one, two, three] = blocks.map((block) =>
      decoder.decode(hex(block))?.map(({ name, value }) => `${name}: ${value}`),
    );
    assert.deepEqual(one, [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']);
    assert.deepEqual(two, [...(one as string[]), 'cache-control: no-cache']);
    assert.deepEqual(three, [
      ':method: GET',
      ':scheme: https',
      ':path: /index.html',
      ':authority: www.example.com',
      'custom-key: custom-value',
    ]);
    assert.deepEqual(
      first,
      one?.map((line) => line.split(/(?<=.):/)[0]),
    );
  }
});

test('headers of every length and every printable character arrive as a foreign client sent them', () =>
  withSession(async (session) => {
    let printable = '';
    for (let code = 33; code < 127; code++) printable += String.fromCharCode(code);
    const values = [
      printable,
      ...[0, 1, 125, 126, 127, 128, 254, 255, 300, 5000].map((length) => 'Z0_`'.repeat(length).slice(0, length)),
    ];
    for (const [i, value] of values.entries()) {
      const { headers } = await ask(session, { 'x-value': value, [`x-name-${i}`]: value });
      assert.equal(headers['x-value'], value);
      assert.equal(headers[`x-name-${i}`], value);
    }
    const { headers } = await ask(session, { cookie: 'a=1', 'x-list': ['one', 'two'], authorization: 'Basic x' });
    assert.deepEqual(
      [headers.cookie, headers['x-list'], headers.authorization, headers[':path']],
      ['a=1', 'one, two', 'Basic x', '/echo'],
    );
  }));

test('header values that were encoded are decoded again', () => {
  const decoder = createHeaderDecoder(1 << 20);
  for (let i = 0; i < 300; i++) {
    const headers = { ':status': '200', 'grpc-status': String(i), 'x-text': randomBytes(i).toString('base64') };
    const fields = decoder.decode(encodeHeaders(headers))?.map(({ name, value }) => [name, value]);
    assert.deepEqual(fields, Object.entries(headers));
  }
});

test('bodies come back whole over small and large windows, many at once', async () => {
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  for (const settings of [{ initialWindowSize: 100 }, { initialWindowSize: 1 << 20, maxFrameSize: 1 << 20 }, {}]) {
    await withSession(async (session) => {
      const bodies = [0, 1, 100, 65_535, 65_536, 3_000_000].map((size) =>
        randomBytes(Math.min(size, settings.initialWindowSize === 100 ? 20_000 : size)),
      );
      const answers = await Promise.all(bodies.map((body) => ask(session, {}, body)));
      for (const [i, { body, trailers }] of answers.entries()) {
        assert.equal(digest(body), digest(bodies[i] as Buffer));
        assert.equal(Number(trailers['x-bytes']), bodies[i]?.byteLength);
      }
    }, settings);
  }
});

test('a body that is not as long as declared is refused, and the connection goes on', () =>
  withSession(async (session) => {
    await assert.rejects(ask(session, { 'content-length': 5 }, Buffer.from('four')), /PROTOCOL_ERROR/);
    assert.equal((await ask(session, { 'content-length': 4 }, Buffer.from('four'))).body.toString(), 'four');
  }));

/** What a client that speaks bytes gets back, until the server closes or has been silent for a while. */
async function raw(...bytes: readonly Buffer[]): Promise<Buffer> {
  const socket = net.connect(server.port, '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const part of bytes) socket.write(part);
  await Promise.race([closed, sleep(1500)]);
  socket.destroy();
  return Buffer.concat(parts);
}

function payloadsOf(type: number, bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 9 <= bytes.byteLength; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === type) found.push(bytes.subarray(at + 9, at + 9 + bytes.readUIntBE(at, 3)));
  return found;
}

/** The code of the GOAWAY among the frames. */
const goAwayOf = (bytes: Buffer): number | undefined => payloadsOf(frameTypes.GOAWAY, bytes)[0]?.readUInt32BE(4);

const start = [preface, settingsFrame([])];
const requestBlock = encodeHeaders({ ':method': 'POST', ':scheme': 'http', ':path': '/' });
const headersFrame = (streamId: number, block = requestBlock): Buffer =>
  frame({ type: frameTypes.HEADERS, flags: frameFlags.END_HEADERS, streamId }, block);
const zero = Buffer.alloc(0);

test('a connection that breaks the protocol is ended with the code the RFC names', async () => {
  const cases: readonly (readonly [string, number, readonly Buffer[]])[] = [
    ['no SETTINGS first', errorCodes.PROTOCOL_ERROR, [preface, headersFrame(1)]],
    ['an even stream', errorCodes.PROTOCOL_ERROR, [...start, headersFrame(2)]],
    ['streams that go back', errorCodes.PROTOCOL_ERROR, [...start, headersFrame(5), headersFrame(3)]],
    ['DATA of an idle stream', errorCodes.PROTOCOL_ERROR, [...start, frame({ type: 0, flags: 0, streamId: 1 }, zero)]],
    ['PUSH_PROMISE', errorCodes.PROTOCOL_ERROR, [...start, frame({ type: 5, flags: 0, streamId: 1 }, Buffer.alloc(4))]],
    [
      'a large frame',
      errorCodes.FRAME_SIZE_ERROR,
      [...start, headersFrame(1), frame({ type: 0, flags: 0, streamId: 1 }, Buffer.alloc(16_385))],
    ],
    [
      'no HPACK',
      errorCodes.COMPRESSION_ERROR,
      [...start, headersFrame(1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
    ],
    ['an index that is none', errorCodes.COMPRESSION_ERROR, [...start, headersFrame(1, Buffer.from([0xbe]))]],
    ['CONTINUATION of nothing', errorCodes.PROTOCOL_ERROR, [...start, frame({ type: 9, flags: 4, streamId: 1 }, zero)]],
    [
      'a window too large',
      errorCodes.FLOW_CONTROL_ERROR,
      [...start, frame({ type: 8, flags: 0, streamId: 0 }, hex('7fffffff'))],
    ],
    [
      'endless CONTINUATION',
      errorCodes.ENHANCE_YOUR_CALM,
      [
        ...start,
        frame({ type: 1, flags: 0, streamId: 1 }, requestBlock),
        ...Array.from({ length: 1100 }, () => frame({ type: 9, flags: 0, streamId: 1 }, zero)),
      ],
    ],
    [
      'headers beyond the limit',
      errorCodes.ENHANCE_YOUR_CALM,
      [
        ...start,
        frame({ type: 1, flags: 0, streamId: 1 }, requestBlock),
        ...Array.from({ length: 5 }, () => frame({ type: 9, flags: 0, streamId: 1 }, Buffer.alloc(16_000))),
      ],
    ],
    [
      'empty DATA again and again',
      errorCodes.ENHANCE_YOUR_CALM,
      [
        ...start,
        headersFrame(1),
        ...Array.from({ length: 1100 }, () => frame({ type: 0, flags: 0, streamId: 1 }, zero)),
      ],
    ],
    [
      'streams opened and reset',
      errorCodes.ENHANCE_YOUR_CALM,
      [
        ...start,
        ...Array.from({ length: 1500 }, (_, i) => [
          headersFrame(2 * i + 1),
          frame({ type: 3, flags: 0, streamId: 2 * i + 1 }, Buffer.alloc(4)),
        ]).flat(),
      ],
    ],
  ];
  await Promise.all(cases.map(async ([what, code, bytes]) => assert.equal(goAwayOf(await raw(...bytes)), code, what)));
  assert.equal((await raw(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).includes('HTTP/1.1'), false);
});

test('frames that are cut anywhere are put together again', async () => {
  const request = [
    ...start,
    headersFrame(1),
    frame({ type: 0, flags: frameFlags.PADDED, streamId: 1 }, Buffer.from([3, 65, 66, 0, 0, 0])),
    frame({ type: 0, flags: frameFlags.END_STREAM, streamId: 1 }, Buffer.from('CD')),
  ];
  const bytes = Buffer.concat(request);
  const socket = net.connect(server.port, '127.0.0.1').setNoDelay(true);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]));
    await sleep(0);
  }
  const until = Date.now() + 5000;
  while (Date.now() < until && !Buffer.concat(parts).includes('x-bytes')) await sleep(10);
  socket.destroy();
  assert.equal(Buffer.concat(payloadsOf(frameTypes.DATA, Buffer.concat(parts))).toString(), 'ABCD');
});

test('a client that reads no answers to its pings is given up', async () => {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.pause();
  socket.write(Buffer.concat(start));
  const ping = frame({ type: frameTypes.PING, flags: 0, streamId: 0 }, Buffer.alloc(8));
  const pings = Buffer.concat(Array.from({ length: 5000 }, () => ping));
  let ended = false;
  void closed.then(() => (ended = true));
  for (let i = 0; i < 400 && !ended; i++) {
    socket.write(pings);
    await sleep(1);
  }
  assert.ok(
    server.errors.some((error) => /are not read|ECONNRESET|EPIPE/.test(error)),
    server.errors.join(),
  );
  socket.destroy();
});

test('resets are allowed in a burst, and at a rate', () => {
  let time = 0;
  const limit = createResetLimit(() => time);
  for (let i = 0; i < 1000; i++) assert.ok(limit.allow());
  assert.equal(limit.allow(), false);
  time += 1000;
  for (let i = 0; i < 40; i++) assert.ok(limit.allow());
});

test('a connection that is closed finishes its streams and takes no more', async () => {
  const own = await startEchoServer();
  const session = http2.connect(`http://127.0.0.1:${own.port}`);
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.write('before');
  await new Promise((resolve) => stream.once('data', resolve));
  own.closeConnections();
  await new Promise((resolve) => session.once('goaway', resolve));
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.end(' and after');
  await new Promise((resolve) => stream.once('close', resolve));
  assert.equal(Buffer.concat(parts).toString(), ' and after');
  const until = Date.now() + 5000;
  while (own.connections() > 0 && Date.now() < until) await sleep(10);
  assert.equal(own.connections(), 0);
  session.destroy();
  await own.close();
});

test('mutated connections end or are answered, and the server goes on', async () => {
  const mutate = createMutator(20_251_124);
  for (let round = 0; round < 40; round++) await Promise.all(Array.from({ length: 10 }, () => mutate(server.port)));
  await withSession(async (session) =>
    assert.equal((await ask(session, {}, Buffer.from('still'))).body.toString(), 'still'),
  );
});

test('an answer too many ends the connection without throwing at whoever answers', async () => {
  const socket = new Duplex({ read: () => undefined, write: () => undefined });
  const failed = new Promise<Error>((resolve) => socket.once('error', resolve));
  const sender = createSender(socket);
  for (let i = 0; i < 10_100; i++) sender.control(Buffer.alloc(9));
  assert.match((await failed).message, /are not read/);
  assert.ok(socket.destroyed);
});
