import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import { readYaml } from '../project/render.ts';
import { parseTime, shift } from './batches.ts';
import type { RunFlags } from './session.ts';

/** Commands that look ahead unless told not to. */
const checkedAlways = new Set(['build', 'run']);

/** The flags of a command that change how nodes run, from its arguments by dbt's names. */
export function runFlags(args: Dict, threads: number): RunFlags {
  const isSet = (name: string, fallback = false): boolean => (args[name] ?? fallback) === true;
  const count = (name: string): number | undefined => (typeof args[name] === 'number' ? args[name] : undefined);
  const eventTimeStart = timeArgument(args.event_time_start);
  const eventTimeEnd = timeArgument(args.event_time_end);
  if ((eventTimeStart === undefined) !== (eventTimeEnd === undefined))
    throw invalid('the flags --event-time-start and --event-time-end must be given together');
  if (eventTimeStart !== undefined && eventTimeEnd !== undefined && eventTimeStart >= eventTimeEnd)
    throw invalid('--event-time-start must be before --event-time-end');
  return {
    which: String(args.which ?? 'run'),
    fullRefresh: isSet('full_refresh'),
    failFast: isSet('fail_fast'),
    storeFailures: isSet('store_failures'),
    empty: isSet('empty'),
    threads: count('threads') ?? threads,
    defer: isSet('defer'),
    favorState: isSet('favor_state'),
    warnError: isSet('warn_error'),
    writeJson: isSet('write_json', true),
    introspect: isSet('introspect', true),
    populateCache: isSet('populate_cache', true),
    cacheSelectedOnly: isSet('cache_selected_only'),
    printerWidth: count('printer_width') ?? 80,
    eventTimeStart,
    eventTimeEnd,
    sample: sampleWindow(args.sample),
    limit: count('limit'),
    validate: isSet('validate', checkedAlways.has(String(args.which))),
    changed: isSet('changed'),
    history: isSet('history', true),
    historyKeep: count('history_keep') ?? 0,
    showFailures: count('show_failures') ?? 0,
    args,
  };
}

const invalid = (message: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { id: 'dbt-usage', context: { what: message } });

function timeArgument(value: unknown): Date | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return value instanceof Date ? value : parseTime(String(value));
}

/** `3 days`, or `{"start": "2024-01-01", "end": "2024-01-08"}`. */
function sampleWindow(value: unknown): { readonly start: Date; readonly end: Date } | undefined {
  if (value === undefined || value === null || value === '' || value === false) return undefined;
  const relative = /^(\d+)\s+(hour|day|month|year)s?$/i.exec(String(value).trim());
  if (relative !== null) {
    const unit = (relative[2] as string).toLowerCase() as 'hour' | 'day' | 'month' | 'year';
    const end = new Date();
    return { start: shift(end, unit, -Number(relative[1])), end };
  }
  const { start, end } = typeof value === 'object' ? (value as Dict) : sampleDict(String(value));
  // As in dbt: what YAML takes for a date is none here.
  if (!isText(start) || !isText(end))
    throw invalid(
      `--sample takes "N hours|days|months|years" or "{start: '2024-01-01', end: '2024-02-01'}", its times in quotes, not ${String(value)}`,
    );
  return { start: parseTime(start), end: parseTime(end) };
}

function sampleDict(text: string): Dict {
  const content = readYaml(text, '--sample');
  return isDict(content) ? content : {};
}
