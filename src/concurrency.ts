/** Runs work on the same key one after another, on different keys at once. */
export interface KeyedLock {
  /** Whoever is aborted while it waits throws the reason at once, and its turn goes to the next. */
  run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** What the promise gives; the reason of the abort at once when that comes first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

export function createKeyedLock(): KeyedLock {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(key, work, signal) {
      const before = last.get(key) ?? Promise.resolve();
      const turn = unlessAborted(before, signal).then(work);
      const settled = Promise.allSettled([before, turn]); // reported to whoever called run
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
