import { DuckhouseError } from '../../errors.ts';

const timeoutUnits: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
const maxTimer = 2 ** 31 - 1;

/** grpc-timeout: at most eight digits and a unit. */
export function parseTimeout(header: string | undefined): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(header ?? '');
  return match === null ? undefined : Number(match[1]) * (timeoutUnits[match[2] as string] as number);
}

/** Aborts a call when the time of its grpc-timeout is over. */
export function deadlineTimer(
  header: string | undefined,
  abort: (reason: DuckhouseError) => void,
): NodeJS.Timeout | undefined {
  if (header === undefined) return undefined;
  const timeoutMs = parseTimeout(header);
  if (timeoutMs === undefined) return undefined;
  const expire = (): void =>
    abort(
      new DuckhouseError('DeadlineExceeded', 'the deadline of the call has passed', {
        id: 'deadline',
        context: { timeoutMs },
      }),
    );
  const timer = setTimeout(expire, Math.min(timeoutMs, maxTimer));
  timer.unref();
  return timer;
}
