import type { Dict } from '../manifest-types.ts';
import { openLogFile } from './log-file.ts';

export type EventLevel = 'debug' | 'info' | 'warn' | 'error';
const rank: Readonly<Record<EventLevel | 'none', number>> = { debug: 0, info: 1, warn: 2, error: 3, none: 4 };

/** One thing that happened, with dbt's name for it: `--log-format json` is read by orchestrators. */
export interface DbtEvent {
  readonly name: string;
  readonly level: EventLevel;
  readonly msg: string;
  readonly code?: string;
  readonly data?: Dict;
  /** Worker that told it, e.g. `Thread-1 (worker)`. */
  readonly thread?: string;
}

export interface EventLog {
  fire(event: DbtEvent): void;
  /** Told of every event, whatever the level. */
  onEvent(listener: (event: DbtEvent) => void): void;
  /** What was told is in the file of the log from now on; else it is a moment later. */
  flush(): void;
}

export interface EventLogOptions {
  readonly write: (text: string) => void;
  readonly format: 'default' | 'text' | 'debug' | 'json';
  readonly level: EventLevel | 'none';
  readonly quiet: boolean;
  /** `print()` of templates. */
  readonly print: boolean;
  readonly invocationId: string;
  /** Folder of dbt.log; none when undefined. */
  readonly logPath: string | undefined;
  readonly fileFormat: 'default' | 'text' | 'debug' | 'json';
  readonly fileLevel: EventLevel | 'none';
  /** 0 = no limit. */
  readonly fileMaxBytes: number;
  /** Replaces secrets in every text. */
  readonly mask?: (text: string) => string;
  readonly now?: () => Date;
}

/** Shown however quiet a command is: they are its answer. */
const answers = new Set(['PrintEvent', 'ShowNode', 'CompiledNode', 'ListCmdOut', 'TestFailureRows', 'ColumnLineage']);

/** dbt's log: lines on the terminal, and the same in more detail in `logs/dbt.log`. */
export function createEventLog(options: EventLogOptions): EventLog {
  const { write, format, level, quiet, print, mask = (text) => text, now = () => new Date() } = options;
  const file = options.logPath === undefined ? undefined : openLogFile(options.logPath, options.fileMaxBytes);
  if (options.fileFormat !== 'json') file?.add(headline(now(), options.invocationId));
  const listeners: ((event: DbtEvent) => void)[] = [];
  const isShown = ({ name, level: at }: DbtEvent): boolean => {
    if (name === 'PrintEvent') return print;
    if (answers.has(name)) return true;
    return quiet ? rank[at] >= rank.error : rank[at] >= rank[level];
  };
  return {
    fire(event) {
      const time = now();
      if (isShown(event)) write(mask(line(event, format, time, options.invocationId)));
      if (file !== undefined && rank[event.level] >= rank[options.fileLevel])
        file.add(mask(line(event, options.fileFormat, time, options.invocationId)));
      for (const listener of listeners) listener(event);
    },
    onEvent: (listener) => void listeners.push(listener),
    flush: () => file?.flush(),
  };
}

function line(event: DbtEvent, format: EventLogOptions['format'], time: Date, invocationId: string): string {
  if (format === 'json') return `${JSON.stringify(jsonEvent(event, time, invocationId))}\n`;
  if (format === 'debug')
    return `${clock(time, true)} [${event.level.padEnd(5)}] [${event.thread ?? 'MainThread'}]: ${event.msg}\n`;
  return answers.has(event.name) ? `${event.msg}\n` : `${clock(time, false)}  ${event.msg}\n`;
}

function jsonEvent(event: DbtEvent, time: Date, invocationId: string): Dict {
  const { name, level, msg, code = '', data = {}, thread = 'MainThread' } = event;
  return {
    data: { ...data, ...('msg' in data || Object.keys(data).length > 0 ? {} : { msg }) },
    info: {
      category: '',
      code,
      extra: {},
      invocation_id: invocationId,
      level,
      msg,
      name,
      pid: process.pid,
      thread,
      ts: microTime(time),
    },
  };
}

const two = (value: number): string => String(value).padStart(2, '0');

function clock(time: Date, micros: boolean): string {
  const text = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return micros ? `${text}.${String(time.getMilliseconds()).padStart(3, '0')}000` : text;
}

const headline = (time: Date, invocationId: string): string =>
  `${'='.repeat(30)} ${time.toISOString().replace('T', ' ').replace('Z', '000')} | ${invocationId} ${'='.repeat(30)}\n`;

/** A time as artifacts write it: UTC, six digits, `Z`. */
const microTime = (time: Date): string => time.toISOString().replace(/Z$/, '000Z');
