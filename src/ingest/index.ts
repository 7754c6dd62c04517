/** The ingest room: files of any known format to a SELECT that DuckDB can run. It knows no gRPC. */

export { expandFiles, loadIdOf } from './files.ts';
export { csvError } from './formats/csv-error.ts';
export { readerError } from './formats/reader-error.ts';
export { type FormatName, formatOf, formatOfContent, formatOfFile, maybeFormat, tableNameOfFile } from './formats.ts';
export { hivePlace } from './hive.ts';
export type { Finding, IngestFormat, ReadOptions, Scan } from './types.ts';
