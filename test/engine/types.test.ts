import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeSchema } from '../../src/arrow/index.ts';
import { columnType, type EncodedBatch, type Engine, openEngine } from '../../src/engine/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { query, withEngine } from './engine-rows.ts';
import { refusedTypes, typeMatrix } from './type-matrix.ts';

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
        `CREATE OR REPLACE TABLE ${target} (${schema.fields.map((field) => `"${field.name}" ${columnType(field)}`).join(', ')})`,
      );
      return `INSERT INTO ${target} SELECT * FROM ${relation}`;
    },
  });
  for await (const message of copied(result.batches)) await load.write(message);
  await load.finish();
  await connection.execute('COMMIT');
  await connection.close();
}

let shared: Engine;
before(async () => {
  shared = await openEngine({ database: ':memory:' });
});
after(() => shared.close());

for (const { type, values } of typeMatrix) {
  test(`${type} goes out and comes back, with nulls`, async () => {
    const all = [...values, 'NULL'].map((value) => `(CAST(${value} AS ${type}))`).join(', ');
    await shared.execute(`CREATE OR REPLACE TABLE source (v ${type}); INSERT INTO source VALUES ${all}`);
    await roundTrip(shared, 'source', 'target');
    const wanted = await query(shared, 'SELECT v::VARCHAR FROM source');
    assert.deepEqual(await query(shared, 'SELECT v::VARCHAR FROM target'), wanted);
    const types = await query(
      shared,
      "SELECT data_type FROM duckdb_columns() WHERE table_name IN ('source', 'target')",
    );
    assert.deepEqual([types.length, types[0]], [2, types[1]]);
  });
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

/** The type's name in DuckDB's list of types. */
const logicalType = (type: string): string => {
  if (type.endsWith(']')) return /\[\d+\]$/.test(type) ? 'ARRAY' : 'LIST';
  return (/^[A-Z_]+(?: WITH TIME ZONE)?/.exec(type) as RegExpExecArray)[0];
};

test('every type that DuckDB has is in the matrix or refused', () =>
  withEngine(async (engine) => {
    const typeNames = typeMatrix.map(({ type }) => `typeof(NULL::${type})`);
    const known = new Set(
      (await query(engine, `SELECT unnest([${typeNames.join(', ')}])`)).map(String).map(logicalType),
    );
    for (const type of [...Object.keys(refusedTypes), 'NULL', 'POINTER', 'INVALID']) known.add(type);
    const all = await query(engine, 'SELECT DISTINCT logical_type FROM duckdb_types()');
    assert.ok(all.length > 30);
    assert.deepEqual(
      all.map(String).filter((type) => !known.has(type)),
      [],
    );
    for (const type of Object.keys(refusedTypes))
      await assert.rejects(query(engine, `SELECT NULL::${type}`), refused(/cast it/));
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
