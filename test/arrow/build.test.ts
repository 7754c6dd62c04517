import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as flechette from '@uwdata/flechette';
import {
  type ArrowField,
  type ArrowSchema,
  type ArrowType,
  buildBatch,
  createBatchDecoder,
  decodeSchema,
  encapsulate,
  encodeSchema,
  endOfStream,
  valueReader,
} from '../../src/arrow/index.ts';

const field = (name: string, type: ArrowType, children: readonly ArrowField[] = [], nullable = true): ArrowField => ({
  name,
  type,
  nullable,
  children,
});
const int32 = { id: 'int', bitWidth: 32, signed: true } as const;
const int64 = { id: 'int', bitWidth: 64, signed: true } as const;
const utf8 = { id: 'utf8' } as const;

/** The rows as we read them, and as another implementation does. */
function readBack(schema: ArrowSchema, columns: readonly (readonly unknown[])[]) {
  const batch = buildBatch(schema, columns);
  const decoded = createBatchDecoder(decodeSchema(encodeSchema(schema))).decode(batch);
  assert.ok(decoded);
  const ours = decoded.columns.map((column) =>
    Array.from({ length: column.length }, (_, row) => valueReader(column)(row)),
  );
  const stream = Buffer.concat([
    encapsulate(encodeSchema(schema)),
    encapsulate(batch.metadata),
    batch.body,
    endOfStream,
  ]);
  const table = flechette.tableFromIPC(Uint8Array.from(stream), { useBigInt: true });
  const theirs = schema.fields.map((_, i) => [...(table.getChildAt(i) as Iterable<unknown>)]);
  return { ours, theirs, batch };
}

test('scalars, texts and bytes are built, with their nulls', () => {
  const schema = {
    fields: [
      field('b', { id: 'bool' }),
      field('i', int32),
      field('n', int64),
      field('u', { id: 'int', bitWidth: 8, signed: false }),
      field('f', { id: 'floatingPoint', bitWidth: 64 }),
      field('s', utf8),
      field('x', { id: 'binary' }),
    ],
  };
  const columns = [
    [true, null, false],
    [-1, null, 2 ** 31 - 1],
    [-(2n ** 63n), null, 5n],
    [0, null, 255],
    [1.5, null, Number.NaN],
    ['é', null, ''],
    [Uint8Array.of(1, 2), null, new Uint8Array(0)],
  ];
  const { ours, theirs, batch } = readBack(schema, columns);
  assert.equal(batch.rows, 3);
  assert.deepEqual(ours, columns);
  assert.deepEqual(theirs, columns);
});

test('lists, structs, maps and dense unions are built', () => {
  const member = [field('text', utf8, [], false), field('list', { id: 'list' }, [field('item', int32)], false)];
  const entries = field(
    'entries',
    { id: 'struct' },
    [field('key', int32, [], false), field('value', { id: 'list' }, [field('item', int32)])],
    false,
  );
  const schema = {
    fields: [
      field('l', { id: 'list' }, [field('item', utf8)]),
      field('o', { id: 'struct' }, [field('a', int32), field('s', utf8)]),
      field('m', { id: 'map', keysSorted: false }, [entries]),
      field('u', { id: 'union', mode: 'dense', typeIds: [0, 4] }, member, false),
    ],
  };
  const { ours, theirs } = readBack(schema, [
    [['a', null], null, []],
    [{ a: 1, s: 'x' }, null, { a: null, s: '' }],
    [
      [
        [1, [2, 3]],
        [4, null],
      ],
      null,
      [],
    ],
    [
      { typeId: 4, value: [7, null] },
      { typeId: 0, value: 'one' },
      { typeId: 4, value: [] },
    ],
  ]);
  assert.deepEqual(ours, [
    [['a', null], null, []],
    [{ a: 1, s: 'x' }, null, { a: null, s: '' }],
    [
      [
        { key: 1, value: [2, 3] },
        { key: 4, value: null },
      ],
      null,
      [],
    ],
    [[7, null], 'one', []],
  ]);
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (_, inner: unknown) => (ArrayBuffer.isView(inner) ? [...(inner as Int32Array)] : inner)),
    );
  assert.deepEqual(plain(theirs[0]), [['a', null], null, []]);
  assert.deepEqual(plain(theirs[3]), [[7, null], 'one', []]);
});

test('no rows make an empty batch; columns of different lengths, forbidden nulls and unknown members are refused', () => {
  const schema = {
    fields: [field('s', utf8), field('u', { id: 'union', mode: 'dense', typeIds: [0] }, [field('a', int32)], false)],
  };
  assert.deepEqual(readBack(schema, [[], []]).ours, [[], []]);
  assert.throws(() => buildBatch(schema, [['a'], []]), /values where others have/);
  assert.throws(() => buildBatch({ fields: [field('s', utf8, [], false)] }, [[null]]), /takes no nulls/);
  assert.throws(() => buildBatch(schema, [['a'], [{ typeId: 1, value: 1 }]]), /no union member 1/);
});

test('fields that share types and metadata are encoded as if they did not', () => {
  const metadata = new Map([['k', 'v']]);
  const children = [field('item', utf8)];
  const list = { id: 'list' } as const;
  const shared: ArrowSchema = {
    fields: [
      { ...field('a', list, children), metadata },
      { ...field('b', list, children), metadata },
    ],
  };
  assert.deepEqual(decodeSchema(encodeSchema(shared)), {
    fields: shared.fields.map((one) => ({ ...one, metadata: new Map(metadata), children: [field('item', utf8)] })),
  });
});
