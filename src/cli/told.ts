const told = new WeakSet<Error>();

/** Marks an error that is in the JSON document which the command printed: there is one document on standard output. */
export function markTold<E extends Error>(error: E): E {
  told.add(error);
  return error;
}

export const isTold = (error: unknown): boolean => error instanceof Error && told.has(error);
