/**
 * Tells whether rows may have changed. DuckDB makes a plan that reads from what its tables hold: when rows were written since,
 * it is wrong for what it reads now. All threads that have a database open share its clock, and whoever writes says so
 * before others can see it.
 */
export interface DataClock {
  readonly memory: SharedArrayBuffer;
  /** A moment at which nobody writes; NaN, which is like no other, while somebody does. */
  now(): number;
  /** Whether no write has begun since. */
  isStill(moment: number): boolean;
  begin(): void;
  end(): void;
  writing<T>(work: () => T): T;
  /** Ends the writes of a thread that was ended in the middle of them. */
  endAll(own: Int32Array): void;
}

export const newClock = (): SharedArrayBuffer => new SharedArrayBuffer(8);

/** `own`: counts the writes of threads that may be ended. */
export function createDataClock(memory: SharedArrayBuffer, own: Int32Array = new Int32Array(1)): DataClock {
  const words = new Int32Array(memory);
  const [begun, ended] = [0, 1];
  const begin = (): void => {
    Atomics.add(words, begun, 1);
    Atomics.add(own, 0, 1);
  };
  const end = (): void => {
    Atomics.sub(own, 0, 1);
    Atomics.add(words, ended, 1);
  };
  return {
    memory,
    now() {
      const before = Atomics.load(words, ended);
      return Atomics.load(words, begun) === before ? before : Number.NaN;
    },
    isStill: (moment) => Atomics.load(words, begun) === moment,
    begin,
    end,
    writing(work) {
      begin();
      try {
        return work();
      } finally {
        end();
      }
    },
    endAll: (left) => void Atomics.add(words, ended, Atomics.exchange(left, 0, 0)),
  };
}
