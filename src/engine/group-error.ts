import { DuckhouseError, toDuckhouseError } from '../errors.ts';

/** The error with the place of its statement in the group. */
export function inGroup(error: unknown, statement: number): DuckhouseError {
  const { kind, message, id, hint, context, retryable } = toDuckhouseError(error);
  return new DuckhouseError(kind, message, { id, hint, retryable, context: { ...context, statement } });
}
