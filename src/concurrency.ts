/** Runs work on the same key one after another, on different keys at once. */
export interface KeyedLock {
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createKeyedLock(): KeyedLock {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(key, work) {
      const before = last.get(key) ?? Promise.resolve();
      const turn = before.then(work, work);
      const settled = turn.catch(() => undefined); // reported to whoever called run
      last.set(key, settled);
      void settled.then(() => {
        if (last.get(key) === settled) last.delete(key);
      });
      return turn;
    },
  };
}

/** Lets one at a time do something, in the order in which they ask. */
export interface Turns {
  /** Resolves when all before have ended their turn; what it resolves with ends this one. */
  take(): Promise<() => void>;
  /** Resolves when all that have asked so far have ended their turn. */
  taken(): Promise<void>;
}

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    async take() {
      const before = last;
      let end: () => void = () => undefined;
      last = new Promise((resolve) => (end = resolve));
      await before;
      return end;
    },
    taken: () => last,
  };
}
