import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { failsWith, type RunningServer, runServer } from './running-server.ts';

let running: RunningServer;
before(async () => {
  running = await runServer({
    actions: [
      {
        type: 'echo',
        description: 'Says it again.',
        parameters: ['text'],
        required: [],
        run: async ({ text }) => ({ text }),
      },
    ],
  });
  await running.lakehouse.engine.execute(
    "CREATE TABLE t AS SELECT range AS a FROM range(3); CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 'x' AS b",
  );
});
after(() => running.close());

const act = async (type: string, body?: unknown): Promise<unknown> =>
  JSON.parse(String((await running.client.doAction(type, body))[0]));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test('ListActions names every action with a description, the added ones too', async () => {
  const actions = await running.client.listActions();
  assert.deepEqual(actions.map(({ type }) => type).toSorted(), [
    'BeginTransaction',
    'CancelFlightInfo',
    'CancelQuery',
    'ClosePreparedStatement',
    'CloseSession',
    'CreatePreparedStatement',
    'EndTransaction',
    'GetSessionOptions',
    'RenewFlightEndpoint',
    'SetSessionOptions',
    'cancel',
    'create_view',
    'describe',
    'drop',
    'echo',
    'find_load',
    'kill_query',
    'kill_session',
    'list_tables',
    'query_progress',
    'refresh',
  ]);
  assert.ok(actions.every(({ description }) => description.length > 10));
  assert.deepEqual(await act('echo', { text: 'é' }), { text: 'é' });
});

test('create_view, describe, refresh and drop do what they say', async () => {
  const made = (await act('create_view', { name: 'w', sql: 'SELECT 1 AS one' })) as { name: string; kind: string };
  assert.deepEqual([made.name, made.kind], ['w', 'view']);
  await assert.rejects(act('create_view', { name: 'w', sql: 'SELECT 2 AS one' }), failsWith('AlreadyExists', /w/));
  await act('create_view', { name: 'w', sql: 'SELECT 2 AS two', replace: true });
  assert.deepEqual(
    ((await act('describe', { name: 'w' })) as { columns: { name: string }[] }).columns.map(({ name }) => name),
    ['two'],
  );
  await act('refresh', { name: ['main', 'w'] });
  assert.deepEqual(await act('drop', { name: 'w' }), { dropped: true });
  await assert.rejects(act('drop', { name: 'w' }), failsWith('NotFound', /w/));
  assert.deepEqual(await act('drop', { name: 'w', ifExists: true }), { dropped: false });
});

test('list_tables and ListFlights say the same', async () => {
  const tables = (await act('list_tables')) as { dbSchema: string; name: string; rows?: number }[];
  assert.deepEqual(
    tables.map(({ dbSchema, name, rows }) => [dbSchema, name, rows ?? -1]),
    [
      ['main', 't', 3],
      ['s', 'v', -1],
    ],
  );
  const flights = await all(running.client.listFlights());
  assert.deepEqual(
    flights.map(({ descriptor, totalRecords }) => [...(descriptor?.path ?? []), totalRecords]),
    [
      ['main', 't', 3],
      ['s', 'v', -1],
    ],
  );
  assert.ok(flights.every(({ schema }) => schema !== undefined));
  assert.equal((await all(running.client.listFlights('s.'))).length, 1);
});

test('the progress of no statement is an empty list', async () => {
  assert.deepEqual(await act('query_progress', { queryId: 'nobody' }), []);
  await assert.rejects(act('cancel', { queryId: 'nobody' }), failsWith('NotFound', /nobody/));
  assert.equal(await act('find_load', { loadId: 'never' }), null);
});

test('an unknown action is Unsupported and says which there are', async () => {
  await assert.rejects(act('fly'), failsWith('Unsupported', /unknown action "fly"/));
});

test('a body is checked: JSON, an object, its names and its types', async () => {
  await assert.rejects(act('drop', { name: 't', cascade: true }), failsWith('InvalidArgument', /takes no "cascade"/));
  await assert.rejects(act('drop', {}), failsWith('InvalidArgument', /needs "name"/));
  await assert.rejects(act('drop', { name: 5 }), failsWith('InvalidArgument', /"name"/));
  await assert.rejects(act('drop', { name: 't', ifExists: 'yes' }), failsWith('InvalidArgument', /true or false/));
  await assert.rejects(act('drop', ['t']), failsWith('InvalidArgument', /object/));
  await assert.rejects(act('drop', { name: '__proto__', constructor: 1 }), failsWith('InvalidArgument', /constructor/));
  assert.deepEqual(((await act('describe', { name: 't' })) as { rows: number }).rows, 3);
});
