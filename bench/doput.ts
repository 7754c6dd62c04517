import { compare } from './compare.ts';
import { runPython } from './environment.ts';

/** DoPut of 2,000,000 rows into a table in a file, order kept and given up, beside DuckDB's own limit for it. */
export async function run(): Promise<void> {
  process.stdout.write("# DuckDB's own limit, in-process\n");
  process.stdout.write(runPython('load_limit.py', []));
  process.stdout.write('# order kept\n');
  await compare({ tests: ['doput', 'doput4'] });
  process.stdout.write('# duckhouse with preserve_insertion_order = false\n');
  await compare({
    tests: ['doput', 'doput4'],
    label: 'order given up',
    env: { DUCKHOUSE_PRESERVE_INSERTION_ORDER: 'false' },
  });
}
