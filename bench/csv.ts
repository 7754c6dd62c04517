import path from 'node:path';
import { compare } from './compare.ts';
import { kept, root, runPython } from './environment.ts';

/** A CSV of 333 MB and 5,000,000 rows to a table: read in the client and put, and read_csv inside the server. */
export async function run(): Promise<void> {
  process.env.BENCH_CSV = kept('load.csv', (file) => void runPython('mkcsv.py', [file]));
  process.env.BENCH_COMMAND = `${process.execPath} ${path.join(root, 'dist/bin/duckhouse.js')}`;
  await compare({ tests: ['csv:csv (our command, a Python program for the peer)', 'csv_put', 'csv_inside'], reps: 2 });
}
