// Runs one lane of the built tests: `run-tests.mjs unit|interop|slow [part of a file name …]`.
// Files are passed one by one: Node 20 takes no globs and Node 22 no folders.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const [lane = 'unit', ...wanted] = process.argv.slice(2);
const endings = {
  unit: /^(?!.*\.(interop|slow)\.test\.js$).*\.test\.js$/,
  interop: /\.interop\.test\.js$/,
  slow: /\.slow\.test\.js$/,
};
const pattern = endings[lane];
if (pattern === undefined) {
  process.stderr.write(`unknown lane "${lane}": ${Object.keys(endings).join(', ')}\n`);
  process.exit(2);
}

const files = fs
  .readdirSync('dist-test/test', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && pattern.test(entry.name))
  .map((entry) => path.join(entry.parentPath, entry.name))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  process.stderr.write(`no ${lane} test matches ${wanted.join(' ')}\n`);
  process.exit(1);
}
// Of a file, not of a test: real dbt takes a quarter of an hour for one of them on a slow machine.
const timeout = { unit: 300_000, interop: 1_800_000, slow: 3_600_000 }[lane];
const { status } = spawnSync(
  process.execPath,
  [
    '--test',
    '--enable-source-maps',
    '--test-reporter=spec',
    '--test-concurrency=2',
    `--test-timeout=${timeout}`,
    ...files,
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, TZ: 'UTC', NODE_NO_WARNINGS: '1' },
  },
);
process.exit(status ?? 1);
