import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrowText, typeMatrix } from '../engine/type-matrix.ts';
import { type RunningServer, runServer } from '../flight/running-server.ts';
import { pythonWith } from './python.ts';

const python = await pythonWith('pyarrow==26.0.1');
const { skip } = python;

let running: RunningServer;
before(async () => {
  running = await runServer();
});
after(() => running.close());

const client = <T>(name: string, input: object = {}): Promise<T> =>
  python.run('types_flight.py', { case: name, with: { uri: `grpc://127.0.0.1:${running.port}`, ...input } });

const typeOf = async (table: string): Promise<unknown> =>
  (await running.rows(`SELECT data_type AS t FROM duckdb_columns() WHERE table_name = '${table}'`))[0]?.t;

interface Seen {
  /** As pyarrow prints it. */
  readonly type: string;
  readonly values: readonly string[];
  readonly invalid: unknown;
  /** Why Python has no values, as for a date before its year 1. */
  readonly unreadable: string | null;
}

/** Dates before year 1 and nanoseconds are none of Python's. */
const beyondPython: ReadonlySet<string> = new Set(['DATE', 'TIME_NS', 'TIMESTAMP', 'TIMESTAMP_NS']);

/** What Python has, of a type of each kind. */
const asPython: Readonly<Record<string, string>> = {
  BOOLEAN: '[True, False, None]',
  UBIGINT: '[18446744073709551615, None]',
  HUGEINT:
    "[Decimal('-99999999999999999999999999999999999999'), Decimal('99999999999999999999999999999999999999'), None]",
  'DECIMAL(38,10)': "[Decimal('-1234567890123456789012345678.0123456789'), None]",
  DOUBLE: '[-2.25, nan, None]',
  TIMESTAMPTZ: "[datetime.datetime(2019, 12, 31, 20, 2, 3, tzinfo=zoneinfo.ZoneInfo(key='UTC')), None]",
  TIMETZ: "['12:34:56.5+02:30', '01:02:03-15:59:59', None]",
  INTERVAL:
    '[MonthDayNano(months=14, days=3, nanoseconds=14706700000000), MonthDayNano(months=0, days=-3, nanoseconds=0), None]',
  BLOB: "[b'', b'\\x00\\xff', None]",
  UUID: "['00000000-0000-0000-0000-000000000001', 'ffffffff-ffff-ffff-ffff-ffffffffffff', None]",
  BIT: "['1', '0101010101', None]",
  "ENUM('small', 'it''s large')": `['small', "it's large", None]`,
  'INTEGER[3]': '[[1, None, 3], None]',
  'STRUCT("a b" INTEGER, c VARCHAR[])': "[{'a b': 1, 'c': ['x']}, {'a b': None, 'c': None}, None]",
  'MAP(VARCHAR, INTEGER)': "[[('k', 1), ('l', None)], [], None]",
  'UNION(n INTEGER, s VARCHAR)': "[1, 'x', None]",
};

test('all types of the matrix are read by pyarrow and come back exactly', { skip }, async () => {
  for (const [i, { type, values }] of typeMatrix.entries()) {
    const all = [...values, 'NULL'].map((value) => `(CAST(${value} AS ${type}))`).join(', ');
    await running.lakehouse.engine.execute(`CREATE TABLE source${i} (v ${type}); INSERT INTO source${i} VALUES ${all}`);
  }
  const pairs = typeMatrix.map((_, i) => [`source${i}`, `target${i}`]);
  const seen = await client<Seen[]>('mirror', { pairs });
  for (const [i, { type }] of typeMatrix.entries()) {
    assert.equal(await typeOf(`target${i}`), await typeOf(`source${i}`), type);
    const values = (table: string) => running.rows(`SELECT v::VARCHAR AS v FROM ${table}`);
    assert.deepEqual(await values(`target${i}`), await values(`source${i}`), type);
    const { schema } = await running.client.query(`SELECT NULL::${type} AS v`);
    const { type: arrow, values: python, invalid, unreadable } = seen[i] as Seen;
    assert.equal(arrow, arrowText(schema.fields[0] as (typeof schema.fields)[0]));
    assert.equal(invalid !== null, type === 'TIME', type);
    const expected = asPython[type];
    assert.equal(unreadable !== null, beyondPython.has(type), `${type}: ${unreadable}`);
    if (expected !== undefined) assert.equal(`[${python.join(', ')}]`, expected, type);
  }
});

test("pyarrow's own types come back as they were", { skip }, async () => {
  // DuckDB has one type for all intervals, and UUIDs travel as text.
  assert.deepEqual(await client('mine'), {
    duration: [
      '[datetime.timedelta(days=2, seconds=5), None, datetime.timedelta(0)]',
      '[MonthDayNano(months=0, days=0, nanoseconds=172805000000000), None, MonthDayNano(months=0, days=0, nanoseconds=0)]',
    ],
    uuid: [
      "[UUID('00000000-0000-0000-0000-000000000001'), None, UUID('ffffffff-ffff-ffff-ffff-ffffffffffff')]",
      "['00000000-0000-0000-0000-000000000001', None, 'ffffffff-ffff-ffff-ffff-ffffffffffff']",
    ],
  });
});

test('half floats and decimals of 256 bits whose values fit come in as the nearest types', { skip }, async () => {
  assert.deepEqual(await client('narrowed'), {
    types: ['float', 'decimal128(38, 3)', 'list<item: decimal128(38, 3)>'],
    same: true,
  });
});

test('what DuckDB has no type for is refused with what to cast', { skip }, async () => {
  const failures = await client<{ type: string; message: string }[]>('refused');
  assert.deepEqual(
    failures.map(({ type }) => type),
    ['ArrowInvalid', 'ArrowNotImplementedError', 'ArrowInvalid'],
  );
  for (const [i, text] of [
    /column "v" holds a decimal with the digits 1(0{38})/,
    /dense_union/,
    /no columns/,
  ].entries())
    assert.match(failures[i]?.message ?? '', text);
});

test('compressed bodies and growing dictionaries are read', { skip }, async () => {
  for (const codec of ['lz4', 'zstd']) {
    assert.equal(await client('compressed', { codec }), 30_000);
    assert.deepEqual(
      await running.rows(
        `SELECT count(*)::INTEGER AS n, count(DISTINCT w)::INTEGER AS w, count(s)::INTEGER AS s, sum(i)::BIGINT AS i FROM compressed_${codec}`,
      ),
      [{ n: 30_000, w: 300, s: 25_713, i: 149_985_000n }],
    );
  }
});
