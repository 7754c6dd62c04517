import type { ManifestNode, UnitTestNode } from '../manifest-types.ts';
import type { NodeResult, RunNode } from './results.ts';

export interface LineParts {
  readonly text: string;
  readonly status: string;
  readonly index: number;
  readonly total: number;
  /** Seconds; none for a start. */
  readonly seconds?: number;
  readonly width: number;
  readonly truncate?: boolean;
  readonly prefix?: string;
}

/** `3 of 28 OK created ... [OK in 0.13s]`, dots up to the printer's width. */
export function statusLine({
  text,
  status,
  index,
  total,
  seconds,
  width,
  truncate = false,
  prefix = '',
}: LineParts): string {
  const padded = prefix + `${index} of ${total} ${text} `.padEnd(width, '.');
  const cut = truncate && padded.length > width - 3 ? `${padded.slice(0, width - 3)}...` : padded;
  return `${cut} [${status}${seconds === undefined ? '' : ` in ${seconds.toFixed(2)}s`}]`;
}

/** `schema.alias`, as lines name relations. */
export const relationText = (node: Pick<ManifestNode, 'schema' | 'alias'>): string => `${node.schema}.${node.alias}`;

/** What a node is, for its lines: `sql table model main.orders`, `test not_null_x`. */
export function describeNode(node: RunNode): string {
  switch (node.resource_type) {
    case 'model': {
      const model = node as ManifestNode;
      const isMicrobatch =
        model.config.materialized === 'incremental' && model.config.incremental_strategy === 'microbatch';
      const kind = isMicrobatch ? 'microbatch' : model.config.materialized;
      return `${model.language} ${kind} model ${relationText(model)}`;
    }
    case 'seed':
      return `seed file ${relationText(node as ManifestNode)}`;
    case 'snapshot':
      return `snapshot ${relationText(node as ManifestNode)}`;
    case 'function':
      return `function ${relationText(node as ManifestNode)}`;
    case 'saved_query':
      return `saved query ${node.name}`;
    case 'unit_test':
      return `unit_test ${(node as UnitTestNode).model}::${runName(node)}`;
    default:
      return `${node.resource_type} ${node.name}`;
  }
}

/** A unit test of one version of a model carries the version in its name. */
export function runName(node: RunNode): string {
  const { version } = node as UnitTestNode;
  return node.resource_type !== 'unit_test' || version === undefined || version === null
    ? node.name
    : `${node.name}_v${version}`;
}

interface ResultWords {
  readonly text: string;
  readonly status: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly event: { readonly name: string; readonly code: string };
}

const okVerbs: Readonly<Record<string, readonly [string, string]>> = {
  model: ['OK created', 'ERROR creating'],
  seed: ['OK loaded', 'ERROR loading'],
  snapshot: ['OK snapshotted', 'ERROR snapshotting'],
  function: ['OK created', 'ERROR creating'],
};
const resultEvents: Readonly<Record<string, { readonly name: string; readonly code: string }>> = {
  model: { name: 'LogModelResult', code: 'Q012' },
  seed: { name: 'LogSeedResult', code: 'Q016' },
  snapshot: { name: 'LogSnapshotResult', code: 'Q015' },
  test: { name: 'LogTestResult', code: 'Q007' },
  unit_test: { name: 'LogTestResult', code: 'Q007' },
  function: { name: 'LogFunctionResult', code: 'Q047' },
  exposure: { name: 'LogNodeNoOpResult', code: 'Q019' },
  saved_query: { name: 'LogNodeNoOpResult', code: 'Q019' },
};

/** How a finished node is told. */
export function describeResult(result: NodeResult): ResultWords {
  const { node, status, failures, message } = result;
  const event = resultEvents[node.resource_type] ?? { name: 'LogNodeResult', code: 'Q008' };
  const what = node.resource_type === 'snapshot' ? relationText(node as ManifestNode) : describeNode(node);
  if (node.resource_type === 'test' || node.resource_type === 'unit_test') {
    const name = what.slice(what.indexOf(' ') + 1);
    if (status === 'error' || status === 'runtime error')
      return { text: `ERROR ${name}`, status: 'ERROR', level: 'error', event };
    if (status === 'fail')
      return { text: `FAIL ${failures} ${name}`, status: `FAIL ${failures}`, level: 'error', event };
    if (status === 'reused') return { text: `REUSED ${name}`, status: 'REUSED', level: 'info', event };
    if (status === 'warn')
      return { text: `WARN ${failures} ${name}`, status: `WARN ${failures}`, level: 'warn', event };
    return { text: `PASS ${name}`, status: 'PASS', level: 'info', event };
  }
  if (status === 'reused') return { text: `REUSED ${what}`, status: 'REUSED', level: 'info', event };
  if (status === 'no-op') return { text: `NO-OP ${what}`, status: 'NO-OP', level: 'info', event };
  const [ok, failed] = okVerbs[node.resource_type] ?? ['OK', 'ERROR'];
  if (status === 'error') return { text: `${failed} ${what}`, status: 'ERROR', level: 'error', event };
  if (status === 'partial success') {
    const built = result.batchResults?.successful.length ?? 0;
    const total = built + (result.batchResults?.failed.length ?? 0);
    return {
      text: `PARTIALLY created ${what}`,
      status: `PARTIAL SUCCESS (${built}/${total})`,
      level: 'error',
      event,
    };
  }
  return { text: `${ok} ${what}`, status: message ?? 'OK', level: 'info', event };
}

const plural = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;

const pluralWords: Readonly<Record<string, readonly [string, string]>> = {
  test: ['test', 'data tests'],
  unit_test: ['unit test', 'unit tests'],
  operation: ['operation', 'operations'],
  analysis: ['analysis', 'analyses'],
  saved_query: ['saved query', 'saved queries'],
};

/** `1 analysis, 2 models, 21 data tests`: how many of each kind, in the order of the counts given. */
export function countText(counts: Iterable<readonly [string, number]>): string {
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => {
      const words = pluralWords[kind];
      return words === undefined ? plural(count, kind.replaceAll('_', ' ')) : `${count} ${words[count === 1 ? 0 : 1]}`;
    })
    .join(', ');
}

/** `2 table models, 1 view model, 3 seeds`: what a run has finished. */
export function finishedText(results: readonly NodeResult[]): string {
  const counts = new Map<string, number>();
  for (const { node } of results) {
    const type = node.resource_type === 'operation' ? 'project hook' : node.resource_type;
    const kind = type === 'model' ? `${(node as ManifestNode).config.materialized} model` : type;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return countText([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** ` in 0 hours 1 minutes and 2.50 seconds`. */
export function elapsedText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds - hours * 3600) / 60);
  return ` in ${hours} hours ${minutes} minutes and ${(seconds - hours * 3600 - minutes * 60).toFixed(2)} seconds`;
}

/** Results by kind of ending, as the last line counts them. */
export function tally(
  results: readonly NodeResult[],
): Record<'pass' | 'warn' | 'error' | 'skip' | 'noop' | 'reused' | 'total', number> {
  const counts = { pass: 0, warn: 0, error: 0, skip: 0, noop: 0, reused: 0, total: results.length };
  for (const { status } of results) {
    if (status === 'pass' || status === 'success') counts.pass++;
    else if (status === 'warn') counts.warn++;
    else if (status === 'skipped') counts.skip++;
    else if (status === 'no-op') counts.noop++;
    else if (status === 'reused') counts.reused++;
    else counts.error++;
  }
  return counts;
}
