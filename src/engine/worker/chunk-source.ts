import { DuckhouseError } from '../../errors.ts';
import { duckDbError } from '../duckdb-error.ts';
import { type ArrayNode, readColumns } from '../encode/columns.ts';
import { type OpenChunk, openChunk, type PendingChunk } from '../encode/encoder.ts';
import { readVectors, type VectorColumn } from '../encode/vectors.ts';
import { arrayStructSize } from '../native/c-data.ts';
import { checkErrorData } from '../native/database.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, allocateBlock, free, malloc, memcpy, readPointer, writePointer } from '../native/memory.ts';
import type { ColumnPlan } from '../protocol.ts';
import { anyLayout, type Layout, losslessLayout, needsLossless, vectorWidth } from '../type-map.ts';
import { arrowOptions, releaseArray, type WorkerDatabase } from './arrow-options.ts';
import { checkIntervals } from './check-intervals.ts';

export interface OpenResult {
  readonly result: Address;
  readonly columns: readonly ColumnPlan[];
}

/** The chunks of a result, and what it takes to read them. */
export interface ChunkSource extends OpenResult {
  readonly context: WorkerDatabase;
  readonly resultWords: object;
  readonly layouts: readonly Layout[];
  readonly lossless: boolean;
  /** Present when no column needs DuckDB's Arrow export. */
  readonly vectors: readonly VectorColumn[] | undefined;
  readonly intervals: boolean;
}

const cells = allocateBlock(64);

export function openChunkSource(context: WorkerDatabase, { result, columns }: OpenResult): ChunkSource {
  const plain = columns.map(({ layout }) => layout);
  const lossless = plain.some(needsLossless);
  return {
    context,
    result,
    resultWords: readResultWords(result),
    columns,
    layouts: lossless ? columns.map(({ layout, field }) => losslessLayout(layout, field)) : plain,
    lossless,
    vectors: vectorColumns(columns),
    intervals: plain.some((layout) => anyLayout(layout, (node) => node.kind === 'fixed' && node.check === 'interval')),
  };
}

function vectorColumns(columns: readonly ColumnPlan[]): readonly VectorColumn[] | undefined {
  const found: VectorColumn[] = [];
  for (const { layout, field } of columns) {
    const width = vectorWidth(layout, field);
    if (width === undefined) return undefined;
    found.push({ layout, width });
  }
  return found;
}

const resultBlock = allocateBlock(48);

function readResultWords(result: Address): object {
  memcpy(resultBlock.address, result, 48);
  const word = (i: number): number => readPointer(resultBlock, i * 8);
  return { a: word(0), b: word(1), c: word(2), d: word(3), e: word(4), f: word(5) };
}

/** The next chunk, undefined at the end. */
export function pullChunk(source: ChunkSource): OpenChunk | undefined {
  const { duckdb } = source.context;
  const chunk = Number(duckdb.fetch_chunk(source.resultWords));
  if (chunk === 0) {
    const error = duckdb.result_error(source.result);
    if (typeof error === 'string' && error !== '') throw duckDbError(error);
    return undefined;
  }
  const count = Number(duckdb.data_chunk_get_size(chunk));
  const columns = source.vectors && readVectors(duckdb, { chunk, count, columns: source.vectors });
  if (columns !== undefined)
    return openChunk({ address: chunk, form: 'vectors', start: 0, count }, { columns, layouts: source.layouts });
  try {
    if (source.intervals) checkIntervals(duckdb, { chunk, count, columns: source.columns });
    return reopenChunk(source, { ...exportChunk(source, chunk), start: 0, count });
  } finally {
    destroyChunk(duckdb, chunk);
  }
}

/** A chunk that was pulled here or by another worker. */
export function reopenChunk({ context, layouts, vectors = [] }: ChunkSource, pending: PendingChunk): OpenChunk {
  const { address, form } = pending;
  const columns = form === 'vectors' ? readChunk(context.duckdb, address, vectors) : readColumns(address, layouts);
  return openChunk(pending, { columns, layouts });
}

/** What could be read from its vectors once can be again. */
function readChunk(duckdb: DuckDb, chunk: Address, columns: readonly VectorColumn[]): readonly ArrayNode[] {
  const count = Number(duckdb.data_chunk_get_size(chunk));
  return readVectors(duckdb, { chunk, count, columns }) as readonly ArrayNode[];
}

function destroyChunk(duckdb: DuckDb, chunk: Address): void {
  writePointer(cells, 0, chunk);
  duckdb.destroy_data_chunk(cells.address);
}

/** One chunk's strings can pass 2 GiB: it is then exported with 64-bit offsets and sent in several batches. */
function exportChunk(source: ChunkSource, chunk: Address): Pick<PendingChunk, 'address' | 'form'> {
  const address = malloc(arrayStructSize);
  const { duckdb } = source.context;
  const attempt = (mode: 'default' | 'lossless' | 'large'): void =>
    checkErrorData(duckdb, duckdb.data_chunk_to_arrow(arrowOptions(source.context, mode), chunk, address));
  try {
    attempt(source.lossless ? 'lossless' : 'default');
    return { address, form: 'arrow' };
  } catch (error) {
    if (source.lossless || !(error instanceof DuckhouseError) || !/maximum total string size/i.test(error.message)) {
      free(address);
      throw error;
    }
  }
  attempt('large');
  return { address, form: 'large' };
}

export function releaseChunk(duckdb: DuckDb, { address, form }: PendingChunk): void {
  if (form === 'vectors') return destroyChunk(duckdb, address);
  releaseArray(address);
  free(address);
}
