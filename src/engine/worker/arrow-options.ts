import type { DataClock } from '../data-clock.ts';
import { closeConnection, openConnection } from '../native/database.ts';
import { addHandle, takeHandle } from '../native/handles.ts';
import { koffi } from '../native/koffi.ts';
import type { DuckDb } from '../native/library.ts';
import { type Address, allocateBlock, memcpy, readPointer } from '../native/memory.ts';

export type ArrowMode = 'default' | 'lossless' | 'large';

/** SESSION: without it DuckDB changes these for every connection of the instance. */
const set = (lossless: boolean, large: boolean): readonly string[] => [
  `SET SESSION arrow_lossless_conversion = ${lossless}`,
  `SET SESSION arrow_large_buffer_size = ${large}`,
];
const settings: Readonly<Record<ArrowMode, readonly string[]>> = {
  default: set(false, false),
  lossless: set(true, false),
  large: set(false, true),
};

interface Kept {
  readonly connection: Address;
  readonly options: Address;
}

const known = new Map<ArrowMode, Kept>();
const cell = allocateBlock(8);

/** The instance a worker works for. */
export interface WorkerDatabase {
  readonly duckdb: DuckDb;
  readonly clock: DataClock;
  readonly database: Address;
  readonly open: BigInt64Array | undefined;
}

/** How DuckDB converts chunks to Arrow, from a connection of this worker kept for that: options keep pointing at it. */
export function arrowOptions(context: WorkerDatabase, mode: ArrowMode): Address {
  const present = known.get(mode);
  if (present !== undefined) return present.options;
  const connection = openConnection(context.duckdb, context.database, ["SET TimeZone = 'UTC'", ...settings[mode]]);
  addHandle(context.open, connection);
  context.duckdb.connection_get_arrow_options(connection, cell.address);
  const options = readPointer(cell, 0);
  known.set(mode, { connection, options });
  return options;
}

/** No options are used any more. */
export function closeArrowOptions({ duckdb, open }: WorkerDatabase): void {
  for (const { connection } of known.values()) if (takeHandle(open, connection)) closeConnection(duckdb, connection);
  known.clear();
}

const releaseType = koffi.proto('void DuckhouseArrowRelease(uint64_t array)');
const releaseFunctions = new Map<Address, (array: Address) => void>();
const releaseCell = allocateBlock(8);

/** Calls the release callback of the ArrowArray at `array`. */
export function releaseArray(array: Address): void {
  memcpy(releaseCell.address, array + 64, 8);
  const callback = readPointer(releaseCell, 0);
  if (callback === 0) return;
  let release = releaseFunctions.get(callback);
  if (release === undefined) {
    release = koffi.decode(BigInt(callback), releaseType) as (array: Address) => void;
    releaseFunctions.set(callback, release);
  }
  release(array);
}
