/** How one life of the server process went. */
export interface Life {
  readonly becameReady: boolean;
  readonly livedMs: number;
}

export interface RestartPolicy {
  /** Milliseconds to wait before the next start; undefined = give up. */
  afterEnd(life: Life): number | undefined;
}

const maxFailedStarts = 5;
const firstDelayMs = 100;
const maxDelayMs = 2000;
/** A life shorter than this counts as ended at once. */
const shortLifeMs = 10_000;

const delayAfter = (times: number): number => (times <= 0 ? 0 : Math.min(maxDelayMs, firstDelayMs * 2 ** (times - 1)));

/** At once after a good life, later and later when it ends at once again and again, never after five failed starts in a row. */
export function createRestartPolicy(): RestartPolicy {
  let failedStarts = 0;
  let shortLives = 0;
  return {
    afterEnd({ becameReady, livedMs }) {
      if (!becameReady) return ++failedStarts >= maxFailedStarts ? undefined : delayAfter(failedStarts);
      failedStarts = 0;
      shortLives = livedMs < shortLifeMs ? shortLives + 1 : 0;
      return delayAfter(shortLives - 1);
    },
  };
}
