import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import http2, { type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { buildBatch, encodeSchema } from '../../src/arrow/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { encodeFlightData, grpcMessage } from '../../src/flight/proto/flight-data.ts';
import {
  commandDescriptor,
  decodeFlightInfo,
  decodePutResult,
  encodeAction,
  encodeCancelRequest,
  encodeDescriptor,
  encodeTicket,
} from '../../src/flight/proto/messages.ts';
import {
  decodeOptionErrors,
  encodeSessionOptions,
  sessionOptionErrors,
} from '../../src/flight/proto/session-messages.ts';
import { decodeUpdateResult, unpackAny } from '../../src/flight/proto/sql-messages.ts';
import { bytesField, bytesOf, fieldMap, intField, messageField } from '../../src/flight/proto/wire.ts';
import { type RunningServer, rowsOf, runServer } from './running-server.ts';
import { infoValues, sqlMessage, text, wireClient } from './wire-client.ts';

// What the protocol asks for in so many words, and other servers get wrong: asked by hand, with the bytes looked at.
let running: RunningServer;
before(async () => {
  running = await runServer({ auth: { username: 'jane', password: 'se:cr:et' } });
});
after(() => running.close());

const basic = `Basic ${Buffer.from('jane:se:cr:et').toString('base64').replace(/=+$/, '')}`;

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly messages: readonly Buffer[];
}

/** One call; of an answer that is trailers alone they are the headers too. */
async function call(method: string, messages: readonly Uint8Array[], own: IncomingHttpHeaders = {}): Promise<Answer> {
  const session = http2.connect(`http://127.0.0.1:${running.port}`);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/arrow.flight.protocol.FlightService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: basic,
      ...own,
    });
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.once('response', (received) => (headers = received));
    stream.once('trailers', (received) => (trailers = received));
    for (const message of messages) stream.write(message);
    stream.end();
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return {
      headers,
      trailers: 'grpc-status' in headers ? headers : trailers,
      messages: framed(Buffer.concat(chunks)),
    };
  } finally {
    session.close();
  }
}

function framed(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

const statusOf = ({ trailers }: Answer): number => Number(trailers['grpc-status']);
const infoOf = async (sql: string): Promise<ReturnType<typeof decodeFlightInfo>> => {
  const command = sqlMessage('CommandStatementQuery', text(1, sql));
  const { messages } = await call('GetFlightInfo', [grpcMessage(encodeDescriptor(commandDescriptor(command)))]);
  return decodeFlightInfo(messages[0] as Buffer);
};
const action = (type: string, body: Uint8Array, own?: IncomingHttpHeaders): Promise<Answer> =>
  call('DoAction', [grpcMessage(encodeAction(type, body))], own);
const bodyOf = ({ messages }: Answer): Uint8Array => bytesOf(fieldMap(messages[0] as Buffer), 1);
const count = async (table: string): Promise<unknown> =>
  (await running.rows(`SELECT count(*)::INTEGER AS n FROM ${table}`))[0]?.n;

test('a handshake answers with the token in its headers and in its trailers, other calls with none', async () => {
  const shaken = await call('Handshake', []);
  assert.equal(statusOf(shaken), 0);
  assert.match(String(shaken.headers.authorization), /^Bearer /);
  assert.equal(shaken.trailers.authorization, shaken.headers.authorization);
  const { authorization } = shaken.headers;
  const answer = await call('ListActions', [grpcMessage(new Uint8Array(0))], { authorization });
  assert.equal(statusOf(answer), 0);
  assert.deepEqual([answer.headers.authorization, answer.trailers.authorization], [undefined, undefined]);
});

test('credentials that are wrong, stale or missing are UNAUTHENTICATED, so that a client logs in again', async () => {
  for (const authorization of ['Bearer x.y.z', 'Bearer', `Basic ${btoa('jane:se')}`, 'Digest x', '']) {
    const answer = await call('ListActions', [grpcMessage(new Uint8Array(0))], { authorization });
    assert.equal(statusOf(answer), 16, authorization);
  }
});

test('FlightData is written in the order of its fields, the schema first and without a marker', async () => {
  const info = await infoOf("SELECT 1 AS a, 'x' AS b WHERE false");
  const { messages } = await call('DoGet', [grpcMessage(encodeTicket(info.endpoints[0]?.ticket ?? ''))]);
  assert.equal(messages.length, 1, 'the schema, with no rows too');
  assert.equal(messages[0]?.[0], 0x12);
  const rows = await infoOf('SELECT i, i::VARCHAR AS s FROM range(3000) t(i)');
  const answer = await call('DoGet', [grpcMessage(encodeTicket(rows.endpoints[0]?.ticket ?? ''))]);
  assert.ok(answer.messages.length >= 2);
  for (const message of answer.messages) {
    assert.equal(message[0], 0x12, 'data_header');
    const header = bytesOf(fieldMap(message), 2);
    assert.notEqual(Buffer.from(header).readUInt32LE(0), 0xffffffff, 'a bare flatbuffer');
  }
  const batch = answer.messages[1] as Buffer;
  const body = batch.indexOf(Buffer.from([0xc2, 0x3e]));
  assert.ok(body > bytesOf(fieldMap(batch), 2).byteLength, 'data_body is field 1000, behind the header');
  assert.ok(
    rows.endpoints.every(({ locations, expirationTime }) => locations.length === 0 && expirationTime === undefined),
  );
});

test('a ticket outlives the connection that asked for it', async () => {
  for (let i = 0; i < 4; i++) {
    const info = await infoOf(`SELECT ${i} AS a`);
    const answer = await call('DoGet', [grpcMessage(encodeTicket(info.endpoints[0]?.ticket ?? ''))]);
    assert.equal(statusOf(answer), 0, String(answer.trailers['grpc-message']));
    assert.equal(answer.messages.length, 2);
  }
});

const numbers = {
  fields: [{ name: 'a', type: { id: 'int', bitWidth: 32, signed: true }, nullable: true, children: [] }],
} as const;

test('messages without data may come between those of a put', async () => {
  const { metadata, body } = buildBatch(numbers, [[1, 2, 3]]);
  const none = new Uint8Array(0);
  const note = Buffer.concat([messageField(3, Buffer.from('still here'))]);
  const answer = await call('DoPut', [
    encodeFlightData({
      descriptor: encodeDescriptor(
        commandDescriptor(sqlMessage('CommandStatementIngest', bytesField(1, ingest(1, 1)), text(2, 'noted'))),
      ),
      header: encodeSchema(numbers),
      body: none,
    }),
    grpcMessage(note),
    encodeFlightData({ header: metadata, body }),
    grpcMessage(note),
    encodeFlightData({ header: metadata, body }),
  ]);
  assert.equal(statusOf(answer), 0, String(answer.trailers['grpc-message']));
  assert.equal(answer.messages.length, 1, 'one result, at the end');
  assert.equal(decodeUpdateResult(decodePutResult(answer.messages[0] as Buffer)), 6);
  assert.equal(await count('noted'), 6);
});

/** TableDefinitionOptions: what to do when the table is not there, and when it is. */
const ingest = (ifNotExist: number, ifExists: number): Uint8Array =>
  Buffer.concat([intField(1, ifNotExist), intField(2, ifExists)]);

test('an ingest that does not say what it wants is refused, and leaves nothing', async () => {
  const put = (...fields: readonly Uint8Array[]): Promise<Answer> => {
    const { metadata, body } = buildBatch(numbers, [[1]]);
    const descriptor = encodeDescriptor(commandDescriptor(sqlMessage('CommandStatementIngest', ...fields)));
    return call('DoPut', [
      encodeFlightData({ descriptor, header: encodeSchema(numbers), body: new Uint8Array(0) }),
      encodeFlightData({ header: metadata, body }),
    ]);
  };
  for (const [what, ...fields] of [
    ['no options', text(2, 'unsaid')],
    ['unspecified', bytesField(1, ingest(0, 0)), text(2, 'unsaid')],
    ['only the one', bytesField(1, ingest(1, 0)), text(2, 'unsaid')],
    ['only the other', bytesField(1, ingest(0, 2)), text(2, 'unsaid')],
    ['out of range', bytesField(1, ingest(9, 9)), text(2, 'unsaid')],
    ['fails anyway', bytesField(1, ingest(2, 1)), text(2, 'unsaid')],
    ['no table', bytesField(1, ingest(1, 2))],
    ['temporary in a schema', bytesField(1, ingest(1, 2)), text(2, 'unsaid'), text(3, 'main'), intField(5, 1)],
    ['temporary in a catalog', bytesField(1, ingest(1, 2)), text(2, 'unsaid'), text(4, 'memory'), intField(5, 1)],
  ] as const)
    assert.equal(statusOf(await put(...fields)), 3, what);
  assert.deepEqual(await running.rows("SELECT * FROM duckdb_tables() WHERE table_name = 'unsaid'"), []);
});

test('whatever part of a name is missing, a statement and a load are told NOT_FOUND; a table is looked for elsewhere', async () => {
  await running.lakehouse.engine.execute('CREATE SCHEMA apart; CREATE TABLE apart.orders_kept(a INTEGER)');
  const load = (...names: readonly Uint8Array[]): Promise<Answer> => {
    const command = sqlMessage('CommandStatementIngest', bytesField(1, ingest(2, 2)), text(2, 'orders_kept'), ...names);
    const descriptor = encodeDescriptor(commandDescriptor(command));
    return call('DoPut', [encodeFlightData({ descriptor, header: encodeSchema(numbers), body: new Uint8Array(0) })]);
  };
  const query = (sql: string): Promise<Answer> =>
    call('GetFlightInfo', [
      grpcMessage(encodeDescriptor(commandDescriptor(sqlMessage('CommandStatementQuery', text(1, sql))))),
    ]);
  const outcome = async (answer: Answer): Promise<readonly unknown[]> => [
    statusOf(answer),
    answer.trailers['x-sqlstate'],
    decodeURIComponent(String(answer.trailers['grpc-message'])).replace(/.*; /, ''),
  ];
  for (const [what, answer, sqlState] of [
    ['a load into a schema', await load(text(3, 'nosuch')), '3F000'],
    ['a load into a catalog', await load(text(4, 'nosuch')), '3D000'],
    ['the schema of a table', await query('FROM nosuch.orders_kept'), '42P01'],
    ['the schema of a new table', await query('CREATE TABLE nosuch.t(a INTEGER)'), '3F000'],
    ['the catalog of a table', await query('FROM nosuch.main.orders_kept'), '3D000'],
    ['USE', await query('USE nosuch'), '3F000'],
    ['DETACH', await query('DETACH nosuch'), '3D000'],
  ] as const)
    assert.deepEqual((await outcome(answer)).slice(0, 2), [5, sqlState], what);
  for (const [sql, hint] of [
    ['FROM orders_kept', 'did you mean apart.orders_kept?'],
    ['FROM orders_kep', 'did you mean apart.orders_kept?'],
    ['DROP TABLE orders_kept', 'did you mean apart.orders_kept?'],
  ] as const)
    assert.deepEqual(await outcome(await query(sql)), [5, '42P01', hint], sql);
  assert.deepEqual(await outcome(await load(text(3, 'apar'))), [5, '3F000', 'schema memory.apar does not exist']);
});

test('preparing runs nothing; what is bound is answered with the handle, and no parameters are no error', async () => {
  await running.lakehouse.engine.execute('CREATE TABLE bound(a INTEGER, b VARCHAR)');
  const client = wireClient(running.port);
  try {
    await client.handshake('jane', 'se:cr:et');
    const prepared = await client.prepare("INSERT INTO bound VALUES (1, 'x')");
    assert.equal(await count('bound'), 0);
    assert.deepEqual(
      [prepared.isUpdate, prepared.datasetSchema?.fields, prepared.parameterSchema?.fields],
      [true, [], []],
    );
    assert.equal(await prepared.update([buildBatch({ fields: [] }, [])]), 1);
    assert.equal(await prepared.update(), 1);
    const query = await client.prepare('SELECT a, $1 AS given FROM bound WHERE b = $2');
    const parameters = {
      fields: [0, 1].map((i) => ({ ...numbers.fields[0], name: `${i}`, type: { id: 'utf8' } as const })),
    };
    assert.ok(query.parameterSchema?.fields.every(({ nullable }) => nullable));
    assert.deepEqual(
      query.parameterSchema?.fields.map(({ name }) => name),
      ['1', '2'],
    );
    const bind = (values: readonly (readonly (string | null)[])[]): Promise<Answer> => {
      const { metadata, body } = buildBatch(parameters, values as string[][]);
      const descriptor = encodeDescriptor(
        commandDescriptor(sqlMessage('CommandPreparedStatementQuery', bytesField(1, query.handle))),
      );
      return call(
        'DoPut',
        [
          encodeFlightData({ descriptor, header: encodeSchema(parameters), body: new Uint8Array(0) }),
          encodeFlightData({ header: metadata, body }),
        ],
        { authorization: client.headers.authorization, cookie: client.headers.cookie },
      );
    };
    const answer = await bind([[null], ['x']]);
    assert.deepEqual(bytesOf(fieldMap(decodePutResult(answer.messages[0] as Buffer)), 1), query.handle);
    assert.deepEqual(await query.query(), [
      [1, null],
      [1, null],
    ]);
    await bind([['null'], ["it's; --"]]);
    assert.deepEqual(await query.query(), []);
    // Rows that hold a null among values: their results follow each other, each column of one type.
    await bind([
      ['p', null, 'q'],
      ['x', 'x', 'x'],
    ]);
    const each = ['p', null, 'q'].flatMap((given) => [
      [1, given],
      [1, given],
    ]);
    assert.deepEqual(await query.query(), each);
  } finally {
    client.close();
  }
});

test('session options are taken as they are, quotes and all, and only what is refused is told', async () => {
  await running.lakehouse.engine.execute(
    `CREATE SCHEMA "it's ""odd"""; CREATE TABLE "it's ""odd""".here AS SELECT 7 AS n`,
  );
  const shaken = await call('Handshake', []);
  const { authorization } = shaken.headers;
  const set = await action(
    'SetSessionOptions',
    encodeSessionOptions(
      new Map<string, string | bigint>([
        ['schema', `it's "odd"`],
        ['TimeZone', 'Nowhere/At All'],
        ['nosuch option', 'x'],
        ['catalog', 7n],
      ]),
    ),
    { authorization },
  );
  assert.deepEqual(
    [...decodeOptionErrors(bodyOf(set))].sort(([a], [b]) => a.localeCompare(b)),
    [
      ['catalog', sessionOptionErrors.invalidValue],
      ['nosuch option', sessionOptionErrors.invalidName],
      ['TimeZone', sessionOptionErrors.invalidValue],
    ],
  );
  const client = running.connect();
  const rows = await client
    .query('SELECT n FROM here', { headers: { authorization: String(authorization) } })
    .then(rowsOf, (error: unknown) => error);
  assert.deepEqual(rows, [[7]]);
});

test('a query that is not there cannot be cancelled: NOT_FOUND', async () => {
  const info = await infoOf('SELECT 1');
  for (const appMetadata of [Buffer.from('{"queryId":"nobody"}'), Buffer.from('other'), new Uint8Array(0)])
    assert.equal(statusOf(await action('CancelFlightInfo', encodeCancelRequest({ ...info, appMetadata }))), 5);
});

test('the results of Flight SQL actions are packed, those of Flight actions are not', async () => {
  const created = await action(
    'CreatePreparedStatement',
    sqlMessage('ActionCreatePreparedStatementRequest', text(1, 'SELECT 1')),
  );
  assert.equal(unpackAny(bodyOf(created))?.name, 'ActionCreatePreparedStatementResult');
  const begun = await action('BeginTransaction', sqlMessage('ActionBeginTransactionRequest'));
  assert.equal(unpackAny(bodyOf(begun))?.name, 'ActionBeginTransactionResult');
  const closed = await action('CloseSession', new Uint8Array(0));
  assert.equal(unpackAny(bodyOf(closed)), undefined);
});

test('a database that cannot be written says so in SqlInfo', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-rules-'));
  const database = path.join(folder, 'a.duckdb');
  await (await runServer({ engine: { database } })).close();
  const server = await runServer({ engine: { database, readOnly: true } });
  const client = wireClient(server.port);
  try {
    const values = infoValues(await client.rows(await client.info(sqlMessage('CommandGetSqlInfo', intField(1, 3)))));
    assert.equal(values.get(3), true);
  } finally {
    client.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('preparing a row of literals tells of it what preparing any INSERT does', async () => {
  await running.lakehouse.engine.execute('CREATE TABLE literal_rows(a INTEGER, b VARCHAR)');
  const client = wireClient(running.port);
  try {
    await client.handshake('jane', 'se:cr:et');
    for (let i = 0; i < 3; i++) {
      const prepared = await client.prepare(`INSERT INTO literal_rows VALUES (${i}, 'row ${i}')`);
      assert.deepEqual(
        [prepared.isUpdate, prepared.datasetSchema?.fields, prepared.parameterSchema?.fields],
        [true, [], []],
      );
      assert.equal(await prepared.update(), 1);
      await prepared.close();
    }
    assert.equal(await count('literal_rows'), 3);
    for (const sql of ["INSERT INTO nosuch VALUES (1, 'x')", "INSERT INTO literal_rows VALUES (1, 'x', 2)"])
      await assert.rejects(client.prepare(sql), isDuckhouseError);
    await assert.rejects(
      (await client.prepare("INSERT INTO literal_rows VALUES ('x', 'y')")).update(),
      /Could not convert/,
    );
  } finally {
    client.close();
  }
});
