import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** DoGet of the whole table `li`: one stream, four connections, 16 at once; then the same after bulk loads. */
export const run = (): Promise<void> =>
  compare({
    database: liDatabase(),
    tests: [
      'doget',
      'doget4',
      'first16',
      'doput4:doput4 (the load between)',
      'doget:doget after loads',
      'doget4:doget4 after loads',
    ],
  });
