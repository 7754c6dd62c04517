import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** Small statements by ADBC: how many a second for 1, 4 and 8 clients. */
export const run = (): Promise<void> =>
  compare({
    database: liDatabase(),
    tests: ['adbc_select1', 'adbc_select4', 'adbc_select8', 'adbc_insert1', 'adbc_insert4', 'adbc_insert8'],
  });
