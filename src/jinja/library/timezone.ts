import { PyObject, type Value } from '../values/object.ts';
import { pad } from './calendar.ts';

/** An offset from UTC with a name, at one moment. */
export interface ZoneOffset {
  readonly seconds: number;
  readonly name: string;
}

/** A `tzinfo`: knows the offset that holds at a moment. */
export abstract class PyTimezone extends PyObject {
  abstract atUtc(micros: bigint): ZoneOffset;
  /** The offset that a datetime with this wall-clock time has. */
  abstract atLocal(micros: bigint): ZoneOffset;
  /** The tzinfo a datetime of this zone holds: pytz keeps the offset of the moment in it. */
  settled(_offset: ZoneOffset): PyTimezone {
    return this;
  }
}

/** `datetime.timezone`: the same offset always. */
export class FixedZone extends PyTimezone {
  readonly typeName: string = 'datetime.timezone';
  readonly offset: ZoneOffset;
  readonly text: string;

  constructor(offset: ZoneOffset, text = 'datetime.timezone.utc') {
    super();
    this.offset = offset;
    this.text = text;
  }
  override atUtc(): ZoneOffset {
    return this.offset;
  }
  override atLocal(): ZoneOffset {
    return this.offset;
  }
  override str(): string {
    return this.offset.name;
  }
  override repr(): string {
    return this.text;
  }
  override equals(other: Value): boolean {
    return this === other || (other instanceof FixedZone && other.offset.seconds === this.offset.seconds);
  }
}

export const UTC = new FixedZone({ seconds: 0, name: 'UTC' });

/** `UTC`, `UTC+01:00`: how Python names a fixed offset. */
export function fixedZone(seconds: number): FixedZone {
  if (seconds === 0) return UTC;
  const size = Math.abs(seconds);
  const name = `UTC${seconds < 0 ? '-' : '+'}${pad(Math.floor(size / 3600))}:${pad(Math.floor(size / 60) % 60)}`;
  const days = seconds < 0 ? `days=-1, seconds=${86400 + seconds}` : `seconds=${seconds}`;
  return new FixedZone({ seconds, name }, `datetime.timezone(datetime.timedelta(${days}))`);
}
