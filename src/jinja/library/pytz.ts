import { PyError, typeError, valueError } from '../errors.ts';
import { type Args, PyFunction, PyModule, type Value } from '../values/object.ts';
import { repr, str } from '../values/text.ts';
import { MICROS_PER_SECOND, pad } from './calendar.ts';
import { PyDateTime } from './datetime.ts';
import { PyTimedelta } from './timedelta.ts';
import { FixedZone, PyTimezone, type ZoneOffset } from './timezone.ts';

/** Zone abbreviations of tzdata where the locale data of Node has only an offset. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  'Asia/Tokyo': 'JST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Taipei': 'CST',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Manila': 'PST',
  'Asia/Jakarta': 'WIB',
  'Asia/Karachi': 'PKT',
  'Asia/Jerusalem': 'IST',
  'Africa/Lagos': 'WAT',
  'Africa/Nairobi': 'EAT',
  'Africa/Cairo': 'EET',
  'Europe/Moscow': 'MSK',
};
/** 1800-01-01, before any zone had a standard time. */
const MEAN_TIME = BigInt(Date.UTC(1800, 0, 1)) * 1000n;
const LOCALES = ['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-IN', 'en-NZ', 'en-ZA'];

/** A zone of the IANA database. */
class PytzZone extends PyTimezone {
  readonly typeName = 'pytz.tzfile';
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;

  constructor(name: string) {
    super();
    this.name = name;
    try {
      this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', ...NUMERIC });
    } catch {
      throw new PyError('UnknownTimeZoneError', repr(name));
    }
  }
  #secondsAt(micros: bigint): number {
    const millis = Number(micros / 1000n);
    const parts = new Map(this.#format.formatToParts(millis).map(({ type, value }) => [type, Number(value)]));
    const get = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'));
    return Math.round((local - Math.floor(millis / 1000) * 1000) / 1000);
  }
  override atUtc(micros: bigint): ZoneOffset {
    const seconds = this.#secondsAt(micros);
    return { seconds, name: this.#abbreviation(micros, seconds) };
  }
  /** Put into a datetime as it is, a zone has its oldest offset, the local mean time: pytz wants `localize`. */
  override atLocal(): ZoneOffset {
    const seconds = Math.floor((this.#secondsAt(MEAN_TIME) + 30) / 60) * 60;
    return { seconds, name: this.name.startsWith('Etc/') ? this.#abbreviation(MEAN_TIME, seconds) : 'LMT' };
  }
  localized(micros: bigint): ZoneOffset {
    const offsets = [86_400n, -86_400n].map((shift) => this.#secondsAt(micros + shift * MICROS_PER_SECOND));
    const fitting = offsets.filter(
      (seconds) => this.#secondsAt(micros - BigInt(seconds) * MICROS_PER_SECOND) === seconds,
    );
    const seconds = fitting.length > 0 ? Math.min(...fitting) : Math.min(...offsets);
    return { seconds, name: this.#abbreviation(micros - BigInt(seconds) * MICROS_PER_SECOND, seconds) };
  }
  #abbreviation(micros: bigint, seconds: number): string {
    const known = ABBREVIATIONS[this.name];
    if (known !== undefined) return known;
    for (const locale of LOCALES) {
      const format = new Intl.DateTimeFormat(locale, { timeZone: this.name, timeZoneName: 'short' });
      const part = format.formatToParts(Number(micros / 1000n)).find(({ type }) => type === 'timeZoneName');
      if (part && /^[A-Z]{2,5}$/.test(part.value)) return part.value;
    }
    const size = Math.abs(seconds);
    const minutes = Math.floor(size / 60) % 60;
    return `${seconds < 0 ? '-' : '+'}${pad(Math.floor(size / 3600))}${minutes === 0 ? '' : pad(minutes)}`;
  }
  override settled(offset: ZoneOffset): PyTimezone {
    return new SettledZone(this, offset);
  }
  override attr(name: string): Value | undefined {
    return name === 'zone' ? this.name : zoneMethod(this, name);
  }
  override str(): string {
    return this.name;
  }
  override repr(): string {
    return `<DstTzInfo '${this.name}'>`;
  }
}

/** A zone with the offset that held at one moment, which is what a localized datetime has. */
class SettledZone extends FixedZone {
  override readonly typeName = 'pytz.tzfile';
  readonly zone: PytzZone;

  constructor(zone: PytzZone, offset: ZoneOffset) {
    super(offset, `<DstTzInfo '${zone.name}' ${offset.name}>`);
    this.zone = zone;
  }
  override attr(name: string): Value | undefined {
    return this.zone.attr(name);
  }
  override str(): string {
    return this.zone.name;
  }
}

/** `pytz.utc` and `pytz.FixedOffset`. */
class PytzFixed extends FixedZone {
  override readonly typeName = 'pytz.FixedOffset';
  override attr(name: string): Value | undefined {
    return name === 'zone' ? this.offset.name || null : zoneMethod(this, name);
  }
}

const PYTZ_UTC = new PytzFixed({ seconds: 0, name: 'UTC' }, '<UTC>');

/** The offset that holds at a wall-clock time; an ambiguous one is taken as standard time. */
const localOffset = (zone: PyTimezone, micros: bigint): ZoneOffset =>
  zone instanceof PytzZone ? zone.localized(micros) : zone.atLocal(micros);

function localize(zone: PyTimezone, args: Args): Value {
  const [moment] = args;
  if (!(moment instanceof PyDateTime)) throw typeError('localize() takes a datetime');
  if (moment.zone !== null) throw valueError('Not naive datetime (tzinfo is already set)');
  return new PyDateTime(moment.micros, zone.settled(localOffset(zone, moment.micros)));
}

function normalize(zone: PyTimezone, args: Args): Value {
  const [moment] = args;
  if (!(moment instanceof PyDateTime)) throw typeError('normalize() takes a datetime');
  if (moment.zone === null) throw valueError('Naive time - no tzinfo set');
  return moment.inZone(zone);
}

function zoneMethod(zone: PyTimezone, name: string): Value | undefined {
  if (name === 'localize') return new PyFunction(name, (args) => localize(zone, args));
  if (name === 'normalize') return new PyFunction(name, (args) => normalize(zone, args));
  if (name !== 'utcoffset') return undefined;
  return new PyFunction(name, ([moment]) => {
    if (!(moment instanceof PyDateTime)) return null;
    return new PyTimedelta(BigInt(localOffset(zone, moment.micros).seconds) * MICROS_PER_SECOND);
  });
}

const NUMERIC = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;

function zoneNamed(name: Value): PyTimezone {
  if (typeof name !== 'string') throw new PyError('UnknownTimeZoneError', repr(name));
  return /^(utc|gmt|zulu|universal|etc\/utc)$/i.test(name) ? PYTZ_UTC : new PytzZone(name);
}

/** The pytz module, as far as templates use it. */
export const PYTZ = new PyModule('module', [
  ['utc', PYTZ_UTC],
  ['UTC', PYTZ_UTC],
  ['timezone', new PyFunction('timezone', (args) => zoneNamed(args[0] ?? null))],
  ['FixedOffset', new PyFunction('FixedOffset', (args) => pytzFixed(args[0] ?? null))],
  ['all_timezones', Intl.supportedValuesOf('timeZone')],
  ['common_timezones', Intl.supportedValuesOf('timeZone')],
  ['UnknownTimeZoneError', 'UnknownTimeZoneError'],
]);

function pytzFixed(minutes: Value): Value {
  if (typeof minutes !== 'number') throw typeError(`an int of minutes is needed, not ${str(minutes)}`);
  if (Math.abs(minutes) >= 1440) throw valueError('absolute offset is too large');
  return new PytzFixed({ seconds: minutes * 60, name: '' }, `pytz.FixedOffset(${minutes})`);
}
