import koffi from 'koffi';
import { openConnection } from '../native/database.ts';
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

const known = new Map<ArrowMode, Address>();
const cell = allocateBlock(8);

/** The instance a worker works for. */
export interface WorkerDatabase {
  readonly duckdb: DuckDb;
  readonly database: Address;
}

/** How DuckDB converts chunks to Arrow, from a connection of this worker kept for that: options keep pointing at it. */
export function arrowOptions(context: WorkerDatabase, mode: ArrowMode): Address {
  const present = known.get(mode);
  if (present !== undefined) return present;
  const connection = openConnection(context.duckdb, context.database, ["SET TimeZone = 'UTC'", ...settings[mode]]);
  context.duckdb.connection_get_arrow_options(connection, cell.address);
  const options = readPointer(cell, 0);
  known.set(mode, options);
  return options;
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
