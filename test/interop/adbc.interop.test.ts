import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endlessSql, type RunningServer, type RunOptions, runServer } from '../flight/running-server.ts';
import { pythonWith } from './python.ts';

// The stock ADBC driver for Flight SQL (Go, as under Python, R, JavaScript and C#), pandas and polars over it.
const python = await pythonWith(
  'adbc-driver-flightsql==1.13.0',
  'adbc-driver-manager==1.13.0',
  'pyarrow==26.0.1',
  'pandas==3.1.1',
  'polars==2.1.0',
);
const { skip } = python;

interface Failure {
  readonly type: string;
  readonly message: string;
}

/** A server with one table, and what the driver saw in one case. */
async function ask<T>(name: string, input: object = {}, options: RunOptions = {}): Promise<T> {
  const running: RunningServer = await runServer(options);
  try {
    await running.lakehouse.engine.execute(
      "CREATE TABLE kept(a INTEGER PRIMARY KEY, b VARCHAR); INSERT INTO kept VALUES (1, 'one'); CREATE SCHEMA second; CREATE TABLE second.within AS SELECT 5 AS five",
    );
    return await python.run<T>('adbc_flightsql.py', {
      case: name,
      with: { uri: `grpc://127.0.0.1:${running.port}`, ...input },
    });
  } finally {
    await running.close();
  }
}

const is = (failure: Failure | null | undefined, type: string, message: RegExp): void => {
  assert.match(failure?.message ?? 'no error', message);
  assert.equal(failure?.type, type);
};

test('ADBC: what a row violates is told by the SQLSTATE', { skip }, async () => {
  const expected = [
    ['INSERT INTO kept VALUES (1, NULL)', 'ALREADY_EXISTS', '23505'],
    ['CREATE TABLE kept(a INTEGER)', 'ALREADY_EXISTS', '42P07'],
    ['INSERT INTO kept VALUES (NULL, NULL)', 'INVALID_ARGUMENT', '23502'],
    ['INSERT INTO checked VALUES (-1, 1)', 'INVALID_ARGUMENT', '23514'],
    ['INSERT INTO checked VALUES (1, 77)', 'INVALID_ARGUMENT', '23503'],
    ['FROM nosuch', 'NOT_FOUND', '42P01'],
  ];
  const statements = [
    'CREATE TABLE checked(a INTEGER CHECK (a > 0), b INTEGER REFERENCES kept(a))',
    ...expected.map(([sql]) => sql),
  ];
  assert.deepEqual(await ask('violations', { statements }), [
    null,
    ...expected.map(([, status, state]) => ['ProgrammingError', status, state]),
  ]);
});

test('ADBC: driver information, catalog objects and table schemas', { skip }, async () => {
  const seen = await ask<Record<string, unknown>>('metadata');
  assert.equal(seen.name, 'DuckHouse');
  assert.match(String(seen.version), /^duckdb v/);
  assert.deepEqual(seen.types, ['LOCAL TEMPORARY', 'SYSTEM TABLE', 'TABLE', 'VIEW']);
  assert.deepEqual(seen.tables, [
    [
      'memory',
      'main',
      'kept',
      'TABLE',
      [
        ['a', 'INTEGER', 1],
        ['b', 'VARCHAR', 2],
      ],
    ],
  ]);
  assert.deepEqual(seen.schema, [
    ['a', 'int32', false],
    ['b', 'string', true],
  ]);
  is(seen.absent as Failure, 'ProgrammingError', /NOT_FOUND/);
  assert.deepEqual([seen.catalog, seen.db_schema], ['memory', 'main']);
});

interface Statements {
  readonly [name: string]: unknown;
  readonly seconds: number;
}

test('ADBC: statements take effect without a fetch, values keep their types, errors their class', {
  skip,
}, async () => {
  const seen = await ask<Statements>('statements');
  assert.deepEqual(seen.same, Array(8).fill(true));
  assert.equal(seen.many, 10_000);
  assert.deepEqual(seen.counts, [10_001, 5006, 11]);
  assert.equal(seen.deleted, 9899);
  assert.deepEqual(seen.returned, [[-2]]);
  assert.equal(seen.schema, 'decimal128(9, 2)');
  assert.equal(seen.prepared, 1);
  is(seen.syntax as Failure, 'ProgrammingError', /INVALID_ARGUMENT: .*syntax error/);
  is(seen.missing as Failure, 'ProgrammingError', /NOT_FOUND: .*nowhere/);
  is(seen.duplicate as Failure, 'ProgrammingError', /ALREADY_EXISTS: .*kept/);
  is(seen.constraint as Failure, 'ProgrammingError', /ALREADY_EXISTS: .*constraint/i);
  is(seen.substrait as Failure, 'NotSupportedError', /Substrait/);
});

test('ADBC: transactions are kept from others, undone and committed', { skip }, async () => {
  const seen = await ask<Record<string, unknown>>('transactions');
  assert.deepEqual(seen.inside, [[1]]);
  is(seen.outside as Failure, 'ProgrammingError', /NOT_FOUND: .*moved/);
  is(seen.undone as Failure, 'ProgrammingError', /NOT_FOUND: .*moved/);
  assert.deepEqual(seen.kept, [[6]]);
});

test('ADBC: of two transactions that change one row the second is told to try again', { skip }, async () => {
  const seen = await ask<Record<string, unknown>>('conflict');
  assert.match((seen.seen as Failure).message, /Aborted.*|conflict/i);
  assert.deepEqual(seen.kept, [['uno']]);
});

test('ADBC: bulk ingest in every mode, typed, large and temporary', { skip }, async () => {
  const seen = await ask<Record<string, unknown>>('ingest');
  assert.deepEqual([seen.create, seen.append, seen.create_append, seen.replace, seen.big], [2, 2, 2, 2, 200_000]);
  is(seen.again as Failure, 'ProgrammingError', /ALREADY_EXISTS: .*loaded/);
  is(seen.absent as Failure, 'ProgrammingError', /NOT_FOUND: .*not_there/);
  assert.equal(seen.temporary, 2);
  assert.deepEqual(seen.rows, [
    ['12345678901234567890.123', 1, 'x', [1, null]],
    [null, null, null, null],
  ]);
  assert.deepEqual(seen.sum, [[200_000, 19_999_900_000, 10]]);
});

test('ADBC: polars and pandas write tables and read them', { skip }, async () => {
  const seen = await ask<Record<string, unknown>>('frames');
  assert.equal(seen.written, 3);
  assert.equal(seen.polars, true);
  assert.equal(seen.pandas, '[1.5, nan]');
  is(seen.again as Failure, 'ValueError', /from_pandas.*exists/);
});

test('ADBC: large results, several open cursors, partitions, and a cursor that is cancelled', { skip }, async () => {
  const seen = await ask<Record<string, unknown>>('streams', { sql: endlessSql });
  assert.deepEqual([seen.small, seen.total, seen.partitions, seen.schema], [10, 1_000_000, 1, 'int64']);
  assert.ok((seen.largest as number) < 16 << 20);
  assert.deepEqual(seen.parts, [0, 1, 2, 3, 4]);
  is(seen.cancelled as Failure, 'OperationalError', /CANCELLED|canceled/i);
  assert.ok((seen.seconds as number) < 5);
  assert.deepEqual(seen.after, [[1]]);
});

test('ADBC: passwords with a colon, wrong ones, none, and a bad token', { skip }, async () => {
  const auth = { username: 'jane', password: 'se:cret' };
  const seen = await ask<Record<string, unknown>>('credentials', auth, { auth });
  assert.deepEqual(seen.inside, [[1]]);
  for (const name of ['wrong', 'none', 'bearer']) is(seen[name] as Failure, 'ProgrammingError', /UNAUTHENTICATED/);
});

test('ADBC: temporary tables and the current schema belong to a connection', { skip }, async () => {
  const seen = await ask<Record<string, unknown>>('sessions');
  assert.deepEqual(seen.own, [[7]]);
  is(seen.others as Failure, 'ProgrammingError', /mine/);
  assert.deepEqual([seen.schema, seen.elsewhere, seen.table], [[['second']], [['main']], [[5]]]);
});
