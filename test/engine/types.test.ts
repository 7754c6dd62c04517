import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSchema } from '../../src/arrow/index.ts';
import { columnType, type EncodedBatch, type Engine } from '../../src/engine/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { query, withEngine } from './engine-rows.ts';

/** The published type matrix, as values: each goes out as Arrow and comes back into a table of the type it had. */
const matrix: Readonly<Record<string, readonly string[]>> = {
  BOOLEAN: ['true', 'false'],
  TINYINT: ['-128', '127'],
  SMALLINT: ['-32768', '32767'],
  INTEGER: ['-2147483648', '2147483647'],
  BIGINT: ['-9223372036854775808', '9223372036854775807'],
  UTINYINT: ['0', '255'],
  USMALLINT: ['65535'],
  UINTEGER: ['4294967295'],
  UBIGINT: ['18446744073709551615'],
  HUGEINT: ["'-99999999999999999999999999999999999999'", "'99999999999999999999999999999999999999'"],
  UHUGEINT: ['0', "'99999999999999999999999999999999999999'"],
  'DECIMAL(4,1)': ['-999.9', '0.1'],
  'DECIMAL(9,2)': ['-1234567.89'],
  'DECIMAL(18,3)': ['123456789012345.678'],
  'DECIMAL(38,10)': ["'-1234567890123456789012345678.0123456789'"],
  FLOAT: ['1.5', "'inf'"],
  DOUBLE: ['-2.25', "'nan'"],
  DATE: ["'1992-02-29'", "'0044-03-15 (BC)'", "'infinity'"],
  TIME: ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'"],
  TIME_NS: ["'12:00:00.123456789'"],
  TIMETZ: ["'12:34:56.5+02:30'", "'01:02:03-15:59:59'"],
  TIMESTAMP: ["'2020-01-01 01:02:03.456789'", "'infinity'", "'-infinity'"],
  TIMESTAMP_S: ["'1969-12-31 23:59:59'"],
  TIMESTAMP_MS: ["'2020-01-01 01:02:03.456'"],
  TIMESTAMP_NS: ["'2020-01-01 01:02:03.123456789'"],
  TIMESTAMPTZ: ["'2020-01-01 01:02:03+05'"],
  INTERVAL: ["'1 year 2 months 3 days 04:05:06.7'", "'-3 days'"],
  VARCHAR: ["''", "'é😀'"],
  JSON: [`'{"a": [1, null]}'`],
  BLOB: ["''", "'\\x00\\xFF'"],
  UUID: ["'00000000-0000-0000-0000-000000000001'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
  BIT: ["'1'", "'0101010101'"],
  BIGNUM: ["'-123456789012345678901234567890123456789012345'", "'0'", "'255'"],
  "ENUM('small', 'it''s large')": ["'small'", "'it''s large'"],
  'INTEGER[]': ['[1, NULL, 3]', '[]'],
  'VARCHAR[][]': ["[['a'], [], NULL]"],
  'INTEGER[3]': ['[1, NULL, 3]'],
  'STRUCT("a b" INTEGER, c VARCHAR[])': ["{'a b': 1, 'c': ['x']}", "{'a b': NULL, 'c': NULL}"],
  'MAP(VARCHAR, INTEGER)': ["MAP {'k': 1, 'l': NULL}", 'MAP {}'],
  'UNION(n INTEGER, s VARCHAR)': ['union_value(n := 1)', "union_value(s := 'x')"],
  'STRUCT(t TIMETZ, u UUID)[]': ["[{'t': '12:00:00+01', 'u': '00000000-0000-0000-0000-000000000001'}, NULL]"],
};

async function* copied(batches: AsyncIterable<EncodedBatch>) {
  for await (const batch of batches) {
    yield { metadata: Uint8Array.from(batch.metadata), body: Uint8Array.from(batch.body) };
    batch.release();
  }
}

async function roundTrip(engine: Engine, source: string, target: string): Promise<void> {
  const result = await engine.query(`FROM ${source}`);
  const connection = await engine.connect();
  await connection.execute('BEGIN');
  const load = await connection.load({
    schema: encodeSchema(result.schema),
    async statement(relation, schema) {
      await connection.execute(
        `CREATE TABLE ${target} (${schema.fields.map((field) => `"${field.name}" ${columnType(field)}`).join(', ')})`,
      );
      return `INSERT INTO ${target} SELECT * FROM ${relation}`;
    },
  });
  for await (const message of copied(result.batches)) await load.write(message);
  await load.finish();
  await connection.execute('COMMIT');
  await connection.close();
}

for (const [type, values] of Object.entries(matrix)) {
  test(`${type} goes out and comes back, with nulls`, () =>
    withEngine(async (engine) => {
      const all = [...values, 'NULL'].map((value) => `(CAST(${value} AS ${type}))`).join(', ');
      await engine.execute(`CREATE TABLE source (v ${type}); INSERT INTO source VALUES ${all}`);
      await roundTrip(engine, 'source', 'target');
      // Structs with special members come back as text there: the values are what counts.
      const wanted = await query(engine, 'SELECT v::VARCHAR FROM source');
      assert.deepEqual(await query(engine, 'SELECT v::VARCHAR FROM target'), wanted);
      if (!type.startsWith('STRUCT(t')) {
        const types = await query(
          engine,
          "SELECT data_type FROM duckdb_columns() WHERE table_name IN ('source', 'target')",
        );
        assert.deepEqual(types[0], types[1]);
      }
    }));
}

test('many rows with every kind of validity boundary stay exact', () =>
  withEngine(async (engine) => {
    await engine.execute(`CREATE TABLE source AS SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE i * 7 END n, CASE WHEN i % 5 = 0 THEN NULL ELSE 'text ' || i END s,
      i % 2 = 0 b, CASE WHEN i % 7 = 0 THEN NULL ELSE [i, NULL, i + 1] END l, (['a', 'bb', 'ccc'])[1 + i % 3]::ENUM('a', 'bb', 'ccc') e
      FROM range(20000) t(i) WHERE i % 11 <> 0`);
    await roundTrip(engine, 'source', 'target');
    assert.deepEqual(await query(engine, 'SELECT count(*) FROM (FROM source EXCEPT ALL FROM target)'), [[0n]]);
    assert.deepEqual(await query(engine, 'SELECT count(*) FROM (FROM target EXCEPT ALL FROM source)'), [[0n]]);
  }));

const refused = (hint: RegExp) => (error: unknown) =>
  isDuckhouseError(error) && error.kind === 'Unsupported' && hint.test(error.hint ?? '');

test('values that Arrow cannot hold are refused, not changed', () =>
  withEngine(async (engine) => {
    await assert.rejects(
      query(engine, "SELECT '170141183460469231731687303715884105727'::HUGEINT"),
      refused(/VARCHAR/),
    );
    await assert.rejects(
      query(engine, "SELECT '340282366920938463463374607431768211455'::UHUGEINT"),
      refused(/VARCHAR/),
    );
    await assert.rejects(query(engine, 'SELECT [INTERVAL 3000000 HOURS]'), refused(/VARCHAR/));
    await assert.rejects(query(engine, "SELECT {'a': 1}::VARIANT"), refused(/JSON/));
    assert.deepEqual(await query(engine, 'SELECT v FROM (VALUES (NULL::HUGEINT), (1)) t(v)'), [[null], ['1']]);
  }));
