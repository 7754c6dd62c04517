import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** 1 and 10 GB in one stream, out and in: the highest resident size must not depend on the amount. */
export const run = (): Promise<void> =>
  compare({ database: liDatabase(), tests: ['out1', 'out10', 'in1', 'in10'], starts: 1, reps: 1, alone: true });
