/**
 * The Arrow room: schemas and record batches to and from IPC bytes. It knows nothing of DuckDB or gRPC.
 */
export type * from './types.ts';
