/** How plain scalars become values: YAML 1.1 as PyYAML reads it (`yes` is true, `1e5` is text, `010` is eight). */

/** Builds the values that JavaScript has no type for. */
export interface ScalarMakers {
  readonly float: (value: number) => unknown;
  readonly date: (year: number, month: number, day: number) => unknown;
  /** `offsetMinutes` undefined = no zone was written. */
  readonly dateTime: (parts: readonly number[], microsecond: number, offsetMinutes: number | undefined) => unknown;
}

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);

const intForm = /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|(?:0|[1-9][0-9_]*)|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const floatForm =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const dateForm = /^(\d{4})-(\d\d)-(\d\d)$/;
const dateTimeForm =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::?(\d\d))?))?$/;

export function resolvePlain(text: string, makers: ScalarMakers): unknown {
  const first = text.charCodeAt(0);
  // Letters other than those of the words below begin plain text: the common case.
  if (text.length <= 5) {
    const word = words.get(text);
    if (word !== undefined || words.has(text)) return word;
  }
  const numeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!numeric) return text;
  if (intForm.test(text)) return toInteger(text.replaceAll('_', ''));
  if (floatForm.test(text)) return makers.float(toFloat(text.replaceAll('_', '')));
  return toDate(text, makers) ?? text;
}

function toInteger(text: string): number | bigint {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  const magnitude = digits.includes(':')
    ? sexagesimal(digits)
    : /^0[0-7]+$/.test(digits)
      ? BigInt(`0o${digits.slice(1)}`)
      : BigInt(digits);
  const value = negative ? -magnitude : magnitude;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

const sexagesimal = (digits: string): bigint => digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);

function toFloat(text: string): number {
  const lower = text.toLowerCase();
  if (lower.endsWith('.inf')) return lower.startsWith('-') ? -Infinity : Infinity;
  if (lower === '.nan') return Number.NaN;
  if (!lower.includes(':')) return Number(lower.endsWith('.') ? `${lower}0` : lower);
  const sign = lower.startsWith('-') ? -1 : 1;
  return (
    sign *
    lower
      .replace(/^[-+]/, '')
      .split(':')
      .reduce((sum, part) => sum * 60 + Number(part), 0)
  );
}

function toDate(text: string, makers: ScalarMakers): unknown {
  const date = dateForm.exec(text);
  if (date !== null) return makers.date(Number(date[1]), Number(date[2]), Number(date[3]));
  const found = dateTimeForm.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zulu, sign, offsetHour, offsetMinute] = found;
  const parts = [year, month, day, hour, minute, second].map(Number);
  const microsecond = Number((fraction ?? '').slice(0, 6).padEnd(6, '0'));
  const minutes = Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0);
  const offset = zulu !== undefined ? 0 : sign === undefined ? undefined : sign === '-' ? -minutes : minutes;
  return makers.dateTime(parts, microsecond, offset);
}
