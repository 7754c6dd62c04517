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
