import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { readCredentials } from '../../src/dbt/adapter/credentials.ts';
import { parseCsv } from '../../src/dbt/adapter/csv.ts';
import { externalReadLocation, externalWriteOptions } from '../../src/dbt/adapter/external.ts';
import { printTable } from '../../src/dbt/adapter/print-table.ts';
import { columnTypeOf, readSeed } from '../../src/dbt/adapter/seed.ts';
import { planBatches } from '../../src/dbt/run/batches.ts';
import { injectCtes } from '../../src/dbt/run/cte.ts';
import { statusLine } from '../../src/dbt/run/lines.ts';
import { contractGraph, runQueue, withTestEdges } from '../../src/dbt/run/queue.ts';

const ctes = [
  { id: 'a', sql: ' A as (\nx\n)' },
  { id: 'b', sql: ' B as (\ny\n)' },
];

// Texts on the right were made by dbt-core 1.12.6.
const injections: readonly (readonly [string, string])[] = [
  ['with t as (select 1) select * from t', 'with  A as (\nx\n),  B as (\ny\n), t as (select 1) select * from t'],
  ['-- c\nwith t as (select 1)\nselect 2', '-- c\nwith  A as (\nx\n),  B as (\ny\n), t as (select 1)\nselect 2'],
  ['\n\nselect 1', '\n\nwith A as (\nx\n),  B as (\ny\n) select 1'],
  ['-- lead\nselect 1', 'with A as (\nx\n),  B as (\ny\n) -- lead\nselect 1'],
  [
    '/* x */ with  recursive t as (select 1) select 1',
    '/* x */ with  recursive  A as (\nx\n),  B as (\ny\n), t as (select 1) select 1',
  ],
  ['select 1; select 2', 'with A as (\nx\n),  B as (\ny\n) select 1; '],
  ['with/*a*/t as (select 1) select 1', 'with A as (\nx\n),  B as (\ny\n), /*a*/t as (select 1) select 1'],
  ['(with t as (select 1) select * from t)', 'with A as (\nx\n),  B as (\ny\n) (with t as (select 1) select * from t)'],
];

test('ephemeral models are put in front of a query as dbt does it', () => {
  for (const [sql, expected] of injections) assert.equal(injectCtes(sql, ctes), expected, sql);
  assert.equal(injectCtes("select ' with ' as a", ctes.slice(0, 1)), "with A as (\nx\n) select ' with ' as a");
});

test('the queue runs parents first, tells what cannot run, and keeps within its threads', async () => {
  const parents = new Map([
    ['b', ['a']],
    ['c', ['a']],
    ['d', ['b', 'c']],
    ['e', []],
  ]);
  const ended: string[] = [];
  let running = 0;
  let most = 0;
  const left = await runQueue<string>({
    ids: ['a', 'e', 'b', 'c', 'd'],
    parentsOf: parents,
    threads: 2,
    stopped: () => false,
    async run(id, _thread, cause) {
      running++;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      ended.push(cause === undefined ? id : `${id} after ${cause}`);
      return id === 'b' ? 'b' : undefined;
    },
  });
  assert.deepEqual(left, []);
  assert.equal(most, 2);
  assert.deepEqual([...ended].sort(), ['a', 'b', 'c', 'd after b', 'e']);
  assert.ok(ended.indexOf('a') < ended.indexOf('b'));
});

test('the queue is one of first come, first served; at the same time the less deep come first, then names', async () => {
  const order: string[] = [];
  const queued: string[] = [];
  await runQueue({
    ids: ['z', 'y', 'deep', 'b', 'a', 'late'],
    parentsOf: new Map([
      ['deep', ['y', 'z']],
      ['a', ['z']],
      ['b', ['z']],
      ['late', ['deep']],
    ]),
    threads: 1,
    stopped: () => false,
    queued: (id, atOnce) => void queued.push(atOnce ? `${id}!` : id),
    run: async (id) => void order.push(id),
  });
  assert.deepEqual(order, ['y', 'z', 'a', 'b', 'deep', 'late']);
  assert.deepEqual(queued, ['y', 'z', 'a!', 'b', 'deep', 'late!']);
});

test('a path through a node left out is an edge, and what is downstream of a tested model waits for its test', () => {
  const parents = new Map([
    ['a', []],
    ['b', ['a']],
    ['c', ['b']],
    ['t', ['a']],
    ['u', ['a', 'b']],
  ]);
  const children = new Map([
    ['a', ['b', 't', 'u']],
    ['b', ['c', 'u']],
    ['c', []],
    ['t', []],
    ['u', []],
  ]);
  const graph = { parents, children, order: ['a', 'b', 'c', 't', 'u'] };
  assert.deepEqual(contractGraph(graph, ['a', 'c']).get('c'), ['a']);
  const isTest = (id: string): boolean => id === 't' || id === 'u';
  const ordered = withTestEdges(graph, { isTest, isBuilt: (id) => !isTest(id) });
  assert.deepEqual(ordered.parents.get('b'), ['a', 't']);
  assert.deepEqual(ordered.parents.get('c'), ['b', 'u']);
  assert.deepEqual(ordered.order, ['a', 't', 'b', 'u', 'c']);
});

const model = (config: object) => ({ name: 'm', config: config as never });
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);

test('microbatch windows go from begin, from the lookback, or from the times given', () => {
  const plan = { eventTimeStart: undefined, eventTimeEnd: undefined, now: new Date('2026-11-24T10:00:00Z') };
  const years = model({ batch_size: 'year', begin: '2024-01-01', lookback: 1 });
  const starts = (batches: ReturnType<typeof planBatches>): string[] =>
    batches.map(({ start }) => start.toISOString().slice(0, 10));
  assert.deepEqual(starts(planBatches({ ...plan, model: years, isIncremental: false })), [
    '2024-01-01',
    '2025-01-01',
    '2026-01-01',
  ]);
  assert.deepEqual(starts(planBatches({ ...plan, model: years, isIncremental: true })), ['2025-01-01', '2026-01-01']);
  const days = model({ batch_size: 'day', begin: '2024-01-01', lookback: 1 });
  const given = planBatches({
    ...plan,
    model: days,
    isIncremental: true,
    eventTimeStart: day('2024-01-02'),
    eventTimeEnd: day('2024-01-04'),
  });
  assert.deepEqual(starts(given), ['2024-01-02', '2024-01-03']);
  assert.throws(
    () => planBatches({ ...plan, model: model({ batch_size: 'week' }), isIncremental: false }),
    /batch_size/,
  );
});

test('seeds get the types that dbt finds in them', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'seed-')), 's.csv');
  writeFileSync(
    file,
    'id,f,b,d,ts,iso,txt,money,pct,none,zip\n1,1.5,true,2024-01-01,2024-01-01 10:20:30,2024-01-01T10:20:30,abc,$5,5%,,007\n2,2,false,2024-02-29,2024-02-29 00:00:00,2024-02-29T00:00:00,"d ""q""\nx",$6.50,6%,null,010\n',
  );
  const table = readSeed(file, { delimiter: ',', textColumns: new Set(['zip']) });
  const types = table.columnNames.map((name, i) => `${name} ${columnTypeOf(table, i)}`);
  assert.deepEqual(types, [
    'id integer',
    'f float8',
    'b boolean',
    'd date',
    'ts timestamp without time zone',
    'iso timestamp without time zone',
    'txt text',
    'money float8',
    'pct integer',
    'none integer',
    'zip text',
  ]);
  assert.equal(table.rows.length, 2);
  assert.deepEqual(parseCsv('a;b\r\n1;"x;y"\r\n\r\n;\r\n', ';'), [['a', 'b'], ['1', 'x;y'], [], ['', '']]);
});

test('a profile becomes attach, secret and extension statements, and wrong ones are told by name', () => {
  const place = { folder: '/p', name: 'shop.dev' };
  const read = readCredentials(
    {
      type: 'duckdb',
      path: 'data/my.shop.duckdb',
      threads: 3,
      settings: { TimeZone: 'UTC' },
      extensions: ['httpfs', { name: 'h3', repo: 'community' }],
      secrets: [{ type: 's3', key_id: "it's", scope: ['s3://a', 's3://b'] }],
      attach: [{ path: 'other.db', alias: 'other', type: 'sqlite', read_only: true, options: { encryption_key: 'k' } }],
    },
    place,
  );
  assert.equal(read.path, '/p/data/my.shop.duckdb');
  assert.equal(read.database, 'my');
  assert.deepEqual(read.setup, [
    'INSTALL httpfs',
    'LOAD httpfs',
    'INSTALL h3 FROM community',
    'LOAD h3',
    "CREATE OR REPLACE SECRET _dbt_secret_1 (type s3, key_id 'it''s', scope 's3://a', scope 's3://b')",
    "ATTACH IF NOT EXISTS 'other.db' AS other (ENCRYPTION_KEY 'k', TYPE sqlite, READ_ONLY)",
  ]);
  assert.throws(() => readCredentials({ type: 'postgres' }, place), /shop\.dev.*postgres/);
  assert.throws(() => readCredentials({ threads: 'many' }, place), /threads/);
  assert.throws(() => readCredentials({ path: 'a.db', database: 'b' }, place), /"b".*"a"/);
});

test('external files are written and read back by their names and options', () => {
  const options = new Map([['partition_by', 'a,b']]);
  assert.equal(externalWriteOptions('out/x', options), 'partition_by (a,b), format parquet');
  assert.equal(externalReadLocation('out/x', options), 'out/x/*/*/*.parquet');
  const zipped = new Map<string, string>();
  assert.equal(externalWriteOptions('x.csv.gz', zipped), 'format csv, compression gzip, header 1');
});

test('lines and tables look as they do in dbt', () => {
  const line = statusLine({ text: 'START test not_null_x', status: 'RUN', index: 3, total: 28, width: 80 });
  assert.equal(line, `${'3 of 28 START test not_null_x '.padEnd(80, '.')} [RUN]`);
  const table = printTable({
    columnNames: ['id', 'name'],
    columnTypes: ['Integer', 'Text'],
    rows: [
      [1, 'Ada'],
      [20, null],
    ],
  });
  assert.equal(table, '| id | name |\n| -- | ---- |\n|  1 | Ada  |\n| 20 |      |\n');
});
