/** What went wrong, closed: every edge (gRPC, HTTP, exit code) maps each kind exactly once. */
export type ErrorKind =
  | 'InvalidArgument'
  | 'NotFound'
  | 'AlreadyExists'
  | 'PermissionDenied'
  | 'Unauthenticated'
  | 'CommitConflict'
  | 'DataInvalid'
  | 'Unsupported'
  | 'Unavailable'
  | 'ResourceExhausted'
  | 'Cancelled'
  | 'DeadlineExceeded'
  | 'Internal';

/** Facts about an error, for programs and for translated messages. Never secrets. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface ErrorOptions {
  /** Name of a translated message (see `messages/`); `context` holds its parameters. */
  readonly id?: string | undefined;
  readonly context?: ErrorContext | undefined;
  /** What the reader can do about it, one sentence. */
  readonly hint?: string | undefined;
  /** True when the same call may succeed later, unchanged. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

/** The one error class. `message` is English, lower case, names the thing and the bad value, has no full stop. */
export class DuckhouseError extends Error {
  override readonly name = 'DuckhouseError';
  readonly kind: ErrorKind;
  readonly id: string | undefined;
  readonly context: ErrorContext;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.id = options.id;
    this.context = options.context ?? {};
    this.hint = options.hint;
    this.retryable = options.retryable ?? kind === 'Unavailable';
  }
}

export const isDuckhouseError = (error: unknown): error is DuckhouseError => error instanceof DuckhouseError;

/** Anything thrown, as a DuckhouseError: an abort is Cancelled, the unknown is Internal with its cause kept. */
export function toDuckhouseError(error: unknown): DuckhouseError {
  if (isDuckhouseError(error)) return error;
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    const timeout = error.name === 'TimeoutError';
    return new DuckhouseError(timeout ? 'DeadlineExceeded' : 'Cancelled', timeout ? 'deadline exceeded' : 'cancelled', {
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new DuckhouseError('Internal', message, { cause: error });
}

/** The candidates nearest to `name` by edit distance, best first, at most `limit`. */
export function nearestNames(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = name.toLowerCase();
  const bound = Math.max(2, Math.floor(wanted.length / 2));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= bound || candidate.toLowerCase().startsWith(wanted))
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
