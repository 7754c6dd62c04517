/**
 * The engine room: the only caller of libduckdb. SQL goes in, encoded Arrow record batches come out, and the reverse.
 * It knows nothing of gRPC, HTTP or Iceberg.
 */

export { columnType } from './column-type.ts';
export { isFatal } from './duckdb-error.ts';
export { attachEngine, openEngine } from './engine.ts';
export { fileLike, maySayFile } from './file-names.ts';
export { guardedEngine } from './guarded.ts';
export { insertHead, rowTemplate } from './literal-row.ts';
export { newHandles } from './native/handles.ts';
export { changedResult } from './result.ts';
export { commandTokens } from './statement-text.ts';
export { duckTypeKey } from './type-map.ts';
export type * from './types.ts';
