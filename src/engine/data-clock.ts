/**
 * Tells whether rows may have changed. DuckDB makes a plan that reads from what its tables hold: when rows were written since,
 * it is wrong for what it reads now. All threads that have a database open share its clock.
 */
export interface DataClock {
  readonly memory: SharedArrayBuffer;
  /** Another one after each change. */
  now(): number;
  /** Rows have changed. */
  tick(): void;
}

export function createDataClock(memory = new SharedArrayBuffer(4)): DataClock {
  const time = new Int32Array(memory);
  return {
    memory,
    now: () => Atomics.load(time, 0),
    tick: () => void Atomics.add(time, 0, 1),
  };
}
