import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { query } from './engine-rows.ts';

let engine: Engine;
before(async () => {
  engine = await openEngine({ database: ':memory:' });
});
after(() => engine.close());

/** DuckDB's own cast is the measure; nulls, filters and small batches cut chunks at odd places. */
async function sameAsCast(value: string, rows = 5000): Promise<void> {
  const from = `FROM (SELECT CASE WHEN i % 7 = 3 THEN NULL ELSE ${value} END AS v FROM range(${rows}) t(i) WHERE i % 11 <> 0)`;
  for (const batchBytes of [32 << 10, 2 << 20]) {
    const found = await query(engine, `SELECT v, v::VARCHAR ${from}`, { batchBytes });
    assert.equal(found.length, rows - Math.ceil(rows / 11));
    for (const [text, cast] of found) assert.equal(text, cast);
  }
}

for (const [size, rows] of [
  [3, 5000],
  [300, 5000],
  [70_000, 200_000],
] as const)
  test(`an ENUM of ${size} values is text, whatever the width of its positions`, async () => {
    await engine.query(
      `CREATE TYPE e${size} AS ENUM (SELECT CASE i WHEN 1 THEN '' ELSE 'é' || i END FROM range(${size}) t(i))`,
    );
    await sameAsCast(`enum_range(NULL::e${size})[1 + i % ${size}]::VARCHAR::e${size}`, rows);
  });

for (const [type, value] of Object.entries({
  BIT: 'bin(i)::BIT',
  BIGNUM: '((i - 2500)::HUGEINT * 1000000007)::BIGNUM',
  UUID: 'md5(i::VARCHAR)::UUID',
  TIMETZ: "(TIMETZ '01:02:03+01:30' + to_seconds(i))",
}))
  test(`values of ${type} are DuckDB's text of them`, () => sameAsCast(value));

test('an INTERVAL is refused where its nanoseconds would overflow, and not one microsecond earlier', async () => {
  const microseconds = (count: string) => `SELECT to_microseconds(${count}) AS v, i FROM range(3) t(i)`;
  assert.equal((await query(engine, microseconds('9223372036854775'))).length, 3);
  assert.equal((await query(engine, microseconds('-9223372036854775'))).length, 3);
  for (const count of ['9223372036854776', '-9223372036854776', '9223372036854775807'])
    await assert.rejects(query(engine, microseconds(count)), /INTERVAL of -?\d+ microseconds in column "v" is beyond/);
});
