import { PyDate, PyDecimal, PyFloat, parseIso, type Value } from '../../jinja/index.ts';

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
