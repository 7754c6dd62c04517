/** Resets in a burst, and a second, that an honest client may need. */
const burst = 1000;
const perSecond = 50;

/** Counts the streams that end by reset: each costs the server a call and the client nothing. */
export function createResetLimit(now: () => number = Date.now): { allow(): boolean } {
  let left = burst;
  let at = now();
  return {
    allow() {
      const time = now();
      left = Math.min(burst, left + ((time - at) / 1000) * perSecond);
      at = time;
      left--;
      return left >= 0;
    },
  };
}
