import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** 1 and 10 GB in one stream, out and in, with 1 GB for DuckDB: the highest resident size must not depend on the amount. */
export const run = (): Promise<void> =>
  compare({
    database: liDatabase(),
    tests: ['out1', 'out10', 'in1', 'in10'],
    env: { DUCKHOUSE_MEMORY_LIMIT: '1GB' },
    starts: 1,
    reps: 1,
    cold: true,
    alone: true,
  });
