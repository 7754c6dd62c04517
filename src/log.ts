export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
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
  /** Given one line with its end. */
  readonly write: (line: string) => void;
  readonly fields?: LogFields;
}

export function createLogger({ level = 'info', format = 'json', write, fields = {} }: LoggerOptions): Logger {
  const log =
    (at: LogLevel) =>
    (event: string, more: LogFields = {}): void => {
      if (logLevels.indexOf(at) < logLevels.indexOf(level)) return;
      const said = redact(event) as string;
      const facts = redact({ ...fields, ...more }) as LogFields;
      write(
        format === 'json'
          ? `${JSON.stringify({ time: new Date().toISOString(), level: at, event: said, ...facts })}\n`
          : textLine(at, said, facts),
      );
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
  const plain = (value: unknown): boolean => typeof value === 'string' && !/[\s"=]/.test(value);
  const shown = Object.entries(facts).map(([key, value]) => `${key}=${plain(value) ? value : JSON.stringify(value)}`);
  return `${new Date().toISOString()} ${level.padEnd(5)} ${[event, ...shown].join(' ')}\n`;
}

const mask = '***';
const maxDepth = 6;
const secretKeys = /passw(or)?d|secret|token|authorization|credential|cookie|api[-_]?key|private[-_]?key|signature/i;
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${mask}`],
  // scheme://user:password@ and scheme://token@, up to the last @ before the path
  [/(\b[a-z][\w+.-]*:\/\/)([^\s/@:]*:)?[^\s/]*@/gi, `$1$2${mask}@`],
  [
    /([?&](?:x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|sig|signature|token|access_token|api_?key|password)=)[^&\s"']+/gi,
    `$1${mask}`,
  ],
  [/\b(secret|key_id|session_token|password|token|connection_string)(\s*=?\s*)'(?:[^']|'')*'/gi, `$1$2'${mask}'`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, mask],
];

/** `value` with everything masked that looks like a secret, by the name of a field or by the shape of a text. */
export const redact = (value: unknown): unknown => redacted(value, 0);

function redacted(value: unknown, depth: number): unknown {
  if (typeof value === 'string')
    return secretTexts.reduce((text, [pattern, masked]) => text.replace(pattern, masked), value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth > maxDepth) return '…';
  if (value instanceof Date) return value;
  if (value instanceof Error) return redactedError(value, depth);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return value.map((one) => redacted(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretKeys.test(key) && inner !== undefined ? mask : redacted(inner, depth + 1),
    ]),
  );
}

function redactedError(error: Error, depth: number): unknown {
  const { name, message, stack, cause } = error;
  return redacted({ name, message, stack, ...(cause === undefined ? {} : { cause }) }, depth + 1);
}
