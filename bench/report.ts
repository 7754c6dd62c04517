import { printRecorded } from './compare.ts';

/** What was measured since bench/.work/results.jsonl was made, each start of the servers counted. */
export async function run(): Promise<void> {
  printRecorded();
}
