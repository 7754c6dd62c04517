import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type OutgoingBatch, pathDescriptor } from '../../src/flight/index.ts';
import { failsWith, type RunningServer, rowsOf, runServer } from './running-server.ts';

let running: RunningServer;
before(async () => {
  running = await runServer();
});
after(() => running.close());

interface PutOptions {
  readonly headers?: Record<string, string>;
  /** Changes the batches on their way. */
  readonly through?: (batches: AsyncIterable<OutgoingBatch>) => AsyncIterable<OutgoingBatch>;
}

/** Puts the result of a query into a table. */
async function put(
  path: readonly string[],
  sql: string,
  { headers = {}, through = (batches) => batches }: PutOptions = {},
): Promise<Record<string, unknown>> {
  const source = await running.lakehouse.query(sql);
  try {
    const metadata = await running.client.doPut(pathDescriptor(path), {
      schema: source.schema,
      batches: through(source.batches),
      headers,
    });
    return JSON.parse(Buffer.from(metadata).toString()) as Record<string, unknown>;
  } finally {
    await source.close();
  }
}

const count = async (table: string): Promise<unknown> =>
  (await running.rows(`SELECT count(*)::INTEGER AS n FROM ${table}`))[0]?.n;
const exists = async (table: string): Promise<boolean> =>
  (await running.lakehouse.listTables()).some(({ name }) => name === table);

test('a put makes the table and says what it stored', async () => {
  const { loadId, ...receipt } = await put(
    ['made'],
    "SELECT range AS i, 'row ' || range AS s, CASE WHEN range % 2 = 0 THEN NULL ELSE range END AS n FROM range(100000)",
  );
  assert.deepEqual(receipt, { rows: 100_000, table: 'memory.main.made', repeated: false });
  assert.equal(typeof loadId, 'string');
  assert.deepEqual(
    await running.rows(
      'SELECT count(*)::INTEGER AS n, sum(i)::BIGINT AS i, count(n)::INTEGER AS odd, max(s) AS s FROM made',
    ),
    [{ n: 100_000, i: 4_999_950_000n, odd: 50_000, s: 'row 99999' }],
  );
});

test('a put of no rows makes an empty table', async () => {
  assert.equal((await put(['nobody'], 'SELECT 1 AS a WHERE false')).rows, 0);
  assert.equal(await count('nobody'), 0);
});

test('the modes: create fails on a table that is there, append on one that is not, replace replaces, the default does both', async () => {
  await put(['modes'], 'SELECT 1 AS a');
  await put(['modes'], 'SELECT 2 AS a');
  assert.equal(await count('modes'), 2);
  await put(['modes'], 'SELECT 3 AS a', { headers: { 'x-duckhouse-mode': 'replace' } });
  assert.equal(await count('modes'), 1);
  await assert.rejects(
    put(['modes'], 'SELECT 4 AS a', { headers: { 'x-duckhouse-mode': 'create' } }),
    failsWith('AlreadyExists', /modes/),
  );
  await assert.rejects(
    put(['absent'], 'SELECT 4 AS a', { headers: { 'x-duckhouse-mode': 'append' } }),
    failsWith('NotFound', /absent/),
  );
  await assert.rejects(
    put(['modes'], 'SELECT 4 AS a', { headers: { 'x-duckhouse-mode': 'upsert' } }),
    failsWith('InvalidArgument', /unknown mode "upsert"/),
  );
});

test('the target header is duckdb, or refused', async () => {
  assert.equal((await put(['targeted'], 'SELECT 1 AS a', { headers: { target: 'duckdb' } })).rows, 1);
  await assert.rejects(
    put(['targeted'], 'SELECT 1 AS a', { headers: { target: 'iceberg' } }),
    failsWith('Unsupported', /iceberg/),
  );
  await assert.rejects(
    put(['targeted'], 'SELECT 1 AS a', { headers: { target: 'oracle' } }),
    failsWith('InvalidArgument', /oracle/),
  );
});

test('a load id that comes again gives the first receipt and stores nothing, however large the stream', async () => {
  const headers = { 'x-duckhouse-load-id': 'load-1' };
  const sql = "SELECT range AS i, 'some text to make it longer ' || range AS s FROM range(1000000)";
  const first = await put(['idempotent'], sql, { headers });
  assert.deepEqual(await put(['idempotent'], sql, { headers }), { ...first, repeated: true });
  assert.equal(await count('idempotent'), 1_000_000);
  const [found] = await running.client.doAction('find_load', { loadId: 'load-1' });
  assert.equal((JSON.parse(String(found)) as { rows: number }).rows, 1_000_000);
});

test('a refused put tells its reason even to a client with much to send', async () => {
  const sql = "SELECT range AS i, 'some text to make it longer ' || range AS s FROM range(3000000)";
  await assert.rejects(
    put(['made'], sql, { headers: { 'x-duckhouse-mode': 'create' } }),
    failsWith('AlreadyExists', /made/),
  );
});

test('a client that fails in the middle leaves no table', async () => {
  async function* breaking(batches: AsyncIterable<OutgoingBatch>): AsyncGenerator<OutgoingBatch> {
    let sent = 0;
    for await (const batch of batches) {
      if (++sent > 20) {
        batch.release?.();
        throw new Error('the file was cut off');
      }
      yield batch;
    }
  }
  await assert.rejects(
    put(['half'], 'SELECT range AS i, range * 2 AS j FROM range(20000000)', { through: breaking }),
    /the file was cut off/,
  );
  assert.equal(await put(['after_half'], 'SELECT 1 AS a').then(({ rows }) => rows), 1);
  assert.equal(await exists('half'), false);
});

test('an aborted put leaves no table', async () => {
  const aborter = new AbortController();
  const source = await running.lakehouse.query('SELECT range AS i FROM range(50000000)');
  async function* abortingAfter(): AsyncGenerator<OutgoingBatch> {
    let sent = 0;
    for await (const batch of source.batches) {
      if (++sent === 10) aborter.abort();
      yield batch;
    }
  }
  await assert.rejects(
    running.client.doPut(pathDescriptor(['aborted']), {
      schema: source.schema,
      batches: abortingAfter(),
      signal: aborter.signal,
    }),
    failsWith('Cancelled', /./),
  );
  await source.close();
  await put(['after_aborted'], 'SELECT 1 AS a');
  assert.equal(await exists('aborted'), false);
});

test('bad data in the middle of a put leaves no table, and the connection goes on', async () => {
  async function* spoiling(batches: AsyncIterable<OutgoingBatch>): AsyncGenerator<OutgoingBatch> {
    let sent = 0;
    for await (const batch of batches)
      yield ++sent === 3 ? { ...batch, headroom: 0, body: batch.body.subarray(0, 8) } : batch;
  }
  await assert.rejects(
    put(['spoiled'], 'SELECT range AS i FROM range(1000000)', { through: spoiling }),
    failsWith('DataInvalid', /./),
  );
  assert.equal(await exists('spoiled'), false);
  assert.deepEqual(await rowsOf(await running.client.query('SELECT 1')), [[1]]);
});

test('a client that sends nothing for too long is given up, and leaves no table', async () => {
  const impatient = await runServer({ limits: { putIdleMs: 200 } });
  const source = await impatient.lakehouse.query('SELECT range AS i FROM range(1000000)');
  async function* stalling(): AsyncGenerator<OutgoingBatch> {
    for await (const batch of source.batches) {
      yield batch;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  try {
    await assert.rejects(
      impatient.client.doPut(pathDescriptor(['stalled']), { schema: source.schema, batches: stalling() }),
      failsWith('DeadlineExceeded', /sent nothing/),
    );
    assert.deepEqual(await impatient.lakehouse.listTables(), []);
  } finally {
    await source.close();
    await impatient.close();
  }
});

test('puts into one table at once all count', async () => {
  await Promise.all(
    Array.from({ length: 4 }, (_, i) => put(['together'], `SELECT range AS i, ${i} AS part FROM range(50000)`)),
  );
  assert.equal(await count('together'), 200_000);
});

test('a table name of no or too many parts is refused', async () => {
  await assert.rejects(put([], 'SELECT 1 AS a'), failsWith('InvalidArgument', /table name/));
  await assert.rejects(put(['a', 'b', 'c', 'd'], 'SELECT 1 AS a'), failsWith('InvalidArgument', /table name/));
});
