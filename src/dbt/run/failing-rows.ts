import { printTable } from '../adapter/print-table.ts';
import type { ResultTable } from '../adapter/table.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { jsonRows } from './json-rows.ts';
import type { NodeResult } from './results.ts';
import type { Connect, RunSession } from './session.ts';
import type { Outcome } from './timed.ts';

interface Found {
  readonly outcome: Outcome;
  readonly connection: Connect;
}

/**
 * The first rows that a test found, where `--show-failures` asks for them: from the relation they are stored in, or by
 * the test's query again. Undefined when there are none to show, or they cannot be read.
 */
export async function failingRows(
  { flags }: RunSession,
  node: ManifestNode,
  { outcome, connection }: Found,
): Promise<ResultTable | undefined> {
  if (flags.showFailures === 0 || (outcome.status !== 'fail' && outcome.status !== 'warn')) return undefined;
  const stored = node.config.store_failures === true && node.relation_name;
  const query = stored ? `FROM ${stored}` : `FROM (\n${(node.compiled_code ?? '').replace(/[\s;]+$/, '')}\n)`;
  try {
    const { table } = await (await connection()).execute(`SELECT * ${query} LIMIT ${flags.showFailures}`, {
      fetch: true,
    });
    return table;
  } catch {
    return undefined; // the test has its status; rows that cannot be shown do not change it
  }
}

/** Prints what `failingRows` found, a table a test. */
export function tellFailingRows({ log, text }: RunSession, results: readonly NodeResult[]): void {
  for (const { node, failures, failingRows: table } of results) {
    if (table === undefined || table.rows.length === 0) continue;
    const shown = table.rows.length;
    const title = text('dbt.failing-rows', { test: node.name, shown, count: Math.max(failures ?? 0, shown) });
    log.fire({
      name: 'TestFailureRows',
      level: 'info',
      msg: `\n${title}\n${printTable(table, { maxRows: null, maxColumns: null, maxWidth: 40 })}`,
      data: { unique_id: node.unique_id, node_name: node.name, failures, rows: jsonRows(table) },
    });
  }
}
