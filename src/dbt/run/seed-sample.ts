import { printTable } from '../adapter/print-table.ts';
import type { ResultTable } from '../adapter/table.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { hasFailed, type NodeResult } from './results.ts';
import type { RunSession } from './session.ts';

const shown = 10;

/** Prints rows of each seed that was loaded, any of them, where `--show` asks for it. */
export function tellSamples({ log, flags }: RunSession, results: readonly NodeResult[]): void {
  if (flags.args.show !== true) return;
  const info = (name: string, msg: string, data = {}): void =>
    log.fire({ name, code: name === 'SeedHeader' ? 'Q004' : 'Z017', level: 'info', msg, data });
  for (const result of results) {
    if (result.table === undefined || hasFailed(result)) continue;
    const { schema, alias } = result.node as ManifestNode;
    const header = `Random sample of table: ${schema}.${alias}`;
    info('Formatting', '');
    info('SeedHeader', header, { header });
    info('Formatting', '-'.repeat(header.length));
    info('Formatting', `\n${printTable(mixed(result.table), { maxRows: shown, maxColumns: null })}`);
  }
}

const mixed = (table: ResultTable): ResultTable => ({
  ...table,
  rows: table.rows
    .map((row) => ({ row, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row),
});
