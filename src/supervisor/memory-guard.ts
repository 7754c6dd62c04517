import { availableMemory } from './memory.ts';

export interface MemoryGuardOptions {
  /** Resident bytes of the server process; undefined while there is none. */
  readonly resident: () => number | undefined;
  readonly wall: number;
  /** Asks the process to give memory back; called again while it has not. */
  readonly onAbove: (resident: number) => void;
  /** It did not in time. */
  readonly onStuck: (resident: number) => void;
  readonly graceMs?: number;
}

export interface MemoryGuard {
  stop(): void;
}

const everyMs = 100;
const askEveryMs = 700;
const defaultGraceMs = 2000;

/** Between the wall and what the machine has: from here on there is no time to ask. */
const lastWall = (wall: number): number => wall + Math.max(0, availableMemory() - wall) / 2;

/** Watches a resident size against a wall: DuckDB's own limit does not hold for all it allocates. */
export function guardMemory({
  resident,
  wall,
  onAbove,
  onStuck,
  graceMs = defaultGraceMs,
}: MemoryGuardOptions): MemoryGuard {
  const noTimeToAsk = lastWall(wall);
  let above: { readonly since: number; askedAt: number } | undefined;
  const check = (): void => {
    const bytes = resident();
    if (bytes === undefined || bytes <= wall) {
      above = undefined;
      return;
    }
    const now = Date.now();
    above ??= { since: now, askedAt: 0 };
    if (now - above.since > graceMs || bytes > noTimeToAsk) {
      above = undefined;
      onStuck(bytes);
      return;
    }
    if (now - above.askedAt < askEveryMs) return;
    above.askedAt = now;
    onAbove(bytes);
  };
  const timer = setInterval(check, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
