import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as flechette from '@uwdata/flechette';
import { encodeSchema, readIpcStream } from '../../src/arrow/index.ts';
import { type Engine, type LoadMessage, openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/index.ts';

async function withEngine(work: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await openEngine({ database: ':memory:' });
  try {
    await work(engine);
  } finally {
    await engine.close();
  }
}

/** Loads the messages into the new table `copy`. `done` overwrites the memory: nothing may read it after that. */
async function load(
  engine: Engine,
  { schema, messages, like }: { schema: Uint8Array; messages: AsyncIterable<LoadMessage>; like: string },
): Promise<number> {
  const connection = await engine.connect();
  try {
    const open = await connection.load({
      schema,
      async statement(source) {
        await connection.execute(`CREATE TABLE copy AS FROM ${like} LIMIT 0`);
        return `INSERT INTO copy SELECT * FROM ${source}`;
      },
    });
    for await (const message of messages) {
      const body = new Uint8Array(new SharedArrayBuffer(message.body.byteLength));
      body.set(message.body);
      await open.write({ metadata: Uint8Array.from(message.metadata), body, done: () => void body.fill(255) });
    }
    return (await open.finish()).rows;
  } finally {
    await connection.close();
  }
}

async function* messagesOf(result: Awaited<ReturnType<Engine['query']>>): AsyncGenerator<LoadMessage> {
  for await (const batch of result.batches) {
    yield { metadata: Uint8Array.from(batch.metadata), body: Uint8Array.from(batch.body) };
    batch.release();
  }
}

const nullable = (sql: string, every: number): string => `CASE WHEN i % ${every} <> 0 THEN ${sql} END`;
const columns = [
  'i::BIGINT AS i',
  `${nullable("'text ' || i", 7)} AS s`,
  `${nullable('i % 3 = 0', 5)} AS b`,
  `${nullable('(i * 1.5)::DECIMAL(18,3)', 11)} AS d`,
  `${nullable('[x * i for x in range(i % 4)]', 6)} AS l`,
  `${nullable("{'a': i, 'b': repeat('x', (i % 5)::INT)}", 9)} AS st`,
  `${nullable("map([i, i + 1], ['one', NULL])", 13)} AS m`,
  '[i, CASE WHEN i % 4 <> 0 THEN i + 1 END, NULL]::INTEGER[3] AS a',
  `${nullable("('b' || i)::BLOB", 8)} AS bl`,
];

test('rows of many batches are loaded in order and whole, whatever their types and nulls', () =>
  withEngine(async (engine) => {
    await engine.execute(`CREATE TABLE original AS SELECT ${columns.join(', ')} FROM range(300000) t(i)`);
    // A filter makes batches whose bitmaps begin at odd bits.
    const result = await engine.query('FROM original WHERE i % 10 <> 3');
    const messages = messagesOf(result);
    const rows = await load(engine, { schema: encodeSchema(result.schema), messages, like: 'original' });
    assert.equal(rows, 270_000);
    const [differing] = await queryRows(
      engine,
      `SELECT count(*) AS n FROM (SELECT *, row_number() OVER () AS r FROM copy) c
         JOIN (SELECT *, row_number() OVER () AS r FROM original WHERE i % 10 <> 3) o USING (r)
        WHERE (c.i, c.s, c.b, c.d, c.l, c.st, c.m, c.a, c.bl) IS DISTINCT FROM (o.i, o.s, o.b, o.d, o.l, o.st, o.m, o.a, o.bl)`,
    );
    assert.equal(Number(differing?.n), 0);
    const [counted] = await queryRows(engine, 'SELECT count(*) AS n FROM copy');
    assert.equal(Number(counted?.n), 270_000);
  }));

test('a batch larger than a row group is cut, one of wide rows is not waited for', () =>
  withEngine(async (engine) => {
    await engine.execute("CREATE TABLE original AS SELECT i, repeat('w', 3000) AS wide FROM range(30000) t(i)");
    const result = await engine.query('FROM original');
    const rows = await load(engine, {
      schema: encodeSchema(result.schema),
      messages: messagesOf(result),
      like: 'original',
    });
    assert.equal(rows, 30_000);
    await engine.execute('DROP TABLE copy');
    const large = flechette.tableToIPC(
      flechette.tableFromArrays({ i: Float64Array.from({ length: 400_000 }, (_, i) => i / 2) }),
      { format: 'stream' },
    ) as Uint8Array;
    const messages = readIpcStream(asStream(large));
    const schema = (await messages.next()).value?.metadata as Uint8Array;
    assert.equal(await load(engine, { schema, messages, like: '(SELECT 1::DOUBLE AS i)' }), 400_000);
    const [sums] = await queryRows(engine, 'SELECT count(DISTINCT i) AS n, sum(i) AS s FROM copy');
    assert.deepEqual([Number(sums?.n), Number(sums?.s)], [400_000, 39_999_900_000]);
  }));

test('dictionaries outlive the message that brought them', () =>
  withEngine(async (engine) => {
    const words = Array.from({ length: 200_000 }, (_, i) => `word ${i % 1000}`);
    const table = flechette.tableFromArrays({ s: words }, { types: { s: flechette.dictionary(flechette.utf8()) } });
    const messages = readIpcStream(asStream(flechette.tableToIPC(table, { format: 'stream' }) as Uint8Array));
    const schema = (await messages.next()).value?.metadata as Uint8Array;
    assert.equal(await load(engine, { schema, messages, like: "(SELECT '' AS s)" }), 200_000);
    const wrong = await queryRows(engine, "SELECT s FROM copy WHERE NOT regexp_full_match(s, 'word \\d+') LIMIT 1");
    assert.deepEqual(wrong, []);
    const [counted] = await queryRows(engine, 'SELECT count(DISTINCT s) AS n FROM copy');
    assert.equal(Number(counted?.n), 1000);
  }));

async function* asStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
