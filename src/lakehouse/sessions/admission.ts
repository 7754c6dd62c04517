import { DuckhouseError, toDuckhouseError } from '../../errors.ts';
import type { SessionLimits } from './types.ts';

/** Lets so many statements run at once; the others wait in the order they came. */
export interface Admission {
  /** Resolves with what ends the stay. ResourceExhausted when too many wait or the wait is over. `beyond` more may run for this one. */
  enter(signal: AbortSignal | undefined, beyond?: number): Promise<() => void>;
  running(): number;
  waiting(): number;
}

interface Waiting {
  readonly admit: () => void;
}

export function createAdmission(limits: Pick<SessionLimits, 'maxRunning' | 'maxWaiting' | 'maxWaitMs'>): Admission {
  const { maxRunning, maxWaiting, maxWaitMs } = limits;
  const queue: Waiting[] = [];
  let running = 0;

  const stay = (): (() => void) => {
    let left = false;
    running++;
    return () => {
      if (left) return;
      left = true;
      running--;
      if (running < maxRunning) queue.shift()?.admit();
    };
  };

  const wait = (signal: AbortSignal | undefined): Promise<() => void> =>
    new Promise((resolve, reject) => {
      const from = Date.now();
      const place = queue.length + 1;
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        outcome();
      };
      const give = (errorAt: (position: number) => unknown): void => {
        const position = queue.indexOf(entry) + 1;
        queue.splice(position - 1, 1);
        settle(() => reject(errorAt(position)));
      };
      const entry: Waiting = { admit: () => settle(() => resolve(stay())) };
      const onAbort = (): void => give(() => toDuckhouseError(signal?.reason));
      const timer = setTimeout(
        () => give((position) => waitedTooLong({ place, position, waitedMs: Date.now() - from })),
        maxWaitMs,
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(entry);
    });

  return {
    async enter(signal, beyond = 0) {
      if (running < maxRunning + beyond) return stay();
      if (queue.length >= maxWaiting) throw queueFull(maxRunning, queue.length);
      return wait(signal);
    },
    running: () => running,
    waiting: () => queue.length,
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
