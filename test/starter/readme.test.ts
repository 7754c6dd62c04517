import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { inTemporaryFolder, serve } from '../workspace.ts';
import { examplesOf, prepare } from './readme.ts';

test('both READMEs have the same examples', () => {
  assert.deepEqual(examplesOf('README.md'), examplesOf('README.fr.md'));
  assert.equal(examplesOf('README.md').shell.length, 4);
});

test('the examples of the README work as they stand', { skip: process.platform === 'win32' }, () =>
  inTemporaryFolder(async (cwd) => {
    const env = {
      PATH: prepare(cwd),
      HOME: cwd,
      DUCKHOUSE_LANG: 'en',
      DUCKHOUSE_FLIGHT_PORT: '0',
      DUCKHOUSE_HTTP_PORT: '0',
    };
    const run = async (script: string) => (await promisify(execFile)('sh', ['-e', '-c', script], { cwd, env })).stdout;
    const [first, , third, accounts] = examplesOf('README.md').shell as [string, string, string, string];
    assert.match(await run(first), /loaded 2 rows\n[\s\S]*\{"items":2,"total":3\.5\}\n$/);
    assert.match(await run(first), /loaded before \(2 rows\), nothing to do/);
    const server = await serve(path.join(cwd, 'shop'));
    const asked = spawnSync('sh', ['-e', '-c', accounts], { cwd, env, input: 'a long password\n', encoding: 'utf8' });
    await server.stop();
    assert.match(asked.stdout, /^dh_\w+_\S+\n\{"user_name":"owner"/, asked.stderr);
    assert.match(await run(third), /\| United Air Lines Inc\. \| \d+ \|\n\| JetBlue Airways \| \d+ \|\n/);
  }),
);
