/** Proleptic Gregorian arithmetic on days and microseconds; no time zones. */
export const MICROS_PER_SECOND = 1_000_000n;
export const MICROS_PER_DAY = 86_400_000_000n;

export interface DateFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}
export interface TimeFields {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

export const floorDiv = (a: bigint, b: bigint): bigint => (a % b < 0n ? a / b - 1n : a / b);
export const floorMod = (a: bigint, b: bigint): bigint => a - floorDiv(a, b) * b;

/** Days since 1970-01-01. */
export function daysFromCivil({ year, month, day }: DateFields): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

export function civilFromDays(days: number): DateFields {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
export const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

/** Monday is 0. */
export const weekdayOf = (days: number): number => (((days + 3) % 7) + 7) % 7;
export const dayOfYear = (fields: DateFields): number =>
  daysFromCivil(fields) - daysFromCivil({ year: fields.year, month: 1, day: 1 }) + 1;

export function isoCalendar(days: number): { readonly year: number; readonly week: number; readonly weekday: number } {
  const weekday = weekdayOf(days);
  const thursday = civilFromDays(days - weekday + 3);
  const firstDay = daysFromCivil({ year: thursday.year, month: 1, day: 1 });
  return { year: thursday.year, week: Math.floor((days - weekday + 3 - firstDay) / 7) + 1, weekday: weekday + 1 };
}

export const timeMicros = ({ hour, minute, second, microsecond }: TimeFields): bigint =>
  BigInt(hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + BigInt(microsecond);

export function timeFields(micros: bigint): TimeFields {
  const seconds = Number(micros / MICROS_PER_SECOND);
  return {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: Number(micros % MICROS_PER_SECOND),
  };
}

export const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
