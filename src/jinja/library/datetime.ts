import { PyError, typeError, valueError } from '../errors.ts';
import { asIndex, readArguments } from '../operations/arguments.ts';
import { asNumber } from '../values/compare.ts';
import { PyFloat } from '../values/float.ts';
import {
  type Args,
  type BinaryOperator,
  type HostFunction,
  type Kwargs,
  PyClass,
  PyFunction,
  PyModule,
  PyObject,
  typeName,
  type Value,
} from '../values/object.ts';
import { repr, str } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import {
  civilFromDays,
  type DateFields,
  daysFromCivil,
  daysInMonth,
  floorDiv,
  floorMod,
  isoCalendar,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  pad,
  type TimeFields,
  timeFields,
  timeMicros,
  weekdayOf,
} from './calendar.ts';
import { type Moment, offsetText, parseOffset, strftime, strptime } from './strftime.ts';
import { PyTimedelta, TIMEDELTA } from './timedelta.ts';
import { FixedZone, fixedZone, PyTimezone, UTC, type ZoneOffset } from './timezone.ts';

type Members<Self> = Readonly<Record<string, (self: Self, args: Args, kwargs: Kwargs) => Value>>;

function memberOf<Self extends PyObject>(self: Self, members: Members<Self>, name: string): Value | undefined {
  if (!Object.hasOwn(members, name)) return undefined;
  const member = members[name] as NonNullable<Members<Self>[string]>;
  return new PyFunction(name, (args, kwargs) => member(self, args, kwargs));
}

const EPOCH_ORDINAL = 719163;
const MIDNIGHT: TimeFields = { hour: 0, minute: 0, second: 0, microsecond: 0 };

/** Python's `datetime.date`. */
export class PyDate extends PyObject {
  readonly typeName: string = 'datetime.date';
  /** Days since 1970-01-01. */
  readonly days: number;

  constructor(days: number) {
    super();
    const { year } = civilFromDays(days);
    if (year < 1 || year > 9999) throw new PyError('OverflowError', 'date value out of range');
    this.days = days;
  }
  get fields(): DateFields {
    return civilFromDays(this.days);
  }
  get moment(): Moment {
    return { ...this.fields, ...MIDNIGHT, offset: undefined, zone: '' };
  }
  override attr(name: string): Value | undefined {
    if (name === 'year' || name === 'month' || name === 'day') return this.fields[name];
    return memberOf<PyDate>(this, DATE_MEMBERS, name);
  }
  /** For JSON.stringify, as all values of YAML that JSON lacks have it. */
  toJSON(): string {
    return this.isoDate();
  }
  isoDate(): string {
    const { year, month, day } = this.fields;
    return `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
  }
  override str(): string {
    return this.isoDate();
  }
  override repr(): string {
    const { year, month, day } = this.fields;
    return `datetime.date(${year}, ${month}, ${day})`;
  }
  format(spec: string): string {
    return strftime(this.moment, spec);
  }
  override equals(other: Value): boolean {
    return other instanceof PyDate && other.typeName === this.typeName && other.days === this.days;
  }
  override hashKey(): unknown {
    return `\u0000${this.repr()}`;
  }
  override compare(other: Value): number | undefined {
    return other instanceof PyDate && other.typeName === this.typeName ? this.days - other.days : undefined;
  }
  override binary(operator: BinaryOperator, other: Value, reflected: boolean): Value | undefined {
    if (other instanceof PyTimedelta && (operator === '+' || (operator === '-' && !reflected)))
      return new PyDate(this.days + (operator === '+' ? other.days : -other.days));
    if (operator !== '-' || !(other instanceof PyDate) || other.typeName !== this.typeName) return undefined;
    return new PyTimedelta(BigInt(this.days - other.days) * MICROS_PER_DAY);
  }
}

const isoTuple = (days: number): PyTuple => {
  const { year, week, weekday } = isoCalendar(days);
  return new PyTuple([year, week, weekday]);
};

function timetuple(self: PyDate): PyTuple {
  const { year, month, day, hour, minute, second } = self.moment;
  const ordinal = self.days - daysFromCivil({ year, month: 1, day: 1 }) + 1;
  return new PyTuple([year, month, day, hour, minute, second, weekdayOf(self.days), ordinal, -1]);
}

const DATE_MEMBERS: Members<PyDate> = {
  strftime: (self, args) => strftime(self.moment, str(args[0] as Value)),
  isoformat: (self) => self.isoDate(),
  weekday: (self) => weekdayOf(self.days),
  isoweekday: (self) => weekdayOf(self.days) + 1,
  isocalendar: (self) => isoTuple(self.days),
  toordinal: (self) => self.days + EPOCH_ORDINAL,
  ctime: (self) => strftime(self.moment, '%a %b %e %H:%M:%S %Y'),
  timetuple,
  replace: (self, args, kwargs) => {
    const { year, month, day } = self.fields;
    const given = readArguments('replace', ['year', 'month', 'day'], args, kwargs, { year, month, day });
    return new PyDate(checkedDays(given));
  },
};

function checkedDays(given: Readonly<Record<'year' | 'month' | 'day', Value>>): number {
  const [year, month, day] = [asIndex(given.year), asIndex(given.month), asIndex(given.day)];
  if (year < 1 || year > 9999) throw valueError(`year ${year} is out of range`);
  if (month < 1 || month > 12) throw valueError('month must be in 1..12');
  if (day < 1 || day > daysInMonth(year, month)) throw valueError('day is out of range for month');
  return daysFromCivil({ year, month, day });
}

const TIME_NAMES = ['hour', 'minute', 'second', 'microsecond'] as const;
const TIME_LIMITS = { hour: 23, minute: 59, second: 59, microsecond: 999_999 };

function checkedTime(given: Readonly<Record<(typeof TIME_NAMES)[number], Value>>): bigint {
  const fields = { ...MIDNIGHT };
  for (const name of TIME_NAMES) {
    const value = asIndex(given[name]);
    if (value < 0 || value > TIME_LIMITS[name]) throw valueError(`${name} must be in 0..${TIME_LIMITS[name]}`);
    fields[name] = value;
  }
  return timeMicros(fields);
}

function zoneOf(value: Value): PyTimezone | null {
  if (value === null || value instanceof PyTimezone) return value;
  throw typeError(`tzinfo argument must be None or of a tzinfo subclass, not type '${typeName(value)}'`);
}

/** `hh:mm:ss[.ffffff]`, cut as Python's timespec says. */
function isoTime({ hour, minute, second, microsecond }: TimeFields, timespec: string): string {
  const minutes = `${pad(hour)}:${pad(minute)}`;
  switch (timespec) {
    case 'hours':
      return pad(hour);
    case 'minutes':
      return minutes;
    case 'seconds':
      return `${minutes}:${pad(second)}`;
    case 'milliseconds':
      return `${minutes}:${pad(second)}.${pad(Math.floor(microsecond / 1000), 3)}`;
    case 'auto':
      return `${minutes}:${pad(second)}${microsecond === 0 ? '' : `.${pad(microsecond, 6)}`}`;
    case 'microseconds':
      return `${minutes}:${pad(second)}.${pad(microsecond, 6)}`;
  }
  throw valueError('Unknown timespec value');
}

/** Python's `datetime.datetime`: wall-clock microseconds since 1970, and a tzinfo or none. */
export class PyDateTime extends PyDate {
  override readonly typeName = 'datetime.datetime';
  readonly micros: bigint;
  readonly zone: PyTimezone | null;

  constructor(micros: bigint, zone: PyTimezone | null = null) {
    super(Number(floorDiv(micros, MICROS_PER_DAY)));
    this.micros = micros;
    this.zone = zone;
  }
  get time(): TimeFields {
    return timeFields(floorMod(this.micros, MICROS_PER_DAY));
  }
  get offset(): ZoneOffset | undefined {
    return this.zone?.atLocal(this.micros);
  }
  get utc(): bigint {
    return this.micros - BigInt(this.offset?.seconds ?? 0) * MICROS_PER_SECOND;
  }
  override get moment(): Moment {
    const { offset } = this;
    return { ...this.fields, ...this.time, offset: offset?.seconds, zone: offset?.name ?? '' };
  }
  override attr(name: string): Value | undefined {
    if (name === 'hour' || name === 'minute' || name === 'second' || name === 'microsecond') return this.time[name];
    if (name === 'tzinfo') return this.zone;
    if (name === 'fold') return 0;
    return memberOf<PyDateTime>(this, DATETIME_MEMBERS, name) ?? super.attr(name);
  }
  override toJSON(): string {
    return this.isoformat('T');
  }
  isoformat(separator: string, timespec = 'auto'): string {
    return `${this.isoDate()}${separator}${isoTime(this.time, timespec)}${offsetText(this.offset?.seconds, ':')}`;
  }
  override str(): string {
    return this.isoformat(' ');
  }
  override repr(): string {
    const { year, month, day } = this.fields;
    const { hour, minute, second, microsecond } = this.time;
    const rest = microsecond > 0 ? [second, microsecond] : second > 0 ? [second] : [];
    const zone = this.zone ? `, tzinfo=${this.zone.repr()}` : '';
    return `datetime.datetime(${[year, month, day, hour, minute, ...rest].join(', ')}${zone})`;
  }
  override equals(other: Value): boolean {
    return other instanceof PyDateTime && (other.zone === null) === (this.zone === null) && other.utc === this.utc;
  }
  override hashKey(): unknown {
    return `\u0000datetime${this.zone === null ? 'naive' : ''}${this.utc}`;
  }
  override compare(other: Value): number | undefined {
    if (!(other instanceof PyDateTime)) return undefined;
    this.#checkSameKind(other, 'compare');
    return this.utc < other.utc ? -1 : this.utc > other.utc ? 1 : 0;
  }
  #checkSameKind(other: PyDateTime, what: string): void {
    if ((other.zone === null) !== (this.zone === null))
      throw typeError(`can't ${what} offset-naive and offset-aware datetimes`);
  }
  override binary(operator: BinaryOperator, other: Value, reflected: boolean): Value | undefined {
    if (other instanceof PyTimedelta && (operator === '+' || (operator === '-' && !reflected)))
      return new PyDateTime(this.micros + (operator === '+' ? other.micros : -other.micros), this.zone);
    if (operator !== '-' || !(other instanceof PyDateTime)) return undefined;
    this.#checkSameKind(other, 'subtract');
    return new PyTimedelta(this.utc - other.utc);
  }
  /** The same moment in another zone. */
  inZone(zone: PyTimezone): PyDateTime {
    const offset = zone.atUtc(this.utc);
    return new PyDateTime(this.utc + BigInt(offset.seconds) * MICROS_PER_SECOND, zone.settled(offset));
  }
}

const DATETIME_MEMBERS: Members<PyDateTime> = {
  date: (self) => new PyDate(self.days),
  time: (self) => new PyTime(floorMod(self.micros, MICROS_PER_DAY)),
  timestamp: (self) => new PyFloat(Number(self.utc) / 1e6),
  utcoffset: (self) => (self.offset ? new PyTimedelta(BigInt(self.offset.seconds) * MICROS_PER_SECOND) : null),
  tzname: (self) => self.offset?.name ?? null,
  dst: () => null,
  isoformat: (self, args, kwargs) => {
    const given = readArguments('isoformat', ['sep', 'timespec'], args, kwargs, { sep: 'T', timespec: 'auto' });
    return self.isoformat(str(given.sep), str(given.timespec));
  },
  astimezone: (self, args, kwargs) => {
    const { tz } = readArguments('astimezone', ['tz'], args, kwargs, { tz: UTC });
    return self.inZone(zoneOf(tz) ?? UTC);
  },
  replace: (self, args, kwargs) => {
    const names = ['year', 'month', 'day', ...TIME_NAMES, 'tzinfo', 'fold'] as const;
    const defaults = { ...self.fields, ...self.time, tzinfo: self.zone, fold: 0 };
    const given = readArguments('replace', names, args, kwargs, defaults);
    return new PyDateTime(BigInt(checkedDays(given)) * MICROS_PER_DAY + checkedTime(given), zoneOf(given.tzinfo));
  },
};

/** Python's `datetime.time`, without a zone. */
export class PyTime extends PyObject {
  readonly typeName = 'datetime.time';
  readonly micros: bigint;

  constructor(micros: bigint) {
    super();
    this.micros = micros;
  }
  get fields(): TimeFields {
    return timeFields(this.micros);
  }
  override attr(name: string): Value | undefined {
    if (name === 'hour' || name === 'minute' || name === 'second' || name === 'microsecond') return this.fields[name];
    return memberOf<PyTime>(this, TIME_MEMBERS, name);
  }
  override str(): string {
    return isoTime(this.fields, 'auto');
  }
  override repr(): string {
    const { hour, minute, second, microsecond } = this.fields;
    const rest = microsecond > 0 ? [second, microsecond] : second > 0 ? [second] : [];
    return `datetime.time(${[hour, minute, ...rest].join(', ')})`;
  }
  override equals(other: Value): boolean {
    return other instanceof PyTime && other.micros === this.micros;
  }
  override hashKey(): unknown {
    return `\u0000${this.repr()}`;
  }
  override compare(other: Value): number | undefined {
    return other instanceof PyTime ? Number(this.micros - other.micros) : undefined;
  }
}

const TIME_MEMBERS: Members<PyTime> = {
  isoformat: (self, args, kwargs) => {
    const { timespec } = readArguments('isoformat', ['timespec'], args, kwargs, { timespec: 'auto' });
    return isoTime(self.fields, str(timespec));
  },
  strftime: (self, args) =>
    strftime({ year: 1900, month: 1, day: 1, ...self.fields, offset: undefined, zone: '' }, str(args[0] as Value)),
};

const microsOf = (moment: Moment): bigint =>
  BigInt(checkedDays({ year: moment.year, month: moment.month, day: moment.day })) * MICROS_PER_DAY +
  timeMicros(moment);

const nowMicros = (): bigint => BigInt(Date.now()) * 1000n + BigInt(Math.floor((performance.now() % 1) * 1000));

const ISO =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:.(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,6})\d*)?)?)?(Z|[+-]\d\d:?\d\d(?::?\d\d)?)?)?$/s;

/** A date or datetime from ISO 8601 text. */
export function parseIso(text: string): PyDateTime {
  const match = ISO.exec(text);
  if (!match) throw valueError(`Invalid isoformat string: ${repr(text)}`);
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '', zone] = match;
  const days = checkedDays({ year: Number(year), month: Number(month), day: Number(day) });
  const time = {
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    microsecond: Number(fraction.padEnd(6, '0')),
  };
  const offset = parseOffset(zone);
  return new PyDateTime(
    BigInt(days) * MICROS_PER_DAY + checkedTime(time),
    offset === undefined ? null : fixedZone(offset),
  );
}

const staticMethod = (name: string, run: HostFunction): readonly [string, Value] => [name, new PyFunction(name, run)];

function fromTimestamp(args: Args, kwargs: Kwargs): Value {
  const { timestamp, tz } = readArguments('fromtimestamp', ['timestamp', 'tz'], args, kwargs, { tz: null });
  const seconds = asNumber(timestamp);
  if (seconds === undefined) throw typeError(`an integer is required (got type ${typeName(timestamp)})`);
  const utc = new PyDateTime(BigInt(Math.round(Number(seconds) * 1e6)), UTC);
  const zone = zoneOf(tz);
  return zone ? utc.inZone(zone) : new PyDateTime(utc.micros);
}

const DATETIME = new PyClass('datetime.datetime', makeDateTime, [
  staticMethod('now', (args, kwargs) => {
    const { tz } = readArguments('now', ['tz'], args, kwargs, { tz: null });
    const zone = zoneOf(tz);
    return zone ? new PyDateTime(nowMicros(), UTC).inZone(zone) : new PyDateTime(nowMicros());
  }),
  staticMethod('utcnow', () => new PyDateTime(nowMicros())),
  staticMethod('today', () => new PyDateTime(nowMicros())),
  staticMethod('strptime', (args) => {
    const moment = strptime(str(args[0] as Value), str(args[1] as Value));
    return new PyDateTime(microsOf(moment), moment.offset === undefined ? null : fixedZone(moment.offset));
  }),
  staticMethod('fromisoformat', (args) => parseIso(str(args[0] as Value))),
  staticMethod('fromtimestamp', fromTimestamp),
  staticMethod('utcfromtimestamp', (args) => fromTimestamp([args[0] as Value], new Map())),
  staticMethod('combine', (args) => {
    const [date, time] = args;
    if (!(date instanceof PyDate) || !(time instanceof PyTime)) throw typeError('combine() takes a date and a time');
    return new PyDateTime(BigInt(date.days) * MICROS_PER_DAY + time.micros);
  }),
  ['min', new PyDateTime(BigInt(daysFromCivil({ year: 1, month: 1, day: 1 })) * MICROS_PER_DAY)],
  ['max', new PyDateTime(BigInt(daysFromCivil({ year: 9999, month: 12, day: 31 }) + 1) * MICROS_PER_DAY - 1n)],
]);

function makeDateTime(args: Args, kwargs: Kwargs): Value {
  const names = ['year', 'month', 'day', ...TIME_NAMES, 'tzinfo', 'fold'] as const;
  const given = readArguments('function', names, args, kwargs, { ...MIDNIGHT, tzinfo: null, fold: 0 });
  const micros = BigInt(checkedDays(given)) * MICROS_PER_DAY + checkedTime(given);
  return new PyDateTime(micros, zoneOf(given.tzinfo));
}

const DATE = new PyClass(
  'datetime.date',
  (args, kwargs) => new PyDate(checkedDays(readArguments('function', ['year', 'month', 'day'], args, kwargs))),
  [
    staticMethod('today', () => new PyDate(Number(floorDiv(nowMicros(), MICROS_PER_DAY)))),
    staticMethod('fromisoformat', (args) => new PyDate(parseIso(str(args[0] as Value)).days)),
    staticMethod('fromordinal', (args) => new PyDate(asIndex(args[0] as Value) - EPOCH_ORDINAL)),
    staticMethod('fromtimestamp', (args) => new PyDate((fromTimestamp(args, new Map()) as PyDateTime).days)),
    ['min', new PyDate(daysFromCivil({ year: 1, month: 1, day: 1 }))],
    ['max', new PyDate(daysFromCivil({ year: 9999, month: 12, day: 31 }))],
  ],
);

const TIME = new PyClass('datetime.time', (args, kwargs) => {
  const given = readArguments('function', [...TIME_NAMES, 'tzinfo'], args, kwargs, { ...MIDNIGHT, tzinfo: null });
  return new PyTime(checkedTime(given));
});

const TIMEZONE = new PyClass(
  'datetime.timezone',
  (args) => {
    const [offset, name] = args;
    if (!(offset instanceof PyTimedelta)) throw typeError('timezone() argument 1 must be datetime.timedelta');
    const zone = fixedZone(Number(offset.micros / MICROS_PER_SECOND));
    return name === undefined ? zone : new FixedZone({ seconds: zone.offset.seconds, name: str(name) }, zone.text);
  },
  [['utc', UTC]],
);

export const DATETIME_MODULE = new PyModule('module', [
  ['datetime', DATETIME],
  ['date', DATE],
  ['time', TIME],
  ['timedelta', TIMEDELTA],
  ['timezone', TIMEZONE],
  ['tzinfo', TIMEZONE],
  ['MINYEAR', 1],
  ['MAXYEAR', 9999],
]);
