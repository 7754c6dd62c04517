/**
 * The engine room: the only caller of libduckdb. SQL goes in, encoded Arrow record batches come out, and the reverse.
 * It knows nothing of gRPC, HTTP or Iceberg.
 */
export type * from './types.ts';
export { openEngine } from './engine.ts';
