import { PyError } from '../../jinja/index.ts';
import type { NodeConfig } from '../manifest-types.ts';

export type BatchSize = 'hour' | 'day' | 'month' | 'year';
const sizes: readonly string[] = ['hour', 'day', 'month', 'year'];

/** A window of event time, UTC; the end is outside. */
export interface Batch {
  readonly start: Date;
  readonly end: Date;
}

export function truncate(time: Date, size: BatchSize): Date {
  const [year, month, day, hour] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate(), time.getUTCHours()];
  if (size === 'hour') return new Date(Date.UTC(year, month, day, hour));
  if (size === 'day') return new Date(Date.UTC(year, month, day));
  return new Date(Date.UTC(year, size === 'month' ? month : 0, 1));
}

/** The start of the window `count` windows after the one that holds `time`. */
export function offset(time: Date, size: BatchSize, count: number): Date {
  const start = truncate(time, size);
  if (size === 'hour') start.setUTCHours(start.getUTCHours() + count);
  else if (size === 'day') start.setUTCDate(start.getUTCDate() + count);
  else if (size === 'month') start.setUTCMonth(start.getUTCMonth() + count);
  else start.setUTCFullYear(start.getUTCFullYear() + count);
  return start;
}

/** The same moment of another hour, day, month or year; the last day of a month that is shorter. */
export function shift(time: Date, size: BatchSize, count: number): Date {
  const moved = new Date(time);
  if (size === 'hour') moved.setUTCHours(moved.getUTCHours() + count);
  else if (size === 'day') moved.setUTCDate(moved.getUTCDate() + count);
  else {
    const day = moved.getUTCDate();
    moved.setUTCDate(1);
    moved.setUTCMonth(moved.getUTCMonth() + (size === 'month' ? count : 12 * count));
    const lastDay = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate();
    moved.setUTCDate(Math.min(day, lastDay));
  }
  return moved;
}

/** `time` itself when a window starts there, else the end of its window. */
const ceiling = (time: Date, size: BatchSize): Date =>
  truncate(time, size).getTime() === time.getTime() ? time : offset(time, size, 1);

export interface BatchPlan {
  readonly model: { readonly name: string; readonly config: NodeConfig };
  readonly isIncremental: boolean;
  readonly eventTimeStart: Date | undefined;
  readonly eventTimeEnd: Date | undefined;
  readonly now: Date;
}

export function batchSizeOf({ name, config }: BatchPlan['model']): BatchSize {
  const size = String(config.batch_size ?? '');
  if (sizes.includes(size)) return size as BatchSize;
  throw new PyError(
    'DbtRuntimeError',
    `Microbatch model '${name}' needs a 'batch_size' of ${sizes.join(', ')}${size === '' ? '' : `, not '${size}'`}`,
  );
}

/** The windows a run builds: from the given start, the model's `begin`, or as far back as its `lookback`. */
export function planBatches(plan: BatchPlan): Batch[] {
  const size = batchSizeOf(plan.model);
  const end = ceiling(plan.eventTimeEnd ?? plan.now, size);
  const start = startOf(plan, size, end);
  const batches: Batch[] = [];
  for (let from = start; batches.length === 0 || from < end; from = offset(from, size, 1))
    batches.push({ start: from, end: offset(from, size, 1) });
  const last = batches.pop() as Batch;
  return [...batches, { ...last, end }];
}

function startOf({ model, isIncremental, eventTimeStart }: BatchPlan, size: BatchSize, end: Date): Date {
  if (eventTimeStart !== undefined) return truncate(eventTimeStart, size);
  if (isIncremental) {
    const lookback = Number(model.config.lookback ?? 1);
    const whole = truncate(end, size).getTime() === end.getTime();
    return offset(end, size, -(whole ? lookback + 1 : lookback));
  }
  const begin = model.config.begin;
  if (begin === null || begin === undefined)
    throw new PyError('DbtRuntimeError', `Microbatch model '${model.name}' requires a 'begin' configuration.`);
  return truncate(parseTime(String(begin)), size);
}

/** A time as configs and the command line write it; without a zone it is UTC. */
export function parseTime(text: string): Date {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}:?\d{2})?$/.exec(
    text.trim(),
  );
  const time = match === null ? new Date(Number.NaN) : new Date(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? 'Z'}`);
  if (Number.isNaN(time.getTime()))
    throw new PyError('DbtRuntimeError', `"${text}" is no date or time (YYYY-MM-DD[ HH:MM:SS])`);
  return time;
}

/** `2024-01-01 00:00:00+00:00`, as SQL and artifacts hold it. */
export const timeText = (time: Date): string => {
  const text = time.toISOString();
  const micros = text.slice(19, 23) === '.000' ? '' : `${text.slice(19, 23)}000`;
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${micros}+00:00`;
};

const nameLengths: Readonly<Record<BatchSize, number>> = { year: 4, month: 7, day: 10, hour: 13 };

/** How a batch is called in lines and files: `2024`, `2024-01`, `2024-01-31`, `2024-01-31T05`. */
export const batchName = ({ start }: Batch, size: BatchSize): string => start.toISOString().slice(0, nameLengths[size]);

/** The name without dashes. */
export const batchId = (batch: Batch, size: BatchSize): string => batchName(batch, size).replaceAll('-', '');
