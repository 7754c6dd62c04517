import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** Small statements: how long one takes, and how many a second for 1, 4 and 8 clients, by pyarrow and by ADBC. */
export const run = (): Promise<void> =>
  compare({
    database: liDatabase(),
    tests: [
      'latency',
      'latency1000',
      ...['select1', 'select4', 'select8', 'insert1', 'insert4', 'insert8'],
      ...['adbc_select1', 'adbc_select4', 'adbc_select8', 'adbc_insert1', 'adbc_insert4', 'adbc_insert8'],
    ],
  });
