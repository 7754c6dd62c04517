import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** Small statements by pyarrow: how long one takes, and how many a second for 1, 4 and 8 clients. */
export const run = (): Promise<void> =>
  compare({
    database: liDatabase(),
    tests: ['latency', 'latency1000', 'select1', 'select4', 'select8', 'insert1', 'insert4', 'insert8'],
  });
