export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
export type LogFields = Readonly<Record<string, unknown>>;

/** Events with facts; secrets among the facts never get out. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds these fields to each event. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  readonly format?: 'json' | 'text';
  readonly write: (line: string) => void;
  readonly fields?: LogFields;
}

export function createLogger({ level = 'info', format = 'json', write, fields = {} }: LoggerOptions): Logger {
  const log = (at: LogLevel) => (event: string, more: LogFields = {}): void => {
    if (logLevels.indexOf(at) < logLevels.indexOf(level)) return;
    const facts = redact({ ...fields, ...more }) as LogFields;
    write(format === 'json' ? `${JSON.stringify({ time: new Date().toISOString(), level: at, event, ...facts })}\n` : textLine(at, event, facts));
  };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (more) => createLogger({ level, format, write, fields: { ...fields, ...more } }),
  };
}

export const silentLogger: Logger = createLogger({ write: () => undefined });

function textLine(level: LogLevel, event: string, facts: LogFields): string {
  const shown = Object.entries(facts).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${new Date().toISOString()} ${level.padEnd(5)} ${[event, ...shown].join(' ')}\n`;
}

const secretKeys = /password|passwd|secret|token|authorization|credential|api[-_]?key|private/i;
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
  [/(\w+:\/\/[^\s/:@]+):[^\s/@]+@/g, '$1:***@'],
  [/([?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|sig|signature|token)=)[^&\s]+/gi, '$1***'],
  [/\b(SECRET|KEY_ID|SESSION_TOKEN|PASSWORD)\s+'(?:[^']|'')*'/gi, "$1 '***'"],
];

/** `value` with everything masked that looks like a secret, by the name of a field or by the shape of a text. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return secretTexts.reduce((text, [pattern, mask]) => text.replace(pattern, mask), value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Error) return redact({ name: value.name, message: value.message, stack: value.stack });
  if (Array.isArray(value)) return value.map(redact);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, secretKeys.test(key) && inner !== undefined ? '***' : redact(inner)]));
}
