import { DuckhouseError } from '../../errors.ts';
import type { SessionLimits } from './types.ts';
import type { EndTurn, Line, Waiter } from './waiting.ts';

/** Lets so many statements run at once; the others wait in the order they came. */
export interface Admission {
  /** Resolves with what ends the stay. ResourceExhausted when too many wait or the wait is over. `beyond` more may run for this one. */
  enter(waiter: Waiter, beyond?: number): Promise<EndTurn>;
}

export function createAdmission(
  line: Line,
  { maxRunning, maxWaiting, maxWaitMs }: Pick<SessionLimits, 'maxRunning' | 'maxWaiting' | 'maxWaitMs'>,
): Admission {
  const next: (() => void)[] = [];
  let running = 0;

  const stay = (): EndTurn => {
    let left = false;
    running++;
    return () => {
      if (left) return;
      left = true;
      running--;
      if (running < maxRunning) next.shift()?.();
    };
  };

  return {
    async enter(waiter, beyond = 0) {
      if (running < maxRunning + beyond) return stay();
      if (line.length() >= maxWaiting) throw queueFull(maxRunning, line.length());
      const turn = new Promise<EndTurn>((resolve) => next.push(() => resolve(stay())));
      return line.wait(waiter, turn, { ms: maxWaitMs, over: waitedTooLong });
    },
  };
}

const queueFull = (running: number, waiting: number): DuckhouseError =>
  new DuckhouseError('ResourceExhausted', `${running} statements run and ${waiting} wait: no more are taken`, {
    id: 'queue-full',
    context: { running, waiting },
    hint: 'try again later',
    retryable: true,
  });

const waitedTooLong = (context: {
  readonly place: number;
  readonly position: number;
  readonly waitedMs: number;
}): DuckhouseError =>
  new DuckhouseError(
    'ResourceExhausted',
    `the statement waited ${context.waitedMs} ms for others to end; it came in at position ${context.place} and is at ${context.position}`,
    { id: 'queue-timeout', context, hint: 'try again later', retryable: true },
  );
