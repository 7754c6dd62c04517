import { countZeros } from '../../arrow/index.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, readBytes } from '../native/memory.ts';
import type { Layout } from '../type-map.ts';
import type { ArrayNode } from './columns.ts';
import { readStrings } from './strings.ts';

/** A column that can be taken from DuckDB's vectors as they are: bytes of a value there. */
export interface VectorColumn {
  readonly layout: Layout;
  readonly width: number;
}

/**
 * The columns of a DuckDB chunk without its Arrow export, which copies each value once more: in vectors, numbers and bitmaps of
 * validity lie as Arrow wants them. Undefined when the strings of some column had better be exported.
 */
export function readVectors(
  duckdb: DuckDb,
  of: { readonly chunk: Address; readonly count: number; readonly columns: readonly VectorColumn[] },
): ArrayNode[] | undefined {
  const nodes: ArrayNode[] = [];
  for (const column of of.columns) {
    const vector = Number(duckdb.data_chunk_get_vector(of.chunk, nodes.length));
    const node = readVector(duckdb, { vector, count: of.count, column });
    if (node === undefined) return undefined;
    nodes.push(node);
  }
  return nodes;
}

function readVector(
  duckdb: DuckDb,
  { vector, count, column }: { readonly vector: Address; readonly count: number; readonly column: VectorColumn },
): ArrayNode | undefined {
  const { layout, width } = column;
  const data = Number(duckdb.vector_get_data(vector));
  const mask = Number(duckdb.vector_get_validity(vector));
  const valid = mask === 0 ? undefined : readBytes(mask, (count + 7) >> 3);
  const strings = layout.kind === 'bytes' ? readStrings(data, count, valid) : undefined;
  if (layout.kind === 'bytes' && strings === undefined) return undefined;
  return {
    length: count,
    nullCount: valid === undefined ? 0 : countZeros(valid, 0, count),
    buffers: [mask, data],
    children: [],
    dictionary: undefined,
    stored: width,
    strings,
  };
}
