import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeSchema } from '../../src/arrow/index.ts';
import { type Engine, type LoadMessage, openEngine } from '../../src/engine/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { type Lakehouse, openLakehouse, type PutMode, parseTableName, queryRows } from '../../src/lakehouse/index.ts';

async function withLakehouse<T>(work: (lakehouse: Lakehouse) => Promise<T>): Promise<T> {
  const lakehouse = await openLakehouse({ engine: await openEngine({ database: ':memory:' }) });
  try {
    return await work(lakehouse);
  } finally {
    await lakehouse.close();
  }
}

/** The rows of a query as a stream to put. */
async function streamOf(
  engine: Engine,
  sql: string,
): Promise<{ schema: Uint8Array; messages: AsyncGenerator<LoadMessage> }> {
  const result = await engine.query(sql);
  const messages = async function* () {
    for await (const batch of result.batches) {
      yield { metadata: Uint8Array.from(batch.metadata), body: Uint8Array.from(batch.body) };
      batch.release();
    }
  };
  return { schema: encodeSchema(result.schema), messages: messages() };
}

const put = async (lakehouse: Lakehouse, sql: string, to: { table: string; mode: PutMode; loadId?: string }) =>
  lakehouse.put({ ...(await streamOf(lakehouse.engine, sql)), ...to, table: parseTableName(to.table) });

const count = async (lakehouse: Lakehouse, table: string): Promise<number> =>
  Number((await queryRows(lakehouse.engine, `SELECT count(*) n FROM ${table}`))[0]?.n);
const fails = (kind: string, message: RegExp) => (error: unknown) =>
  isDuckhouseError(error) && error.kind === kind && message.test(error.message);

test('each mode does what its name says', () =>
  withLakehouse(async (lakehouse) => {
    const rows = 'SELECT i, i * 2 AS twice FROM range(10) t(i)';
    await assert.rejects(put(lakehouse, rows, { table: 't', mode: 'append' }), fails('NotFound', /t does not exist/));
    assert.equal((await put(lakehouse, rows, { table: 't', mode: 'create' })).table, 'memory.main.t');
    await assert.rejects(
      put(lakehouse, rows, { table: 't', mode: 'create' }),
      fails('AlreadyExists', /t already exists/),
    );
    await put(lakehouse, rows, { table: 't', mode: 'append' });
    await put(lakehouse, rows, { table: 't', mode: 'create_append' });
    assert.equal(await count(lakehouse, 't'), 30);
    await put(lakehouse, "SELECT 'x' AS other", { table: 't', mode: 'replace' });
    assert.deepEqual(
      (await lakehouse.describeTable({ table: 't' })).columns.map(({ name, type }) => [name, type]),
      [['other', 'VARCHAR']],
    );
    assert.equal(await count(lakehouse, 't'), 1);
  }));

test('columns are matched by name; missing ones are null, unknown ones an error with the nearest', () =>
  withLakehouse(async (lakehouse) => {
    await lakehouse.engine.execute('CREATE TABLE t(carrier VARCHAR, n INTEGER, extra DOUBLE DEFAULT 1.5)');
    await put(lakehouse, "SELECT 7 AS N, 'AA' AS carrier", { table: 't', mode: 'append' });
    assert.deepEqual(await queryRows(lakehouse.engine, 'FROM t'), [{ carrier: 'AA', n: 7, extra: 1.5 }]);
    await assert.rejects(
      put(lakehouse, "SELECT 'AA' AS carier", { table: 't', mode: 'append' }),
      (error: unknown) =>
        fails('InvalidArgument', /carier/)(error) && isDuckhouseError(error) && error.hint === 'did you mean carrier?',
    );
    await assert.rejects(
      put(lakehouse, "SELECT 'x' AS n", { table: 't', mode: 'append' }),
      fails('InvalidArgument', /Could not convert string 'x' to INT32/),
    );
    assert.equal(await count(lakehouse, 't'), 1);
  }));

test('a load id loads once, also when two come at the same time', () =>
  withLakehouse(async (lakehouse) => {
    const receipts = await Promise.all(
      [1, 2, 3].map(() => put(lakehouse, 'FROM range(100)', { table: 't', mode: 'create_append', loadId: 'once' })),
    );
    assert.deepEqual(receipts.map(({ repeated }) => repeated).sort(), [false, true, true]);
    assert.deepEqual(
      receipts.map(({ rows, loadId }) => [rows, loadId]),
      Array(3).fill([100, 'once']),
    );
    assert.equal(await count(lakehouse, 't'), 100);
    assert.equal((await lakehouse.findLoad('once'))?.rows, 100);
    assert.equal(await lakehouse.findLoad('never'), undefined);
  }));

test('eight clients that create and append to one new table all get their rows in', () =>
  withLakehouse(async (lakehouse) => {
    await Promise.all(
      Array.from({ length: 8 }, () => put(lakehouse, 'FROM range(1000)', { table: 't', mode: 'create_append' })),
    );
    assert.equal(await count(lakehouse, 't'), 8000);
  }));

test('an error in the stream leaves nothing, not even the table', () =>
  withLakehouse(async (lakehouse) => {
    const { schema, messages } = await streamOf(lakehouse.engine, 'FROM range(500000)');
    const broken = async function* () {
      let sent = 0;
      for await (const message of messages) {
        if (sent++ === 3) throw new Error('the sender is gone');
        yield message;
      }
    };
    await assert.rejects(
      lakehouse.put({ table: { table: 't' }, mode: 'create', schema, messages: broken() }),
      /the sender is gone/,
    );
    assert.deepEqual(await lakehouse.listTables(), []);
    assert.deepEqual(lakehouse.engine.stats().openResults, 0);
    await put(lakehouse, 'FROM range(3)', { table: 't', mode: 'create' });
    assert.equal(await count(lakehouse, 't'), 3);
  }));

test('a load that failed does not end the thread of the one that came after it', () =>
  withLakehouse(async (lakehouse) => {
    const { schema, messages } = await streamOf(lakehouse.engine, 'SELECT range AS i FROM range(3)');
    const { metadata, body } = (await messages.next()).value as LoadMessage;
    await messages.return(undefined);
    const sending = async function* (sent: Uint8Array, pauseMs = 0): AsyncGenerator<LoadMessage> {
      yield { metadata, body: sent };
      await sleep(pauseMs);
    };
    const load = (table: string, batches: AsyncGenerator<LoadMessage>) =>
      lakehouse.put({ table: { table }, mode: 'create', schema, messages: batches });
    await assert.rejects(load('spoiled', sending(body.subarray(0, 8))), fails('DataInvalid', /./));
    await sleep(500);
    const slow = load('slow', sending(body, 6000)); // a thread that idles ends after five seconds
    const receipt = await Promise.race([slow, sleep(9000, undefined)]);
    assert.equal(receipt?.rows, 3);
  }));

test('an aborted put stops and leaves nothing', () =>
  withLakehouse(async (lakehouse) => {
    const abort = new AbortController();
    const { schema, messages } = await streamOf(lakehouse.engine, 'FROM range(50000000)');
    setTimeout(() => abort.abort(), 200);
    await assert.rejects(
      lakehouse.put({ table: { table: 't' }, mode: 'create', schema, messages, signal: abort.signal }),
    );
    assert.deepEqual(await lakehouse.listTables(), []);
  }));

test('a put aborted while its table is being made stops as well', () =>
  withLakehouse(async (lakehouse) => {
    for (const delayMs of [0, 1, 2, 4, 8, 16]) {
      const abort = new AbortController();
      const { schema, messages } = await streamOf(lakehouse.engine, 'FROM range(20000000)');
      setTimeout(() => abort.abort(), delayMs);
      await assert.rejects(
        lakehouse.put({ table: { table: 't' }, mode: 'create', schema, messages, signal: abort.signal }),
      );
      assert.deepEqual(await lakehouse.listTables(), []);
    }
  }));

test('data without columns, columns twice and views as targets are refused', () =>
  withLakehouse(async (lakehouse) => {
    const nothing = (async function* (): AsyncGenerator<LoadMessage> {})();
    await assert.rejects(
      lakehouse.put({ table: { table: 't' }, mode: 'create', schema: encodeSchema({ fields: [] }), messages: nothing }),
      fails('InvalidArgument', /no columns/),
    );
    await assert.rejects(
      put(lakehouse, 'SELECT 1 a, 2 "A"', { table: 't', mode: 'create' }),
      fails('InvalidArgument', /twice/),
    );
    await lakehouse.createView({ table: 'v' }, 'SELECT 1 a', { replace: false });
    await assert.rejects(
      put(lakehouse, 'SELECT 1 a', { table: 'v', mode: 'append' }),
      fails('InvalidArgument', /is a view/),
    );
    await assert.rejects(
      put(lakehouse, 'SELECT 1 a', { table: '_duckhouse.loads', mode: 'append' }),
      fails('PermissionDenied', /_duckhouse/),
    );
  }));

test('a stream of no batches makes an empty table', () =>
  withLakehouse(async (lakehouse) => {
    const { schema, messages } = await streamOf(lakehouse.engine, "SELECT 1 a, 'x' b WHERE false");
    assert.equal((await lakehouse.put({ table: { table: 't' }, mode: 'create', schema, messages })).rows, 0);
    assert.equal(await count(lakehouse, 't'), 0);
  }));

test('tables and views are listed, described, refreshed and dropped', () =>
  withLakehouse(async (lakehouse) => {
    await lakehouse.engine.execute(
      'CREATE SCHEMA s; CREATE TABLE s.t AS FROM range(5); CREATE TABLE "odd name"(a INT)',
    );
    await lakehouse.createView({ table: 'v' }, 'FROM s.t', { replace: false });
    assert.deepEqual(
      (await lakehouse.listTables()).map(({ dbSchema, name, kind, rows }) => [dbSchema, name, kind, rows]),
      [
        ['main', 'odd name', 'table', 0],
        ['main', 'v', 'view', undefined],
        ['s', 't', 'table', 5],
      ],
    );
    await assert.rejects(
      lakehouse.describeTable({ table: 'odd_name' }),
      (error: unknown) => isDuckhouseError(error) && error.hint === 'did you mean odd name?',
    );
    await assert.rejects(
      lakehouse.createView({ table: 'w' }, 'DROP TABLE s.t', { replace: false }),
      fails('InvalidArgument', /SELECT/),
    );
    await assert.rejects(
      lakehouse.createView({ table: 'w' }, 'DROP TABLE s.t; SELECT 1', { replace: false }),
      fails('InvalidArgument', /several statements/),
    );
    await lakehouse.engine.execute('ALTER TABLE s.t ADD COLUMN b INT');
    assert.deepEqual(
      (await lakehouse.refresh({ table: 'v' })).columns.map(({ name }) => name),
      ['range', 'b'],
    );
    assert.equal(await lakehouse.drop({ table: 'v' }, { ifExists: false }), true);
    assert.equal(await lakehouse.drop({ table: 'v' }, { ifExists: true }), false);
    await assert.rejects(lakehouse.drop({ table: 'v' }, { ifExists: false }), fails('NotFound', /v does not exist/));
  }));

test('an attached database takes loads, keeps its own ledger and has its views refreshed', () =>
  withLakehouse(async (lakehouse) => {
    await lakehouse.engine.execute("ATTACH ':memory:' AS other; CREATE SCHEMA other.s");
    const receipt = await put(lakehouse, 'FROM range(7)', { table: 'other.s.t', mode: 'create', loadId: 'there' });
    assert.deepEqual(receipt, { rows: 7, table: 'other.s.t', loadId: 'there', repeated: false });
    assert.equal(
      (await put(lakehouse, 'FROM range(7)', { table: 'other.s.t', mode: 'append', loadId: 'there' })).repeated,
      true,
    );
    assert.equal(await count(lakehouse, 'other._duckhouse.loads'), 1);
    await lakehouse.engine.execute('CREATE VIEW other.s.v AS FROM other.s.t; ALTER TABLE other.s.t ADD COLUMN b INT');
    assert.deepEqual(
      (await lakehouse.refresh({ catalog: 'other', dbSchema: 's', table: 'v' })).columns.map(({ name }) => name),
      ['range', 'b'],
    );
  }));

test('a slow sender holds up nobody who adds to the same table', () =>
  withLakehouse(async (lakehouse) => {
    await put(lakehouse, 'FROM range(10)', { table: 't', mode: 'create_append' });
    const { schema, messages } = await streamOf(lakehouse.engine, 'FROM range(10)');
    let resume: () => void = () => undefined;
    const resumed = new Promise<void>((resolve) => (resume = resolve));
    const slow = async function* () {
      await resumed;
      yield* messages;
    };
    const waiting = lakehouse.put({ table: { table: 't' }, mode: 'create_append', schema, messages: slow() });
    await put(lakehouse, 'FROM range(10)', { table: 't', mode: 'create_append' });
    assert.equal(await count(lakehouse, 't'), 20);
    resume();
    await waiting;
    assert.equal(await count(lakehouse, 't'), 30);
  }));

test('a load that meets another change of its table is a conflict that may be tried again', () =>
  withLakehouse(async (lakehouse) => {
    await put(lakehouse, 'FROM range(10)', { table: 't', mode: 'create' });
    const { schema, messages } = await streamOf(lakehouse.engine, 'FROM range(10)');
    const interrupted = async function* () {
      yield* messages;
      await lakehouse.engine.execute('ALTER TABLE t ADD COLUMN late INT');
    };
    await assert.rejects(
      lakehouse.put({ table: { table: 't' }, mode: 'append', schema, messages: interrupted() }),
      (error: unknown) => isDuckhouseError(error) && error.kind === 'CommitConflict' && error.retryable,
    );
    assert.equal(await count(lakehouse, 't'), 10);
  }));
