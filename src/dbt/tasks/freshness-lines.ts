/** What is told of a source while its freshness is looked at. */
import type { SourceNode } from '../manifest-types.ts';
import { statusLine } from '../run/lines.ts';
import type { RunSession } from '../run/session.ts';
import type { FreshnessResult, FreshnessStatus } from './freshness-read.ts';

interface FreshnessLine {
  readonly source: SourceNode;
  readonly text: string;
  readonly status: string;
  readonly index: number;
  readonly total: number;
  readonly thread: string;
}

export function tellStart(
  { log, flags }: RunSession,
  { source, text, status, index, total, thread }: FreshnessLine,
): void {
  log.fire({
    name: 'LogStartLine',
    code: 'Q011',
    level: 'info',
    msg: statusLine({
      text: `${text} ${source.source_name}.${source.name}`,
      status,
      index,
      total,
      width: flags.printerWidth,
    }),
    data: { description: `freshness of ${source.source_name}.${source.name}`, index, total },
    thread,
  });
}

const words: Readonly<Record<FreshnessStatus, readonly [string, string, 'info' | 'warn' | 'error']>> = {
  pass: ['PASS freshness of', 'PASS', 'info'],
  warn: ['WARN freshness of', 'WARN', 'warn'],
  error: ['ERROR STALE freshness of', 'ERROR STALE', 'error'],
  'runtime error': ['ERROR freshness of', 'ERROR', 'error'],
};

export function tellResult(
  { log, flags }: RunSession,
  result: FreshnessResult,
  place: { index: number; total: number; thread: string },
): void {
  const [text, status, level] = words[result.status];
  const { source, startedAt, completedAt } = result;
  log.fire({
    name: 'LogFreshnessResult',
    code: 'Q018',
    level,
    msg: statusLine({
      text: `${text} ${source.source_name}.${source.name}`,
      status,
      index: place.index,
      total: place.total,
      seconds: (completedAt.getTime() - startedAt.getTime()) / 1000,
      width: flags.printerWidth,
    }),
    data: {
      status: result.status,
      source_name: source.source_name,
      table_name: source.name,
      index: place.index,
      total: place.total,
    },
    thread: place.thread,
  });
}
