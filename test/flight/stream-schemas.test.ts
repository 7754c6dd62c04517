import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { test } from 'node:test';
import { openMessage } from '../../src/arrow/decode-schema.ts';
import { readTable } from '../../src/arrow/flatbuffer.ts';
import { type ArrowField, decapsulate, decodeSchema } from '../../src/arrow/index.ts';
import { commandDescriptor } from '../../src/flight/index.ts';
import { grpcMessage } from '../../src/flight/proto/flight-data.ts';
import { decodeSchemaResult, encodeDescriptor } from '../../src/flight/proto/messages.ts';
import { unpackAny } from '../../src/flight/proto/sql-messages.ts';
import { bytesOf, fieldMap } from '../../src/flight/proto/wire.ts';
import { typeMatrix } from '../engine/type-matrix.ts';
import { rowsOf } from './running-server.ts';
import { sqlMessage, text } from './wire-client.ts';
import { wireRig } from './wire-rig.ts';

// Drivers compare schemas to the letter, and refuse a stream that is not as announced.
const rig = wireRig();
const { connect } = rig;

const query = (sql: string): Uint8Array => sqlMessage('CommandStatementQuery', text(1, sql));
/** Clients refuse a message that is no encapsulated one, or whose length is no multiple of 8. */
function assertEncapsulated(bytes: Uint8Array, what: string): void {
  const buffer = Buffer.from(bytes);
  assert.equal(buffer.readUInt32LE(0), 0xffffffff, what);
  assert.equal(buffer.readInt32LE(4) % 8, 0, what);
  assert.equal(buffer.length, buffer.readInt32LE(4) + 8, what);
}

test('schemas outside of streams are encapsulated messages, wherever they stand', async () => {
  const client = connect();
  assertEncapsulated((await client.info(query('SELECT 1 AS a'))).schema as Uint8Array, 'FlightInfo');
  const [created] = await client.action(
    'CreatePreparedStatement',
    sqlMessage('ActionCreatePreparedStatementRequest', text(1, 'SELECT ? AS a')),
  );
  const fields = fieldMap(unpackAny(created as Uint8Array)?.value as Uint8Array);
  assertEncapsulated(bytesOf(fields, 2), 'dataset_schema');
  assertEncapsulated(bytesOf(fields, 3), 'parameter_schema');
  const session = http2.connect(`http://127.0.0.1:${rig.running.port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/arrow.flight.protocol.FlightService/GetSchema',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end(grpcMessage(encodeDescriptor(commandDescriptor(query('SELECT 1 AS a')))));
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  session.close();
  assertEncapsulated(decodeSchemaResult(Buffer.concat(chunks).subarray(5)), 'SchemaResult');
});

const plainTo = ({ type, children }: ArrowField): boolean =>
  !/view|run|dictionary/i.test(type.id) && children.every(plainTo);

test('the stream of a query has the schema its info told, nullability and all, in types that old clients read', async () => {
  await rig.running.lakehouse.engine.execute(
    "CREATE TABLE strict(a INTEGER NOT NULL PRIMARY KEY, e ENUM('p', 'q') NOT NULL, d DECIMAL(38, 10)); CREATE VIEW strict_view AS FROM strict",
  );
  const every = typeMatrix.map(({ type, values }, i) => `(${values[0]})::${type} AS c${i}`).join(', ');
  for (const sql of [
    'FROM strict',
    'FROM strict_view',
    'SELECT count(*), max(a), NULL FROM strict',
    `SELECT ${every}`,
    "INSERT INTO strict VALUES (1, 'p', 1.5)",
    "INSERT INTO strict VALUES (2, 'q', NULL) RETURNING *",
    "UPDATE strict SET e = 'q'",
    'DELETE FROM strict WHERE a = 2 RETURNING a, e',
    'CREATE TABLE strict_made AS FROM strict',
    'CREATE TABLE strict_plain(a INTEGER)',
    'PIVOT strict ON e USING count(*)',
    'UNPIVOT strict ON a, d',
    'EXPLAIN FROM strict',
    'DESCRIBE strict',
    'SUMMARIZE strict',
    'SHOW TABLES',
    "PRAGMA table_info('strict')",
    'CALL range(3)',
    'VALUES (1, NULL)',
    'SET VARIABLE x = 1',
    'EXPLAIN ANALYZE FROM strict',
  ]) {
    const info = await rig.running.client.getFlightInfo(commandDescriptor(query(sql)));
    const stream = await rig.running.client.doGet(info.endpoints[0]?.ticket ?? '');
    if (info.schema !== undefined) assert.deepEqual(stream.schema, decodeSchema(decapsulate(info.schema)), sql);
    assert.ok(stream.schema.fields.every(plainTo), sql);
    await rowsOf(stream);
  }
});

/** BodyCompression of a RecordBatch, where there is one. */
const compressionOf = (metadata: Uint8Array): unknown => readTable(openMessage(metadata).header, 3);

test('record batches are sent as they are, compressed by nobody: JDBC has no codec', async () => {
  const { client, lakehouse } = rig.running;
  await lakehouse.engine.execute(
    "CREATE TABLE squeezable AS SELECT i, 'the same text' AS s, [i, i] AS l FROM range(100000) t(i)",
  );
  const bodies = async (ticket: Uint8Array | string): Promise<number> => {
    let bytes = 0;
    for await (const { metadata, body, release } of (await client.doGet(ticket)).messages) {
      assert.equal(compressionOf(metadata), undefined);
      bytes += body.byteLength;
      release();
    }
    return bytes;
  };
  const ticketOf = async (sql: string): Promise<Uint8Array> =>
    (await client.getFlightInfo(commandDescriptor(query(sql)))).endpoints[0]?.ticket as Uint8Array;
  assert.ok((await bodies(await ticketOf('SELECT i, s FROM squeezable'))) > 2_000_000);
  assert.ok((await bodies(await ticketOf('FROM squeezable'))) > 3_000_000);
  assert.ok((await bodies(await ticketOf("INSERT INTO squeezable VALUES (1, 'x', []) RETURNING *"))) > 0);
  assert.ok((await bodies(sqlMessage('CommandGetSqlInfo'))) > 0);
});
