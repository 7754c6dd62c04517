import type { StatementRecord } from './types.ts';

/** Statements that have ended, the last ones first. */
export interface StatementHistory {
  add(record: StatementRecord): void;
  list(): readonly StatementRecord[];
}

export function createHistory(limit: number): StatementHistory {
  let records: StatementRecord[] = [];
  return {
    add(record) {
      records.push(record);
      // Twice the limit, so that the cut is rare.
      if (records.length > 2 * limit) records = records.slice(-limit);
    },
    list: () => records.slice(-limit).reverse(),
  };
}
