import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordBatchTemplate } from '../../src/arrow/batch-template.ts';
import { type ArrowSchema, type BuiltBatch, buildBatch, encodeSchema } from '../../src/arrow/index.ts';
import { encodeFlightData } from '../../src/flight/proto/flight-data.ts';
import { commandDescriptor, decodePutResult, encodeDescriptor } from '../../src/flight/proto/messages.ts';
import { decodeUpdateResult } from '../../src/flight/proto/sql-messages.ts';
import { bytesField, intField } from '../../src/flight/proto/wire.ts';
import { failsWith } from './running-server.ts';
import { sqlMessage, text } from './wire-client.ts';
import { wireRig } from './wire-rig.ts';

// What clients may send in a put though this server's own client does not.
const rig = wireRig();

const ingest = (table: string): Uint8Array =>
  sqlMessage('CommandStatementIngest', bytesField(1, Buffer.concat([intField(1, 1), intField(2, 2)])), text(2, table));
const int32 = { id: 'int', bitWidth: 32, signed: true } as const;
const numbers: ArrowSchema = { fields: [{ name: 'a', type: int32, nullable: true, children: [] }] };

test('a descriptor that comes again with later messages of a put changes nothing, whatever it names', async () => {
  const client = rig.connect();
  const none = new Uint8Array(0);
  const { metadata, body } = buildBatch(numbers, [[1, 2]]);
  const repeating = async (command: Uint8Array, other = command): Promise<number> => {
    const [again, later] = [command, other].map((one) => encodeDescriptor(commandDescriptor(one)));
    const answers = await client.put([
      encodeFlightData({ descriptor: again as Uint8Array, header: encodeSchema(numbers), body: none }),
      encodeFlightData({ descriptor: again as Uint8Array, header: metadata, body }),
      encodeFlightData({ descriptor: later as Uint8Array, header: metadata, body }),
      encodeFlightData({ descriptor: later as Uint8Array, header: none, body: none }),
    ]);
    return decodeUpdateResult(decodePutResult(answers.at(-1) ?? none));
  };
  assert.equal(await repeating(ingest('said_again')), 4);
  assert.equal(await repeating(ingest('said_again'), ingest('said_otherwise')), 4);
  const { handle } = await client.prepare('INSERT INTO said_again VALUES (?)');
  assert.equal(await repeating(sqlMessage('CommandPreparedStatementUpdate', bytesField(1, handle))), 4);
  assert.deepEqual(await rig.running.rows('SELECT a, count(*)::INTEGER AS n FROM said_again GROUP BY a ORDER BY a'), [
    { a: 1, n: 6 },
    { a: 2, n: 6 },
  ]);
  assert.deepEqual(await rig.running.rows("FROM duckdb_tables() WHERE table_name = 'said_otherwise'"), []);
});

const bytesOf = (array: Int32Array | BigInt64Array | Float64Array): Uint8Array => new Uint8Array(array.buffer);

interface RawBatch {
  readonly rows: number;
  readonly nodes: readonly (readonly [length: number, nullCount: number])[];
  readonly buffers: readonly Uint8Array[];
}

/** A batch whose buffers lie one behind the other with `gap` bytes between them. */
function rawBatch({ rows, nodes, buffers }: RawBatch, gap: number): BuiltBatch {
  const template = recordBatchTemplate(nodes.length, buffers.length);
  const size = buffers.reduce((sum, buffer) => sum + gap + buffer.byteLength, 0);
  const body = new Uint8Array(size).fill(0xa5);
  template.setLength(rows);
  nodes.forEach(([length, nulls], i) => template.setNode(i, length, nulls));
  let at = 0;
  buffers.forEach((buffer, i) => {
    template.setBuffer(i, at + gap, buffer.byteLength);
    body.set(buffer, at + gap);
    at += gap + buffer.byteLength;
  });
  template.setBodyLength(size);
  return { metadata: template.bytes, body, rows };
}

test('buffers of a batch may lie anywhere in its body, aligned or not', async () => {
  const client = rig.connect();
  const field = (name: string, type: ArrowSchema['fields'][number]['type']) =>
    ({ name, type, nullable: true, children: [] }) as const;
  const item = { name: 'item', type: int32, nullable: true, children: [] } as const;
  const schema: ArrowSchema = {
    fields: [
      field('i', int32),
      field('b', { ...int32, bitWidth: 64 }),
      field('f', { id: 'floatingPoint', bitWidth: 64 }),
      field('s', { id: 'utf8' }),
      { name: 'l', type: { id: 'list' }, nullable: true, children: [item] },
    ],
  };
  const validity = Uint8Array.of(0b101);
  const batch: RawBatch = {
    rows: 3,
    nodes: [
      [3, 1],
      [3, 0],
      [3, 0],
      [3, 1],
      [3, 0],
      [4, 0],
    ],
    buffers: [
      ...[validity, bytesOf(Int32Array.of(7, 0, -9))],
      ...[new Uint8Array(0), bytesOf(BigInt64Array.of(1n << 40n, -1n, 3n))],
      ...[new Uint8Array(0), bytesOf(Float64Array.of(0.5, -1.25, 3e300))],
      ...[validity, bytesOf(Int32Array.of(0, 2, 2, 22)), Buffer.from('ab' + 'longer than inlined!')],
      ...[new Uint8Array(0), bytesOf(Int32Array.of(0, 1, 1, 4))],
      ...[new Uint8Array(0), bytesOf(Int32Array.of(10, 20, 30, 40))],
    ],
  };
  const gaps = [0, 1, 3, 4, 8];
  const table = 'anywhere';
  const batches = gaps.map((gap) => rawBatch(batch, gap));
  assert.equal(await client.update(ingest(table), { schema, batches }), 3 * gaps.length);
  assert.deepEqual(await rig.running.rows(`SELECT DISTINCT i, b, f, s, l::VARCHAR AS l FROM ${table} ORDER BY b`), [
    { i: null, b: -1n, f: -1.25, s: null, l: '[]' },
    { i: -9, b: 3n, f: 3e300, s: 'longer than inlined!', l: '[20, 30, 40]' },
    { i: 7, b: 1n << 40n, f: 0.5, s: 'ab', l: '[10]' },
  ]);
  const { handle } = await client.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?, ?)`);
  const update = sqlMessage('CommandPreparedStatementUpdate', bytesField(1, handle));
  assert.equal(await client.update(update, { schema, batches: [rawBatch(batch, 3)] }), 3);
  assert.deepEqual(await rig.running.rows(`SELECT count(DISTINCT (i, b, f, s, l))::INTEGER AS n FROM ${table}`), [
    { n: 3 },
  ]);
});

/** The message as a writer of before Arrow 1.0 marks it: MetadataVersion, the first field of its table. */
function inV4(message: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(message);
  const view = new DataView(bytes.buffer);
  const table = view.getUint32(0, true);
  const fields = table - view.getInt32(table, true);
  view.setInt16(table + view.getUint16(fields + 4, true), 3, true);
  return bytes;
}

test('unions of metadata V4 have a validity bitmap: read past, and refused when it has nulls', async () => {
  const client = rig.connect();
  const member = (name: string, type: ArrowSchema['fields'][number]['type']) =>
    ({ name, type, nullable: true, children: [] }) as const;
  const union: ArrowSchema = {
    fields: [
      {
        name: 'u',
        type: { id: 'union', mode: 'sparse', typeIds: [0, 1] },
        nullable: true,
        children: [member('n', int32), member('s', { id: 'utf8' })],
      },
    ],
  };
  const none = new Uint8Array(0);
  const batchOf = (validity: readonly Uint8Array[], nullCount: number): BuiltBatch =>
    rawBatch(
      {
        rows: 3,
        nodes: [
          [3, nullCount],
          [3, 0],
          [3, 0],
        ],
        buffers: [
          ...validity,
          Uint8Array.of(0, 1, 0),
          ...[none, bytesOf(Int32Array.of(5, 0, 6))],
          ...[none, bytesOf(Int32Array.of(0, 0, 3, 3)), Buffer.from('two')],
        ],
      },
      0,
    );
  const put = async ({ metadata, body }: BuiltBatch, mark: (message: Uint8Array) => Uint8Array): Promise<number> => {
    const descriptor = encodeDescriptor(commandDescriptor(ingest('unions')));
    const answers = await client.put([
      encodeFlightData({ descriptor, header: mark(encodeSchema(union)), body: none }),
      encodeFlightData({ header: mark(metadata), body }),
    ]);
    return decodeUpdateResult(decodePutResult(answers.at(-1) ?? none));
  };
  const all = Uint8Array.of(0b111);
  assert.equal(await put(batchOf([], 0), (message) => message), 3);
  assert.equal(await put(batchOf([none], 0), inV4), 3);
  assert.equal(await put(batchOf([all], 0), inV4), 3);
  assert.equal(await put(batchOf([all], -1), inV4), 3);
  for (const nullCount of [1, -1])
    await assert.rejects(put(batchOf([Uint8Array.of(0b101)], nullCount), inV4), failsWith('DataInvalid', /"u".*nulls/));
  assert.deepEqual(
    await rig.running.rows('SELECT u::VARCHAR AS u, count(*)::INTEGER AS n FROM unions GROUP BY ALL ORDER BY u'),
    [
      { u: '5', n: 4 },
      { u: '6', n: 4 },
      { u: 'two', n: 4 },
    ],
  );
});
