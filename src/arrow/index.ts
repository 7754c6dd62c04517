/**
 * The Arrow room: schemas and record batches to and from IPC bytes, checked before use. It knows nothing of DuckDB or gRPC.
 */

export { type BatchTemplate, recordBatchTemplate } from './batch-template.ts';
export { appendBits, appendOnes, countZeros, isBitSet } from './bits.ts';
export { type BuiltBatch, buildBatch } from './build-batch.ts';
export type { UnionValue } from './build-column.ts';
export { type BatchDecoder, createBatchDecoder } from './decode-batch.ts';
export { decodeSchema, type MessageHeader, readMessageHeader } from './decode-schema.ts';
export { encodeSchema } from './encode-schema.ts';
export { decapsulate, encapsulate, endOfStream } from './framing.ts';
export { readIpcStream, writeIpcStream } from './ipc-stream.ts';
export { canJoin, type JoinMemory, joinBatches, type Rows } from './join.ts';
export { layoutOf } from './layout.ts';
export type * from './types.ts';
export { isValidAt } from './validate.ts';
export { type ValueReader, valueReader } from './values.ts';
