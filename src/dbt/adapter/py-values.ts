import { PyDate, PyDecimal, PyFloat, PyTimedelta, parseIso, type Value } from '../../jinja/index.ts';

/** Values of result tables from the texts DuckDB's values are read as. */

export function decimalFromText(text: string): Value {
  if (/nan/i.test(text)) return new PyFloat(Number.NaN);
  if (/inf/i.test(text)) return new PyFloat(text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
  return PyDecimal.from(text);
}

/** Dates that Python does not have, such as `infinity` or years BC, stay texts. */
export function dateFromText(text: string): Value {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? new PyDate(parseIso(text).days) : text;
}

export function dateTimeFromText(text: string): Value {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(text);
  if (match === null) return text;
  const [, date = '', time = '', zone = ''] = match;
  return parseIso(`${date}T${time}${/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone}`);
}

const unitMicros: Readonly<Record<string, bigint>> = {
  year: 360n * 86_400_000_000n,
  month: 30n * 86_400_000_000n,
  day: 86_400_000_000n,
};

/** An interval as Python's timedelta prints it: months have 30 days. */
export function durationText(text: string): string {
  let micros = 0n;
  for (const [, count = '', unit = ''] of text.matchAll(/([+-]?\d+) (year|month|day)s?/g))
    micros += BigInt(count) * (unitMicros[unit] ?? 0n);
  const clock = /(-?)(\d+):(\d{2}):(\d{2})(?:\.(\d+))?$/.exec(text);
  if (clock !== null) {
    const [, sign, hours = '0', minutes = '0', seconds = '0', fraction = ''] = clock;
    const whole = (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * 1_000_000n;
    const part = whole + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
    micros += sign === '-' ? -part : part;
  }
  return new PyTimedelta(micros).str();
}
