import { setTimeout as sleep } from 'node:timers/promises';
import { DuckhouseError } from '../errors.ts';

const freeFailures = 3;
const maxDelayMs = 1000;
const rememberMs = 60_000;
const maxRemembered = 10_000;

interface Failures {
  count: number;
  at: number;
  queued: number;
  /** Ends when the last one that waits may go on. */
  turn: Promise<unknown>;
}

/**
 * Slows who has failed: not the first three times in a minute, then doubling from 50 ms to a second. Guesses of one peer
 * wait for each other before they are looked at, so that sending many at once wins nothing.
 */
export function createSlowDown({ maxQueued = 20 }: { readonly maxQueued?: number } = {}) {
  const failures = new Map<string, Failures>();

  const recent = (who: string): Failures | undefined => {
    const known = failures.get(who);
    return known === undefined || Date.now() - known.at > rememberMs ? undefined : known;
  };
  const delayOf = (known: Failures | undefined): number =>
    known === undefined || known.count <= freeFailures
      ? 0
      : Math.min(maxDelayMs, 50 * 2 ** (known.count - freeFailures - 1));
  const forget = (): void => {
    for (const [who, { at }] of failures) {
      if (Date.now() - at <= rememberMs && failures.size < maxRemembered) break; // the oldest come first
      failures.delete(who);
    }
  };

  return {
    /** Resolves when a guess of `who` may be looked at. ResourceExhausted when too many wait already. */
    async before(who: string): Promise<void> {
      const known = recent(who);
      const delay = delayOf(known);
      if (known === undefined || delay === 0) return;
      if (known.queued >= maxQueued) throw tooMany(who);
      known.queued++;
      known.turn = known.turn.then(() => sleep(delay));
      await known.turn;
      known.queued--;
    },
    failed(who: string): void {
      forget();
      const known = recent(who) ?? { count: 0, at: 0, queued: 0, turn: Promise.resolve() };
      failures.delete(who);
      failures.set(who, Object.assign(known, { count: known.count + 1, at: Date.now() }));
    },
    /** After a failure that could not be foreseen, such as that of a token. */
    after: (who: string): Promise<void> => sleep(delayOf(recent(who))),
  };
}

const tooMany = (who: string): DuckhouseError =>
  new DuckhouseError('ResourceExhausted', `too many failed attempts from ${who}`, {
    id: 'attempts-too-many',
    context: { peer: who },
    hint: 'wait a minute',
    retryable: true,
  });

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
