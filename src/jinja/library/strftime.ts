import { valueError } from '../errors.ts';
import { stringRepr } from '../values/text.ts';
import { type DateFields, dayOfYear, daysFromCivil, isoCalendar, pad, type TimeFields, weekdayOf } from './calendar.ts';

export interface Moment extends DateFields, TimeFields {
  /** Seconds east of UTC; undefined for naive times. */
  readonly offset: number | undefined;
  readonly zone: string;
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** `+hhmm`, or with colons. */
export function offsetText(offset: number | undefined, separator = ''): string {
  if (offset === undefined) return '';
  const size = Math.abs(offset);
  const seconds = size % 60 === 0 ? '' : separator + pad(size % 60);
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(size / 3600))}${separator}${pad(Math.floor(size / 60) % 60)}${seconds}`;
}

const weekOfYear = (moment: Moment, firstWeekday: number): number => {
  const weekday = (weekdayOf(daysFromCivil(moment)) - firstWeekday + 7) % 7;
  return Math.floor((dayOfYear(moment) + 6 - weekday) / 7);
};
const hour12 = ({ hour }: Moment): number => (hour % 12 === 0 ? 12 : hour % 12);

const FIELDS: Readonly<Record<string, (moment: Moment) => string>> = {
  Y: (m) => String(m.year),
  C: (m) => pad(Math.floor(m.year / 100)),
  y: (m) => pad(m.year % 100),
  m: (m) => pad(m.month),
  d: (m) => pad(m.day),
  e: (m) => String(m.day).padStart(2),
  H: (m) => pad(m.hour),
  k: (m) => String(m.hour).padStart(2),
  I: (m) => pad(hour12(m)),
  l: (m) => String(hour12(m)).padStart(2),
  M: (m) => pad(m.minute),
  S: (m) => pad(m.second),
  f: (m) => pad(m.microsecond, 6),
  j: (m) => pad(dayOfYear(m), 3),
  p: (m) => (m.hour < 12 ? 'AM' : 'PM'),
  P: (m) => (m.hour < 12 ? 'am' : 'pm'),
  a: (m) => (DAYS[weekdayOf(daysFromCivil(m))] as string).slice(0, 3),
  A: (m) => DAYS[weekdayOf(daysFromCivil(m))] as string,
  b: (m) => (MONTHS[m.month - 1] as string).slice(0, 3),
  h: (m) => (MONTHS[m.month - 1] as string).slice(0, 3),
  B: (m) => MONTHS[m.month - 1] as string,
  u: (m) => String(weekdayOf(daysFromCivil(m)) + 1),
  w: (m) => String((weekdayOf(daysFromCivil(m)) + 1) % 7),
  U: (m) => pad(weekOfYear(m, 6)),
  W: (m) => pad(weekOfYear(m, 0)),
  V: (m) => pad(isoCalendar(daysFromCivil(m)).week),
  G: (m) => String(isoCalendar(daysFromCivil(m)).year),
  g: (m) => pad(isoCalendar(daysFromCivil(m)).year % 100),
  z: (m) => offsetText(m.offset),
  Z: (m) => m.zone,
  s: (m) => String(daysFromCivil(m) * 86400 + m.hour * 3600 + m.minute * 60 + m.second - (m.offset ?? 0)),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

const COMPOSED: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  c: '%a %b %e %H:%M:%S %Y',
};

/** C's strftime in the C locale, with glibc's `-` and `_` flags. */
export function strftime(moment: Moment, format: string): string {
  return format.replace(/%([-_0^]?)([a-zA-Z%])/g, (whole: string, flag: string, letter: string) => {
    const composed = COMPOSED[letter];
    const text = composed === undefined ? FIELDS[letter]?.(moment) : strftime(moment, composed);
    if (text === undefined) return whole;
    if (flag === '-') return text.replace(/^[0 ]+(?=\d)/, '');
    if (flag === '_') return text.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length));
    return flag === '^' ? text.toUpperCase() : text;
  });
}

const abbreviated = (names: readonly string[]): string => names.map((name) => name.slice(0, 3)).join('|');

const PATTERNS: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  y: '\\d{2}',
  m: '1[0-2]|0[1-9]|[1-9]',
  d: '3[01]|[12]\\d|0[1-9]|[1-9]| [1-9]',
  H: '2[0-3]|[01]\\d|\\d',
  I: '1[0-2]|0[1-9]|[1-9]',
  M: '[0-5]\\d|\\d',
  S: '6[01]|[0-5]\\d|\\d',
  f: '\\d{1,6}',
  j: '36[0-6]|3[0-5]\\d|[12]\\d{2}|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9]',
  p: 'AM|PM',
  a: abbreviated(DAYS),
  A: DAYS.join('|'),
  b: abbreviated(MONTHS),
  B: MONTHS.join('|'),
  w: '[0-6]',
  z: '[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d)?|Z',
  Z: 'UTC|GMT',
};

/** Python's `datetime.strptime`: the fields that the text gives, with 1900-01-01 as default. */
export function strptime(text: string, format: string): Moment {
  const letters: string[] = [];
  const expanded = format.replace(/%([FTXRDxc])/g, (_, letter: string) =>
    (COMPOSED[letter] as string).replaceAll('%e', '%d'),
  );
  const pattern = expanded
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\s+/g, '\\s+')
    .replace(/%(.)/g, (_, letter: string) => patternOf(letter, letters, format));
  const match = new RegExp(`^${pattern}`, 'i').exec(text);
  if (!match) throw valueError(`time data ${stringRepr(text)} does not match format ${stringRepr(format)}`);
  if (match[0].length < text.length) throw valueError(`unconverted data remains: ${text.slice(match[0].length)}`);
  return momentOf(new Map(letters.map((letter, i) => [letter, match[i + 1] as string])));
}

function patternOf(letter: string, letters: string[], format: string): string {
  if (letter === '%') return '%';
  const pattern = PATTERNS[letter];
  if (pattern === undefined) throw valueError(`'${letter}' is a bad directive in format ${stringRepr(format)}`);
  letters.push(letter);
  return `(${pattern})`;
}

function momentOf(found: ReadonlyMap<string, string>): Moment {
  const number = (letter: string): number | undefined => (found.has(letter) ? Number(found.get(letter)) : undefined);
  const short = number('y');
  const year = number('Y') ?? (short === undefined ? 1900 : short <= 68 ? 2000 + short : 1900 + short);
  const julian = number('j');
  const start = { year, month: monthOf(found) ?? number('m') ?? 1, day: number('d') ?? 1 };
  const date = julian === undefined ? start : dateOfYear(year, julian);
  const half = found.get('p')?.toUpperCase();
  const twelve = number('I');
  const hour = twelve === undefined ? (number('H') ?? 0) : (twelve % 12) + (half === 'PM' ? 12 : 0);
  return {
    ...date,
    hour,
    minute: number('M') ?? 0,
    second: number('S') ?? 0,
    microsecond: Number((found.get('f') ?? '0').padEnd(6, '0')),
    offset: parseOffset(found.get('z')),
    zone: found.get('Z') ?? '',
  };
}

function monthOf(found: ReadonlyMap<string, string>): number | undefined {
  const name = found.get('B') ?? found.get('b');
  if (name === undefined) return undefined;
  return MONTHS.findIndex((month) => month.slice(0, 3).toLowerCase() === name.slice(0, 3).toLowerCase()) + 1;
}

function dateOfYear(year: number, day: number): DateFields {
  let rest = day;
  for (let month = 1; month < 12; month++) {
    const length = dayOfYear({ year, month: month + 1, day: 1 }) - dayOfYear({ year, month, day: 1 });
    if (rest <= length) return { year, month, day: rest };
    rest -= length;
  }
  return { year, month: 12, day: rest };
}

/** Seconds of `+hh:mm[:ss]` or `Z`. */
export function parseOffset(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text.toUpperCase() === 'Z') return 0;
  const digits = text.replaceAll(':', '');
  const seconds = Number(digits.slice(1, 3)) * 3600 + Number(digits.slice(3, 5)) * 60 + Number(digits.slice(5, 7) || 0);
  return text.startsWith('-') ? -seconds : seconds;
}
