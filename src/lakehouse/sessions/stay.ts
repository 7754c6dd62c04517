import { DuckhouseError } from '../../errors.ts';
import type { Admission } from './admission.ts';
import type { EndTurn, Waiter } from './waiting.ts';

/** What is in a session: its statements are counted, and wait their turn when too many run in all sessions. */
export interface Stay {
  /** Notes that the session was used. Unauthenticated when it has ended. */
  touch(): void;
  /** Begins the stay of a statement or load; what it resolves with ends it. */
  enter(waiter: Omit<Waiter, 'sessionId'>): Promise<EndTurn>;
  /** Nothing enters any more. */
  end(): void;
  lastUsedAt(): number;
  /** Statements that run or have an open result. */
  statements(): number;
}

export interface StayOptions {
  readonly sessionId: string;
  readonly maxStatements: number;
  readonly admission: Admission;
  /** How far beyond the number of statements that run it may go. */
  readonly beyond: number;
}

export function createStay({ sessionId, maxStatements, admission, beyond }: StayOptions): Stay {
  let lastUsedAt = Date.now();
  let statements = 0;
  let ended = false;

  const touch = (): void => {
    lastUsedAt = Date.now();
    if (ended) throw sessionClosed(sessionId);
  };

  const admitted = async (waiter: Waiter): Promise<EndTurn | undefined> => {
    statements++;
    try {
      // Whoever has a statement open passes: it could wait for itself.
      return statements > 1 ? undefined : await admission.enter(waiter, beyond);
    } catch (error) {
      statements--;
      throw error;
    }
  };

  return {
    touch,
    async enter(waiter) {
      touch();
      if (statements >= maxStatements) throw tooManyStatements(maxStatements);
      const leave = await admitted({ sessionId, ...waiter });
      let left = false;
      return () => {
        if (left) return;
        left = true;
        statements--;
        lastUsedAt = Date.now();
        leave?.();
      };
    },
    end() {
      ended = true;
    },
    lastUsedAt: () => lastUsedAt,
    statements: () => statements,
  };
}

const sessionClosed = (id: string): DuckhouseError =>
  new DuckhouseError('Unauthenticated', `session ${id} has ended`, {
    id: 'session-ended',
    context: { session: id },
    hint: 'connect again',
  });

const tooManyStatements = (limit: number): DuckhouseError =>
  new DuckhouseError('ResourceExhausted', `the session has ${limit} statements open already`, {
    id: 'session-statements',
    context: { limit },
    hint: 'read or close the results that are open',
  });
