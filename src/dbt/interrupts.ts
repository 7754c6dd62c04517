/** Ctrl-C in a process that runs one command: what runs for long without a pause is ended all the same. */
import { runInThisContext } from 'node:vm';
import { DuckhouseError } from '../errors.ts';
import { stopTemplatesOn } from '../jinja/index.ts';

type Guard = <Result>(work: () => Result) => Result;

let guard: Guard = (work) => work();

/** Runs work that does not wait for anything: a parse, the reading of a file. */
export const interruptible: Guard = (work) => guard(work);

/** Of a process of its own only: a server hears signals itself, and ends the threads of its commands. */
export function endOnInterrupt(signal: AbortSignal): void {
  stopTemplatesOn(signal);
  guard = (work) => {
    if (signal.aborted) throw cancelled();
    const given = globalThis as { duckhouseWork?: unknown };
    given.duckhouseWork = work;
    try {
      return runInThisContext('duckhouseWork()', { breakOnSigint: true });
    } catch (error) {
      if (!isInterrupt(error)) throw error;
      process.emit('SIGINT', 'SIGINT'); // who listens to it was not told
      throw cancelled();
    } finally {
      delete given.duckhouseWork;
    }
  };
}

const cancelled = (): DuckhouseError => new DuckhouseError('Cancelled', 'cancelled', { id: 'cancelled' });

const isInterrupt = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
