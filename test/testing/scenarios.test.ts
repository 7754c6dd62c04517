import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArrowSchema, buildBatch } from '../../src/arrow/index.ts';
import { createChannel } from '../../src/flight/grpc/client-channel.ts';
import { commandDescriptor, connectFlight, type FlightClient, pathDescriptor } from '../../src/flight/index.ts';
import { decodeFlightData, encodeFlightData } from '../../src/flight/proto/flight-data.ts';
import { encodeDescriptor } from '../../src/flight/proto/messages.ts';
import { playScenario, scenarios } from '../../src/testing/scenarios.ts';
import { failsWith, rowsOf } from '../flight/running-server.ts';

async function play<T>(name: string, work: (client: FlightClient, port: number) => Promise<T>): Promise<T> {
  const { port, server } = await playScenario(name, 0);
  const client = connectFlight({ uri: `grpc://127.0.0.1:${port}` });
  try {
    return await work(client, port);
  } finally {
    client.close();
    await server.close();
  }
}

const schema: ArrowSchema = { fields: [{ name: 's', type: { id: 'utf8' }, nullable: true, children: [] }] };

test('every scenario of the suite can be played; another name is refused with those there are', async () => {
  assert.equal(Object.keys(scenarios).length, 16);
  for (const name of Object.keys(scenarios)) await play(name, async () => undefined);
  await assert.rejects(playScenario('none', 0), /unknown scenario "none": .*flight_sql:ingestion/);
});

test('data files: what was put comes back', () =>
  play('', async (client) => {
    const sent = [buildBatch(schema, [['a', null]]), buildBatch(schema, [['é']])];
    const batches = (async function* () {
      yield* sent;
    })();
    await client.doPut(pathDescriptor(['file.json']), { schema, batches });
    const info = await client.getFlightInfo(pathDescriptor(['file.json']));
    assert.equal(info.totalRecords, 3);
    assert.equal(info.endpoints[0]?.locations.length, 1);
    const stream = await client.doGet(info.endpoints[0]?.ticket ?? '');
    assert.deepEqual(stream.schema, schema);
    assert.deepEqual(await rowsOf(stream), [['a'], [null], ['é']]);
    await assert.rejects(client.doGet('other'), failsWith('NotFound', /other/));
  }));

test('ordered: three endpoints, read in order', () =>
  play('ordered', async (client) => {
    const info = await client.getFlightInfo(commandDescriptor('ordered'));
    assert.equal(info.ordered, true);
    const numbers: unknown[] = [];
    for (const { ticket } of info.endpoints) numbers.push(...(await rowsOf(await client.doGet(ticket))).flat());
    assert.deepEqual(numbers, [1, 2, 3, 10, 20, 30, 100, 200, 300]);
  }));

test('do_exchange:echo answers each message before the next is sent', () =>
  play('do_exchange:echo', async (_, port) => {
    const channel = createChannel({ url: `http://127.0.0.1:${port}` });
    const call = await channel.open('/arrow.flight.protocol.FlightService/DoExchange', {}, undefined);
    const answers = call.messages();
    const batch = buildBatch(schema, [['x']]);
    const descriptor = encodeDescriptor(commandDescriptor('echo'));
    const messages = [
      { descriptor, header: batch.metadata, body: new Uint8Array(0) },
      { appMetadata: Buffer.from('alone'), body: new Uint8Array(0) },
      { header: batch.metadata, appMetadata: Buffer.from('both'), body: batch.body },
    ];
    for (const message of messages) {
      await call.send(encodeFlightData(message));
      const answer = await answers.next();
      assert.ok(answer.done !== true);
      const { header, body, appMetadata, descriptor: given } = decodeFlightData(answer.value.bytes);
      assert.equal(given, undefined);
      assert.deepEqual(
        [header, body, appMetadata].map((bytes) => Buffer.from(bytes).toString('hex')),
        [message.header, message.body, message.appMetadata].map((bytes) => Buffer.from(bytes ?? []).toString('hex')),
      );
      answer.value.release();
    }
    call.half();
    assert.equal((await answers.next()).done, true);
    channel.close();
  }));
