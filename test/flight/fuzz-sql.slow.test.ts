import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type ClientHttp2Session } from 'node:http2';
import { test } from 'node:test';
import { type ArrowSchema, buildBatch, encodeSchema } from '../../src/arrow/index.ts';
import { encodeFlightData, grpcMessage } from '../../src/flight/proto/flight-data.ts';
import {
  commandDescriptor,
  encodeAction,
  encodeCriteria,
  encodeDescriptor,
  encodeHandshake,
  encodeTicket,
  pathDescriptor,
} from '../../src/flight/proto/messages.ts';
import { encodeIngest, encodeStatement, encodeStatementTicket, packAny } from '../../src/flight/proto/sql-messages.ts';
import { concat, intField, messageField } from '../../src/flight/proto/wire.ts';
import { callRaw, mutate, type Random, type RawCall, seeded } from './fuzz.ts';
import { rowsOf, runServer } from './running-server.ts';
import { wireClient } from './wire-client.ts';

const calls = 100_000;
const seed = Number(process.env.FUZZ_SEED ?? 20_240_229);
const hangMs = 5000;
const concurrency = 32;

const text = (field: number, value: string): Uint8Array => messageField(field, Buffer.from(value));
const any = (name: string, ...fields: readonly Uint8Array[]): Uint8Array => packAny({ name, value: concat(fields) });

const schema: ArrowSchema = {
  fields: [
    { name: 'i', type: { id: 'int', bitWidth: 32, signed: true }, nullable: true, children: [] },
    { name: 's', type: { id: 'utf8' }, nullable: true, children: [] },
    {
      name: 'l',
      type: { id: 'list' },
      nullable: true,
      children: [{ name: 'item', type: { id: 'utf8' }, nullable: true, children: [] }],
    },
  ],
};
const batch = buildBatch(schema, [
  [1, null, 3],
  ['a', 'é', null],
  [['x', null], null, []],
]);

const commandsFor = (handle: Uint8Array): readonly Uint8Array[] => [
  Buffer.from('SELECT 1 AS one'),
  any('CommandStatementQuery', encodeStatement('SELECT i FROM range(3) t(i)')),
  any('CommandGetCatalogs'),
  any('CommandGetDbSchemas', text(1, 'memory'), text(2, 'm%')),
  any('CommandGetTables', text(1, 'memory'), text(2, '%'), text(3, 'k\\_%'), text(4, 'TABLE'), intField(5, true)),
  any('CommandGetTableTypes'),
  any('CommandGetPrimaryKeys', text(1, 'memory'), text(3, 'kept')),
  any('CommandGetImportedKeys', text(2, 'main'), text(3, 'kept')),
  any('CommandGetExportedKeys', text(3, 'kept')),
  any('CommandGetCrossReference', text(3, 'kept'), text(6, 'kept')),
  any('CommandGetXdbcTypeInfo', intField(1, 4)),
  any('CommandGetSqlInfo', intField(1, 8), intField(1, 517)),
  any('CommandPreparedStatementQuery', messageField(1, handle)),
  any('CommandStatementSubstraitPlan', text(1, 'plan')),
];
const ingest = encodeIngest({
  ifNotExist: 'create',
  ifExists: 'append',
  table: 'fuzzed',
  dbSchema: undefined,
  catalog: undefined,
  temporary: false,
});
const putDescriptorsFor = (handle: Uint8Array) => [
  pathDescriptor(['fuzzed']),
  commandDescriptor(any('CommandStatementIngest', ingest)),
  commandDescriptor(any('CommandStatementUpdate', encodeStatement('UPDATE kept SET a = a'))),
  commandDescriptor(any('CommandPreparedStatementUpdate', messageField(1, handle))),
  commandDescriptor(any('CommandPreparedStatementQuery', messageField(1, handle))),
];
const actions: readonly (readonly [string, Uint8Array])[] = [
  ['list_tables', Buffer.from('{}')],
  ['describe', Buffer.from('{"name": "kept"}')],
  ['query_progress', Buffer.from('{"queryId": "x"}')],
  ['CreatePreparedStatement', any('ActionCreatePreparedStatementRequest', text(1, 'SELECT ? + 1'))],
  ['ClosePreparedStatement', any('ActionClosePreparedStatementRequest', text(1, 'handle'))],
  ['BeginTransaction', any('ActionBeginTransactionRequest')],
  ['EndTransaction', any('ActionEndTransactionRequest', text(1, 'id'), intField(2, 1))],
  ['CancelFlightInfo', messageField(1, new Uint8Array(0))],
  ['SetSessionOptions', messageField(1, concat([text(1, 'schema'), messageField(2, text(1, 'main'))]))],
  ['GetSessionOptions', new Uint8Array(0)],
];

type Requests = readonly (readonly [method: string, frames: readonly Buffer[]])[];

/** Whole requests, as frames: what is mutated. */
const requestsFor = (handle: Uint8Array): Requests => [
  ...commandsFor(handle).flatMap((command) =>
    ['GetFlightInfo', 'GetSchema', 'PollFlightInfo'].map(
      (method) => [method, [grpcMessage(encodeDescriptor(commandDescriptor(command)))]] as const,
    ),
  ),
  ['GetFlightInfo', [grpcMessage(encodeDescriptor(pathDescriptor(['main', 'kept'])))]],
  ...commandsFor(handle).map((command) => ['DoGet', [grpcMessage(encodeTicket(command))]] as const),
  [
    'DoGet',
    [
      grpcMessage(
        encodeTicket(encodeStatementTicket('{"id":"00000000-0000-0000-0000-000000000000","sql":"SELECT 2"}')),
      ),
    ],
  ],
  ...putDescriptorsFor(handle).map(
    (descriptor) =>
      [
        'DoPut',
        [
          encodeFlightData({
            descriptor: encodeDescriptor(descriptor),
            header: encodeSchema(schema),
            body: new Uint8Array(0),
          }),
          encodeFlightData({ header: batch.metadata, body: batch.body }),
          encodeFlightData({ header: batch.metadata, body: batch.body, appMetadata: Buffer.from('m') }),
        ],
      ] as const,
  ),
  ...actions.map(([type, body]) => ['DoAction', [grpcMessage(encodeAction(type, body))]] as const),
  ['Handshake', [grpcMessage(encodeHandshake(concat([text(2, 'arrow'), text(3, 'flight')])))]],
  ['ListFlights', [grpcMessage(encodeCriteria('kept'))]],
  ['ListActions', [grpcMessage(new Uint8Array(0))]],
  [
    'DoExchange',
    [encodeFlightData({ descriptor: encodeDescriptor(commandDescriptor('echo')), body: new Uint8Array(0) })],
  ],
];

const oddHeaders: readonly Readonly<Record<string, string>>[] = [
  { authorization: 'Bearer x.y' },
  { authorization: 'Basic !!!' },
  { authorization: `Basic ${Buffer.from('a:b:c').toString('base64')}` },
  { authorization: 'Negotiate' },
  { 'grpc-timeout': '0n' },
  { 'grpc-timeout': '99999999H' },
  { 'grpc-timeout': 'soon' },
  { 'grpc-encoding': 'gzip' },
  { 'auth-token-bin': '%%%' },
  { cookie: 'arrow_flight_session_id=00000000-0000-0000-0000-000000000000; a=b; =; ;;' },
  { 'x-duckhouse-load-id': 'é'.repeat(50) },
  { 'x-duckhouse-mode': 'sideways' },
  { 'user-agent': 'x'.repeat(4000) },
];

function nextCall(random: Random, requests: Requests, cookie: string): RawCall {
  const [method, frames] = requests[random(requests.length)] as (typeof requests)[number];
  const [, others] = requests[random(requests.length)] as (typeof requests)[number];
  const other = others[0] as Buffer;
  const wholeFrames = frames.map((frame) => {
    if (random(frames.length) > 0) return frame;
    // Mostly the message, its length put right; sometimes the frame with its length.
    return random(6) === 0
      ? mutate(frame, random, other)
      : grpcMessage(mutate(frame.subarray(5), random, other.subarray(5)));
  });
  return {
    path: `/arrow.flight.protocol.FlightService/${method}`,
    headers: {
      // Some mutants are valid SQL that never ends.
      'grpc-timeout': '2S',
      ...(random(2) === 0 ? { cookie } : {}),
      ...(random(5) === 0 ? oddHeaders[random(oddHeaders.length)] : {}),
    },
    body: Buffer.concat(wholeFrames),
  };
}

/** What a malformed or merely strange request may be answered with: nothing that says the server is at fault. */
const allowed = new Set(['0', '1', '3', '4', '5', '6', '7', '8', '9', '10', '12', '16']);

test(`${calls} mutated requests: no crash, no hang, a status that says whose fault it is`, async (context) => {
  const running = await runServer({ limits: { maxMessageBytes: 4 << 20 } });
  await running.lakehouse.engine.execute('CREATE TABLE kept(a INTEGER PRIMARY KEY); INSERT INTO kept VALUES (1)');
  const client = wireClient(running.port);
  const { handle } = await client.prepare('SELECT a + ? FROM kept');
  const requests = requestsFor(handle);
  const random = seeded(seed);
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  let made = 0;

  const connect = async (): Promise<ClientHttp2Session> => {
    const session = http2.connect(`http://127.0.0.1:${running.port}`);
    session.on('error', () => undefined); // made anew below
    await once(session, 'connect');
    return session;
  };
  const worker = async (): Promise<void> => {
    let session = await connect();
    while (made < calls && wrong.length < 20) {
      made++;
      const call = nextCall(random, requests, client.headers.cookie ?? '');
      if (session.closed || session.destroyed) session = await connect();
      const status = await callRaw(session, call, hangMs);
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (!allowed.has(status))
        wrong.push(`${status} ${call.path} ${call.body.toString('base64')} ${JSON.stringify(call.headers)}`);
    }
    session.close();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  context.diagnostic(
    `statuses: ${JSON.stringify(Object.fromEntries([...counts].toSorted(([a], [b]) => Number(a) - Number(b))))}`,
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    running.logged.filter((line) => line.includes('"level":"error"')),
    [],
  );
  assert.deepEqual(await rowsOf(await running.client.query('SELECT a FROM kept')), [[1]]);
  client.close();
  await running.close();
});
