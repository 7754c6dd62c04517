/**
 * Connections and databases that an engine has open, in memory that outlives its thread: who takes an address out of it
 * closes what is there, and nobody else does.
 */
export interface Handles {
  readonly memory: SharedArrayBuffer;
  readonly connections: BigInt64Array;
  readonly databases: BigInt64Array;
  /** [0] threads in work that must not be left; [1] 1 once no more may begin. */
  readonly gate: Int32Array;
  /** [0] writes that have begun and not ended, for the clock of the data. */
  readonly writes: Int32Array;
}

const connectionSlots = 4096;
const databaseSlots = 64;

export const newHandles = (): SharedArrayBuffer => new SharedArrayBuffer((connectionSlots + databaseSlots + 2) * 8);

export const handlesIn = (memory: SharedArrayBuffer): Handles => ({
  memory,
  connections: new BigInt64Array(memory, 0, connectionSlots),
  databases: new BigInt64Array(memory, connectionSlots * 8, databaseSlots),
  gate: new Int32Array(memory, (connectionSlots + databaseSlots) * 8, 2),
  writes: new Int32Array(memory, (connectionSlots + databaseSlots + 1) * 8, 1),
});

/** What finds no slot is closed by its own thread only. */
export function addHandle(table: BigInt64Array | undefined, address: number): void {
  table?.some((seen, at) => seen === 0n && Atomics.compareExchange(table, at, 0n, BigInt(address)) === 0n);
}

/** Whether the caller has to close it: somebody else may have done so. */
export function takeHandle(table: BigInt64Array | undefined, address: number): boolean {
  if (table === undefined) return true;
  const wanted = BigInt(address);
  const at = table.findIndex((seen) => seen === wanted || seen === -wanted);
  if (at < 0) return !table.includes(0n);
  for (;;) {
    const seen = Atomics.compareExchange(table, at, wanted, 0n);
    if (seen === wanted) return true;
    if (seen !== -wanted) return false;
  }
}

/** `use` is called with each address while nobody can take it; it must be short. */
export function useHandles(table: BigInt64Array, use: (address: number) => void): void {
  for (const [at, seen] of table.entries()) {
    if (seen <= 0n || Atomics.compareExchange(table, at, seen, -seen) !== seen) continue;
    try {
      use(Number(seen));
    } finally {
      Atomics.store(table, at, seen);
    }
  }
}

export function takeHandles(table: BigInt64Array): number[] {
  return [...table].flatMap((seen) => (seen !== 0n && takeHandle(table, Number(seen)) ? [Number(seen)] : []));
}

const gatePollMs = 5;

/** Resolves when the threads that have these handles may be ended. */
export async function closeGate({ gate }: Handles): Promise<void> {
  Atomics.store(gate, 1, 1);
  while (Atomics.load(gate, 0) > 0) await new Promise((resolve) => setTimeout(resolve, gatePollMs));
}
