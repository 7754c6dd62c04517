import { DuckhouseError } from '../../errors.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, readBytes } from '../native/memory.ts';
import type { ColumnPlan } from '../protocol.ts';
import { anyLayout, type Layout } from '../type-map.ts';

const isInterval = (layout: Layout): boolean => layout.kind === 'fixed' && layout.check === 'interval';
/** Arrow's intervals count nanoseconds in 64 bits, DuckDB's microseconds. */
const limit = 9223372036854775n;
const limitHigh = Number(limit >> 32n);

/** Refuses intervals whose microseconds would overflow as nanoseconds: DuckDB's export would wrap them around silently. */
export function checkIntervals(
  duckdb: DuckDb,
  of: { readonly chunk: Address; readonly count: number; readonly columns: readonly ColumnPlan[] },
): void {
  of.columns.forEach(({ layout, field }, i) => {
    if (!anyLayout(layout, isInterval)) return;
    checkVector(
      duckdb,
      { vector: Number(duckdb.data_chunk_get_vector(of.chunk, i)), count: of.count, column: field.name },
      layout,
    );
  });
}

interface VectorRows {
  readonly vector: Address;
  readonly count: number;
  readonly column: string;
}

function checkVector(duckdb: DuckDb, rows: VectorRows, layout: Layout): void {
  const child = (vector: unknown, count: number, node: Layout): void => {
    if (anyLayout(node, isInterval)) checkVector(duckdb, { vector: Number(vector), count, column: rows.column }, node);
  };
  const members = (nodes: readonly Layout[], first: number): void =>
    nodes.forEach((node, i) => child(duckdb.struct_vector_get_child(rows.vector, i + first), rows.count, node));
  const items = (node: Layout): void =>
    child(duckdb.list_vector_get_child(rows.vector), Number(duckdb.list_vector_get_size(rows.vector)), node);
  if (isInterval(layout)) return checkValues(duckdb, rows);
  if (layout.kind === 'list') return items(layout.item);
  if (layout.kind === 'map') return items(layout.entries);
  if (layout.kind === 'fixedSizeList')
    return child(duckdb.array_vector_get_child(rows.vector), rows.count * layout.size, layout.item);
  if (layout.kind === 'struct') return members(layout.members, 0);
  if (layout.kind === 'union') return members(layout.members, 1); // the tag comes first
}

function checkValues(duckdb: DuckDb, { vector, count, column }: VectorRows): void {
  const values = readBytes(Number(duckdb.vector_get_data(vector)), count * 16);
  const mask = Number(duckdb.vector_get_validity(vector));
  const validity = mask === 0 ? undefined : readBytes(mask, ((count + 63) >> 6) * 8);
  const words = new Int32Array(values.buffer, values.byteOffset, count * 4);
  for (let row = 0; row < count; row++) {
    const high = words[4 * row + 3] as number;
    if (high < limitHigh && high > -limitHigh) continue;
    const micros = values.readBigInt64LE(row * 16 + 8);
    if (micros <= limit && micros >= -limit) continue;
    if (validity !== undefined && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0) continue;
    throw new DuckhouseError(
      'Unsupported',
      `an INTERVAL of ${micros} microseconds in column "${column}" is beyond Arrow's range`,
      {
        context: { column },
        hint: 'cast the column to VARCHAR',
      },
    );
  }
}
