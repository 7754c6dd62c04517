import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** Small statements by pyarrow: how long one takes, at first and after thousands, and how many a second for 1, 4 and 8 clients. */
export const run = (): Promise<void> =>
  compare({
    database: liDatabase(),
    tests: [
      'latency',
      'latency1000',
      ...['select', 'insert'].flatMap((kind) => [1, 4, 8].map((clients) => `${kind}${clients}`)),
      'latency:latency after thousands of statements',
    ],
  });
