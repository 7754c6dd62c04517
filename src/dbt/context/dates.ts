/** Dates and times of YAML files and of invocations, as templates hold them. */
import { fixedZone, PyDate, PyDateTime, UTC, type Value } from '../../jinja/index.ts';

const dayMs = 86_400_000;

export const dateValue = (year: number, month: number, day: number): Value =>
  new PyDate(Date.UTC(year, month - 1, day) / dayMs);

/** Year to second; `offsetMinutes` undefined = a time without a zone. */
export function dateTimeValue(parts: readonly number[], microsecond: number, offsetMinutes: number | undefined): Value {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  const micros = BigInt(Date.UTC(year, month - 1, day, hour, minute, second)) * 1000n + BigInt(microsecond);
  return new PyDateTime(
    micros,
    offsetMinutes === undefined ? null : offsetMinutes === 0 ? UTC : fixedZone(offsetMinutes * 60),
  );
}

/** A moment in UTC. */
export const momentValue = (moment: Date): Value => new PyDateTime(BigInt(moment.getTime()) * 1000n, UTC);
