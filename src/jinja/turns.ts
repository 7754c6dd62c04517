/**
 * A template that runs for long without waiting for anything keeps the process from hearing a signal: loops and macros
 * whose functions may answer with promises let others have a turn now and then, and end once they shall.
 */
import { setImmediate } from 'node:timers/promises';
import { DuckhouseError } from '../errors.ts';

const stepsOfTurn = 1 << 16;
let steps = 0;
let isStopped = (): boolean => false;

/** Says when templates of this thread shall end. */
export function stopTemplatesOn(signal: AbortSignal): void {
  isStopped = () => signal.aborted;
}

/** Counts a step of a loop or a call. */
export const isTurnDue = (): boolean => ++steps >= stepsOfTurn;

export async function takeTurn(): Promise<void> {
  steps = 0;
  await setImmediate();
  if (isStopped()) throw new DuckhouseError('Cancelled', 'cancelled', { id: 'cancelled' });
}
