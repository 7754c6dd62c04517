import { Builder } from 'flatbuffers';
import { messageHeaders } from './constants.ts';
import { finishMessage } from './encode-schema.ts';

/** The flatbuffer of a RecordBatch message, built once; only its 64-bit numbers change from batch to batch. */
export interface BatchTemplate {
  readonly bytes: Uint8Array;
  readonly setLength: (rows: number) => void;
  readonly setNode: (index: number, length: number, nullCount: number) => void;
  readonly setBuffer: (index: number, offset: number, length: number) => void;
  readonly setBodyLength: (bytes: number) => void;
}

/** Markers that cannot appear elsewhere in the message: found once to learn where the numbers are. */
const lengthMarker = 0x0102030405060701n;
const bodyMarker = 0x0102030405060702n;
const nodeMarker = 0x0102030405060703n;
const bufferMarker = 0x0102030405060704n;

export function recordBatchTemplate(nodeCount: number, bufferCount: number): BatchTemplate {
  const builder = new Builder(1024);
  const nodes = pairVector(builder, nodeCount, nodeMarker);
  const buffers = pairVector(builder, bufferCount, bufferMarker);
  builder.startObject(5);
  builder.addFieldInt64(0, lengthMarker, 0n);
  builder.addFieldOffset(1, nodes, 0);
  builder.addFieldOffset(2, buffers, 0);
  const header = builder.endObject();
  const bytes = finishMessage(builder, { headerType: messageHeaders.recordBatch, header, bodyLength: bodyMarker });
  const view = new DataView(bytes.buffer);
  const at = (marker: bigint): number => findMarker(view, marker);
  const [lengthAt, bodyAt, nodesAt, buffersAt] = [at(lengthMarker), at(bodyMarker), at(nodeMarker), at(bufferMarker)];
  const set = (position: number, value: number): void => {
    view.setUint32(position, value >>> 0, true);
    view.setUint32(position + 4, Math.floor(value / 2 ** 32), true);
  };
  const setPair =
    (start: number) =>
    (index: number, first: number, second: number): void => {
      set(start + 16 * index, first);
      set(start + 16 * index + 8, second);
    };
  return {
    bytes,
    setLength: (rows) => set(lengthAt, rows),
    setNode: setPair(nodesAt),
    setBuffer: setPair(buffersAt),
    setBodyLength: (length) => set(bodyAt, length),
  };
}

/** A vector of structs of two int64, all filled with the marker. */
function pairVector(builder: Builder, count: number, marker: bigint): number {
  builder.startVector(16, count, 8);
  for (let i = 0; i < count; i++) {
    builder.prep(8, 16);
    builder.writeInt64(marker);
    builder.writeInt64(marker);
  }
  return builder.endVector();
}

function findMarker(view: DataView, marker: bigint): number {
  for (let position = 0; position + 8 <= view.byteLength; position += 4) {
    if (view.getBigInt64(position, true) === marker) return position;
  }
  return -1; // a vector without elements has no place, and is never set
}
