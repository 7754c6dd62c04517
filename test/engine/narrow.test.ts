import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as flechette from '@uwdata/flechette';
import {
  createBatchDecoder,
  decodeSchema,
  type IpcMessage,
  type RecordBatch,
  readIpcStream,
  valueReader,
} from '../../src/arrow/index.ts';
import { narrowBatch, narrowSchema } from '../../src/engine/narrow.ts';

const { decimal, float16, list } = flechette;

async function decoded(columns: Record<string, unknown[]>, types: Record<string, flechette.DataType>) {
  const table = flechette.tableFromArrays(columns, { types });
  const bytes = flechette.tableToIPC(table, { format: 'stream' }) as Uint8Array;
  const messages = readIpcStream(
    (async function* () {
      yield bytes;
    })(),
  );
  const schema = decodeSchema((await messages.next()).value?.metadata ?? new Uint8Array());
  const batch = createBatchDecoder(schema).decode((await messages.next()).value as IpcMessage);
  return { schema, batch: batch as RecordBatch };
}

const valuesOf = ({ columns, length }: RecordBatch): unknown[][] =>
  columns.map((column) => Array.from({ length }, (_, row) => valueReader(column)(row)));

test('half floats and wide decimals, nested too, come as types that DuckDB reads', async () => {
  const wide = [-12_345n, null, 10n ** 37n, 1n - 10n ** 38n];
  const { schema, batch } = await decoded(
    { half: [1.5, null, -0.25, 65_504], wide, nested: wide.map((value) => (value === null ? null : [value, null])) },
    { half: float16(), wide: decimal(60, 3, 256), nested: list(decimal(40, 0, 256)) },
  );
  const narrow = narrowSchema(schema);
  assert.deepEqual(
    narrow.fields.map(({ type }) => type),
    [{ id: 'floatingPoint', bitWidth: 32 }, { id: 'decimal', bitWidth: 128, precision: 38, scale: 3 }, { id: 'list' }],
  );
  const [half, exact, nested] = valuesOf(narrowBatch(batch, narrow));
  assert.deepEqual(half, [1.5, null, -0.25, 65_504]);
  assert.deepEqual(exact?.map(String), ['-12.345', 'null', `1${'0'.repeat(34)}.000`, `-${'9'.repeat(35)}.999`]);
  assert.equal(nested?.length, 4);
  assert.deepEqual((nested?.at(3) as unknown[] | undefined)?.map(String), [`-${'9'.repeat(38)}`, 'null']);
});

test('a decimal with more digits than DuckDB has is refused by its column and digits', async () => {
  for (const value of [10n ** 38n, -(10n ** 38n), 10n ** 60n, 2n ** 128n]) {
    const { schema, batch } = await decoded({ price: [value] }, { price: decimal(76, 0, 256) });
    assert.throws(() => narrowBatch(batch, narrowSchema(schema)), {
      kind: 'InvalidArgument',
      message: `column "price" holds a decimal with the digits ${value}: DuckDB has at most 38`,
    });
  }
});

test('what DuckDB reads stays as it is', async () => {
  const { schema, batch } = await decoded({ n: [1n] }, { n: decimal(38, 0, 128) });
  assert.equal(narrowSchema(schema), schema);
  assert.equal(narrowBatch(batch, batch.schema), batch);
  const tiny = await decoded({ n: [1n] }, { n: decimal(60, 50, 256) });
  assert.equal(narrowSchema(tiny.schema), tiny.schema);
});

test('parts of a microsecond are refused where DuckDB would cut them off, under nulls and in lists', async () => {
  const nanoseconds = flechette.TimeUnit.NANOSECOND;
  const point = flechette.timestamp(nanoseconds, 'UTC');
  const check = async (values: readonly unknown[], type: flechette.DataType) => {
    const { schema, batch } = await decoded({ a: [...values] }, { a: type });
    return narrowBatch(batch, narrowSchema(schema));
  };
  const tooFine = { kind: 'DataInvalid', id: 'value-too-fine' };
  const second = 1_700_000_000_000;
  await check([second, null, -0.001, 0.001], point); // milliseconds
  for (const fine of [0.0005, -0.0005, 0.000125, -1.0005]) {
    await assert.rejects(check([second, fine], point), tooFine, String(fine));
    await assert.rejects(check([[null, fine]], list(point)), tooFine);
  }
  await check([0.0005], flechette.timestamp(nanoseconds)); // TIMESTAMP_NS keeps them
  await check([1000n, null, -1000n], flechette.duration(nanoseconds));
  await assert.rejects(check([1500n], flechette.duration(nanoseconds)), tooFine);
});
