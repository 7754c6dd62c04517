/**
 * The Arrow room: schemas and record batches to and from IPC bytes, checked before use. It knows nothing of DuckDB or gRPC.
 */
export type * from './types.ts';
export { type BatchTemplate, recordBatchTemplate } from './batch-template.ts';
export { decodeSchema, type MessageHeader, readMessageHeader } from './decode-schema.ts';
export { encodeSchema } from './encode-schema.ts';
export { layoutOf } from './layout.ts';
export { decapsulate, encapsulate, endOfStream } from './framing.ts';
export { readIpcStream, writeIpcStream } from './ipc-stream.ts';
export { type BatchDecoder, createBatchDecoder } from './decode-batch.ts';
export { isValidAt } from './validate.ts';
export { valueReader, type ValueReader } from './values.ts';
