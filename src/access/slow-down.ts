const maxDelayMs = 1000;
const rememberMs = 60_000;
const maxRemembered = 10_000;

/** Milliseconds to wait after a failure: none at first, doubling, a second at most; forgotten after a minute. */
export function createSlowDown() {
  const counts = new Map<string, { readonly count: number; readonly at: number }>();
  return {
    delay(who: string): number {
      const now = Date.now();
      for (const [key, { at }] of counts) {
        if (now - at <= rememberMs && counts.size < maxRemembered) break; // the oldest come first
        counts.delete(key);
      }
      const count = (counts.get(who)?.count ?? 0) + 1;
      counts.delete(who);
      counts.set(who, { count, at: now });
      return count <= 3 ? 0 : Math.min(maxDelayMs, 50 * 2 ** (count - 4));
    },
  };
}

/** At most `limit` at once; the others wait for their turn. */
export function createTurnstile(limit: number) {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (inside >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else inside++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) inside--;
      else next();
    }
  };
}
