import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as flechette from '@uwdata/flechette';
import {
  type ArrowColumn,
  createBatchDecoder,
  decodeSchema,
  encapsulate,
  encodeSchema,
  endOfStream,
  type IpcMessage,
  readIpcStream,
  valueReader,
} from '../../src/arrow/index.ts';
import { openEngine } from '../../src/engine/index.ts';

const chunked = async function* (bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
};

async function decodeStream(bytes: Uint8Array, size = 1 << 20) {
  const columns: ArrowColumn[][] = [];
  let decode: ((message: IpcMessage) => { columns: readonly ArrowColumn[]; length: number } | undefined) | undefined;
  for await (const message of readIpcStream(chunked(bytes, size))) {
    if (decode === undefined) decode = createBatchDecoder(decodeSchema(message.metadata)).decode;
    else {
      const batch = decode(message);
      if (batch !== undefined) columns.push([...batch.columns]);
    }
  }
  return columns.flatMap((batch) =>
    Array.from({ length: batch[0]?.length ?? 0 }, (_, row) => batch.map((column) => valueReader(column)(row))),
  );
}

const { tableFromArrays, tableToIPC, utf8, dictionary, int32, list, struct, bool, float64, int64 } = flechette;

test('what another implementation writes is read the same, in chunks of any size', async () => {
  const table = tableFromArrays(
    {
      s: ['a', null, 'é'],
      d: ['x', 'y', 'x'],
      i: [1, null, 3],
      l: [[1, 2], [], null],
      o: [{ a: 1, b: true }, null, { a: null, b: false }],
      f: [1.5, null, Number.NaN],
      n: [1n, 2n, null],
    },
    {
      types: {
        s: utf8(),
        d: dictionary(utf8()),
        i: int32(),
        l: list(int32()),
        o: struct({ a: int32(), b: bool() }),
        f: float64(),
        n: int64(),
      },
    },
  );
  const bytes = tableToIPC(table, { format: 'stream' }) as Uint8Array;
  const wanted = [
    ['a', 'x', 1, [1, 2], { a: 1, b: true }, 1.5, 1n],
    [null, 'y', null, [], null, null, 2n],
    ['é', 'x', 3, null, { a: null, b: false }, Number.NaN, null],
  ];
  for (const size of [1, 7, 64, 1 << 20]) assert.deepEqual(await decodeStream(bytes, size), wanted);
  const file = tableToIPC(table, { format: 'file' }) as Uint8Array;
  assert.deepEqual(await decodeStream(file), wanted);
});

test('what this room and the engine write is read the same by another implementation', async () => {
  const engine = await openEngine({ database: ':memory:' });
  const result = await engine.query(
    "SELECT i, CASE WHEN i % 2 = 0 THEN NULL ELSE 'r' || i END s, [i, i + 1] l, {'a': i, 'b': 'x'} o, i / 4 f FROM range(5000) t(i)",
  );
  const parts: Uint8Array[] = [encapsulate(encodeSchema(result.schema))];
  for await (const batch of result.batches) {
    parts.push(encapsulate(batch.metadata), Uint8Array.from(batch.body));
    batch.release();
  }
  await engine.close();
  const table = flechette.tableFromIPC(Buffer.concat([...parts, endOfStream]), { useBigInt: true });
  assert.equal(table.numRows, 5000);
  const row = table.get(4321) as Record<string, unknown>;
  assert.deepEqual([row.i, row.s, row.o, row.f], [4321n, 'r4321', { a: 4321n, b: 'x' }, 1080.25]);
  assert.deepEqual([...(row.l as Iterable<bigint>)], [4321n, 4322n]);
});

test('framing without the continuation marker is read', async () => {
  const schema = encodeSchema({
    fields: [{ name: 'a', type: { id: 'int', bitWidth: 32, signed: true }, nullable: true, children: [] }],
  });
  const legacy = encapsulate(schema).subarray(4);
  const messages = [];
  for await (const message of readIpcStream(chunked(Buffer.concat([legacy, Buffer.alloc(4)]), 5)))
    messages.push(message);
  assert.deepEqual(decodeSchema((messages[0] as IpcMessage).metadata).fields[0]?.name, 'a');
  assert.equal(messages.length, 1);
});
