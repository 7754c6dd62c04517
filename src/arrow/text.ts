import type { TimeUnit } from './types.ts';

/** Text of temporal and decimal values, as DuckDB prints them. */

const perSecond: Readonly<Record<TimeUnit, bigint>> = {
  second: 1n,
  millisecond: 1_000n,
  microsecond: 1_000_000n,
  nanosecond: 1_000_000_000n,
};
export const unitsPerSecond = (unit: TimeUnit): bigint => perSecond[unit];

const pad = (value: number | bigint, width: number): string => String(value).padStart(width, '0');
const maxInt64 = 2n ** 63n - 1n;
/** DuckDB's infinities: the largest date or timestamp and its negative. */
const infinity = (value: bigint, largest: bigint): string | undefined =>
  value === largest ? 'infinity' : value === -largest ? '-infinity' : undefined;

export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = pad(unscaled < 0n ? -unscaled : unscaled, scale + 1);
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** `days` since 1970-01-01, proleptic Gregorian. */
export function dateText(days: bigint): string {
  return infinity(days, 2n ** 31n - 1n) ?? civilDate(days);
}

function civilDate(days: bigint): string {
  const shifted = days + 719_468n;
  const era = (shifted >= 0n ? shifted : shifted - 146_096n) / 146_097n;
  const dayOfEra = Number(shifted - era * 146_097n);
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = Number(era) * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  const text = `${pad(year > 0 ? year : 1 - year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return year > 0 ? text : `${text} (BC)`;
}

function fractionText(units: bigint, unitsPer: bigint): string {
  if (units === 0n) return '';
  return `.${pad(units, String(unitsPer).length - 1).replace(/0+$/, '')}`;
}

export function timeText(units: bigint, unitsPer: bigint): string {
  const seconds = Number(units / unitsPer);
  const clock = `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
  return clock + fractionText(units % unitsPer, unitsPer);
}

export function timestampText(units: bigint, unitsPer: bigint): string {
  const special = infinity(units, maxInt64);
  if (special !== undefined) return special;
  const perDay = unitsPer * 86_400n;
  const days = (units >= 0n ? units : units - perDay + 1n) / perDay;
  const date = civilDate(days);
  const time = timeText(units - days * perDay, unitsPer);
  return date.endsWith(' (BC)') ? `${date.slice(0, -5)} ${time} (BC)` : `${date} ${time}`;
}

export const durationText = (units: bigint, unitsPer: bigint): string =>
  intervalText({ months: 0, days: 0, nanos: (units * 1_000_000_000n) / unitsPer });

const counted = (count: number, unit: string): string[] =>
  count === 0 ? [] : [`${count} ${unit}${Math.abs(count) === 1 ? '' : 's'}`];

export function intervalText({
  months,
  days,
  nanos,
}: {
  readonly months: number;
  readonly days: number;
  readonly nanos: bigint;
}): string {
  const clock =
    nanos === 0n ? [] : [`${nanos < 0n ? '-' : ''}${timeText(nanos < 0n ? -nanos : nanos, 1_000_000_000n)}`];
  const parts = [
    ...counted(Math.trunc(months / 12), 'year'),
    ...counted(months % 12, 'month'),
    ...counted(days, 'day'),
    ...clock,
  ];
  return parts.length === 0 ? '00:00:00' : parts.join(' ');
}
